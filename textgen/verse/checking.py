"""The checker: what holds and what breaks in each line of a poem. It shares the tables with the decoder, but no code.

Chinese: the poem is judged by the template that it breaks least. Characters that the rhyme book lacks, and characters
that fit by only one of two readings, are remarks and not breaks. English: all pronunciations count; a line with a word
that the dictionary lacks cannot be scanned, which is a remark. This module knows nothing of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, Unpack

from textgen import arguments
from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.memory import words
from textgen.errors import UsageError
from textgen.system.keywords import answers_keywords, with_options
from textgen.system.wording import count
from textgen.tokens.characters import CLOSING, is_chinese, is_ideograph
from textgen.verse import faults, scansion
from textgen.verse.config import Rules, RulesOptions
from textgen.verse.mates import mates
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import meter
from textgen.verse.sounds.books import book_for_tones
from textgen.verse.sounds.readings import Readings

BreakKind: TypeAlias = Literal["lines", "length", "tone", "rhyme", "meter", "syllables", "letter"]

_SIGN = {"P": "平", "Z": "仄", "N": "中"}
# Rules of tone from the strictest on, and by which of them a poem is judged under each choice of `Rules.tones`.
_TONE_RULES = ("strict", "variants", "relaxed")
_JUDGED_BY = {"strict": "variants", "relaxed": "relaxed", "off": "relaxed"}


@dataclass(frozen=True)
class Break:
    """One thing in a poem that does not hold.

    Attributes:
        kind: "lines", "length", "tone", "rhyme", "meter", "syllables" or "letter".
        text: what is wrong, in a few words.
    """

    kind: BreakKind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass
class LineVerdict:
    """What the checker finds in a line.

    Attributes:
        text: the line.
        marks: how it sounds: one sign per character, or for each word its stresses, one digit per syllable.
        wanted: the tones, or the stresses, that the form asks for; empty where it asks for none.
        breaks: what does not hold.
        remarks: what else is worth knowing.
        rhymes: whether the form asks the line to rhyme.
        licences: of English meter, what the line allows itself, such as "initial trochee" (`textgen.verse.scansion`).
        faults: of English verse, what is not well, by name, and how often (`textgen.verse.faults.line_faults`).
    """

    text: str
    marks: str = ""
    wanted: str = ""
    breaks: list[Break] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    rhymes: bool = False
    licences: list[str] = field(default_factory=list)
    faults: dict[str, float] = field(default_factory=dict)


@dataclass(repr=False)
class Verdict:
    """What the checker finds in a poem.

    Attributes:
        form: the Form by which it is judged.
        lines: a LineVerdict for each line.
        template: the template that it breaks least; empty where the form has none.
        tones: the strictest rule that every line keeps: "strict", "variants" or "relaxed"; empty for none.
        fixed: share of the second, fourth and sixth positions with the template's tone; None without a template.
        rhyme: the name of the rhyme that the lines share; of English verse the words of each rhyme; empty for none.
        breaks: what does not hold of the poem as a whole.
    """

    form: Form
    lines: list[LineVerdict]
    template: str = ""
    tones: str = ""
    fixed: float | None = None
    rhyme: str = ""
    breaks: list[Break] = field(default_factory=list)

    def __repr__(self) -> str:
        breaks = len(self.breaks) + sum(len(line.breaks) for line in self.lines)
        return f"<Verdict, {self.form.name}: {count(breaks, 'break') if breaks else 'holds'}>"

    @property
    def holds(self) -> bool:
        """Whether nothing breaks."""
        return not self.breaks and not any(line.breaks for line in self.lines)

    def count(self, kind: BreakKind) -> int:
        """The number of lines with a break of a kind."""
        return sum(has_break(line.breaks, kind) for line in self.lines)


class ToneVerdict(NamedTuple):
    """How the tones of a poem compare with a template.

    Attributes:
        template: the template that the poem breaks least.
        kept: the strictest rule that every line keeps; empty for none.
        fixed: share of the second, fourth and sixth positions with the tone of the template that fits them best.
        patterns: each line's pattern.
        misses: for each line the positions whose tone is certainly wrong.
    """

    template: str
    kept: str
    fixed: float
    patterns: list[str]
    misses: list[list[int]]


def has_break(breaks: Sequence[Break], *kinds: BreakKind) -> bool:
    """Whether a break of some kinds is among breaks."""
    return any(one.kind in kinds for one in breaks)


@answers_keywords
def check(lines: Sequence[str], form: str | None = None, **options: Unpack[RulesOptions]) -> Verdict:
    """Judge a poem.

    Args:
        lines: with or without their punctuation.
        form: the name of a form; None for the one whose shape fits, of several English ones that whose rhymes the
            poem breaks least.
        options: fields of `textgen.verse.config.Rules`: tones is "strict" (which admits the variants that poets
            allowed themselves), "relaxed" or "off"; rhyme_book is "pingshui", "modern" or "off"; acrostic and
            acrostic_at say with which characters lines must begin; meter_rule is "strict", "substitutions" or
            "loose"; rhyme_kind is "perfect" or "near"; identical_rhymes lets a word rhyme with itself.

    Raises:
        UsageError: an option out of its range, an unknown form, or no form that fits.
    """
    rules = with_options(Rules, None, options)
    wanted = "the lines of a poem"
    lines = [arguments.text("lines", line).strip() for line in arguments.items("lines", lines, wanted)]
    judged_as = _guess(lines, rules) if form is None else form_of(arguments.text("form", form))
    judge = _chinese if judged_as.length else _english if judged_as.meters else _plain
    verdict = judge(lines, judged_as, rules)
    if judged_as.lines and len(lines) != judged_as.lines:
        verdict.breaks.append(Break("lines", f"{len(lines)}, not {judged_as.lines}"))
    _judge_acrostic(verdict, lines, rules)
    return verdict


def _judge_acrostic(verdict: Verdict, lines: list[str], rules: Rules) -> None:
    step = 2 if rules.acrostic_at == "couplet" else 1
    for place, head in enumerate(rules.acrostic):
        number = step * place
        if number >= len(lines):
            verdict.breaks.append(Break("letter", f"no line for {head}"))
        elif not lines[number].lower().startswith(head.lower()):
            verdict.lines[number].breaks.append(Break("letter", f"{lines[number][:1]}, not {head}"))


def _guess(lines: list[str], rules: Rules) -> Form:
    texts = [line.strip(CLOSING) for line in lines]
    own = "chinese" if is_chinese("".join(lines)) else "english"
    fitting = [form for form in FORMS.values() if form.lines and form.language == own and form.fits(texts)]
    if not fitting:
        choices = ", ".join(name for name, form in FORMS.items() if form.language in ("", own))
        raise UsageError(
            f"`form`: no form of {own.title()} verse fits {count(len(lines), 'line')} of this length; choose one of "
            f"{choices}"
        )
    if own == "chinese" or len(fitting) == 1:
        return fitting[0]
    # Stanzas of four lines: the rhyme scheme names them.
    verdicts = [_english(lines, form, rules) for form in fitting]
    return min(verdicts, key=lambda one: (one.count("rhyme"), sum(len(line.breaks) for line in one.lines))).form


def _plain(lines: list[str], form: Form, rules: Rules) -> Verdict:
    return Verdict(form, [LineVerdict(line) for line in lines])


def _chinese(lines: list[str], form: Form, rules: Rules) -> Verdict:
    book = book_for_tones(rules.rhyme_book)
    texts = ["".join(filter(is_ideograph, line)) for line in lines]
    readings = [[book.readings(character) for character in text] for text in texts]
    verdict = Verdict(form, [LineVerdict(line) for line in lines])
    for line, text, own in zip(verdict.lines, texts, readings, strict=True):
        line.marks = "".join(one.mark for one in own)
        if len(text) != form.length:
            line.breaks.append(Break("length", f"{len(text)} characters, not {form.length}"))
        if twice := [one for one in dict.fromkeys(text) if text.count(one) > 1]:
            line.remarks.append(f"{''.join(twice)} twice")
        if unknown := [one for one, mark in zip(text, line.marks, strict=True) if mark == "？"]:
            line.remarks.append(f"{''.join(unknown)} not in the rhyme book")
    if [len(own) for own in readings] == form.lines * [form.length]:
        _apply_tones(verdict, texts, _judge_tones(readings, form, rules.tones), rules.tones)
    if rules.rhyme_book != "off":
        _judge_rhyme(verdict, texts, readings, rules.tones)
    return verdict


def _misses(readings: list[Readings], pattern: str) -> list[int]:
    """The positions whose tone is certainly not the pattern's."""
    return [
        place
        for place, (reading, sign) in enumerate(zip(readings, pattern, strict=True))
        if (sign == "P" and reading.oblique and not reading.level)
        or (sign == "Z" and reading.level and not reading.oblique)
    ]


def _judge_tones(readings: list[list[Readings]], form: Form, tones: str) -> ToneVerdict:
    """Compare the tones of a poem of the right shape with each template under each rule."""
    first_rhymes = bool(frozenset.intersection(*(own[-1].groups for own in [readings[0], *readings[1::2]])))

    def breaks(template: str, rule: str) -> tuple[int, int, bool]:
        misses = [
            len(_misses(own, _closest(own, form, kind, rule))) for own, kind in zip(readings, template, strict=True)
        ]
        # Characters with two readings may fit several templates; the one whose rhyme also fits is preferred.
        return sum(map(bool, misses)), sum(misses), template[0].isupper() and not first_rhymes

    # The template that the poem breaks least, by each rule; the first of several.
    best = {rule: min(form.templates, key=lambda template: breaks(template, rule)) for rule in _TONE_RULES}
    broken = {rule: breaks(template, rule) for rule, template in best.items()}
    kept = min(
        (rule for rule in _TONE_RULES if broken[rule][:2] == (0, 0)), key=lambda rule: broken[rule][2], default=""
    )
    rule = _JUDGED_BY[tones]
    if kept and _TONE_RULES.index(kept) <= _TONE_RULES.index(rule):
        rule = kept
    patterns = [_closest(own, form, kind, rule) for own, kind in zip(readings, best[rule], strict=True)]
    return ToneVerdict(
        best[rule],
        kept,
        max(_fixed(readings, form, template) for template in form.templates),
        patterns,
        [_misses(own, pattern) for own, pattern in zip(readings, patterns, strict=True)],
    )


def _closest(readings: list[Readings], form: Form, kind: str, rule: str) -> str:
    """The pattern of a line type that a line breaks least."""
    return min(form.patterns(kind, rule), key=lambda pattern: len(_misses(readings, pattern)))


def _apply_tones(verdict: Verdict, texts: list[str], found: ToneVerdict, tones: str) -> None:
    """Note in a verdict what `_judge_tones` found."""
    verdict.template, verdict.tones, verdict.fixed = found.template, found.kept, found.fixed
    for line, text, pattern, misses in zip(verdict.lines, texts, found.patterns, found.misses, strict=True):
        line.wanted = "".join(_SIGN[sign] for sign in pattern)
        if tones != "off":
            line.breaks += [
                Break("tone", f"{line.marks[place]} at {place + 1}, not {line.wanted[place]}") for place in misses
            ]
        either = [place for place, sign in enumerate(pattern) if sign != "N" and line.marks[place] == "中"]
        if either:
            line.remarks.append("by one of two readings: " + "".join(text[place] for place in either))


def _fixed(readings: list[list[Readings]], form: Form, template: str) -> float:
    """Share of the even positions that have a template's tone."""
    right = total = 0
    for own, kind in zip(readings, template, strict=True):
        pattern = form.patterns(kind, "strict")[0]
        places = range(1, form.length - 1, 2)
        missed = set(_misses(own, pattern))
        total += len(places)
        right += sum(place not in missed for place in places)
    return right / total


def _judge_rhyme(verdict: Verdict, texts: list[str], readings: list[list[Readings]], tones: str) -> None:
    ends = {line: text[-1] for line, text in enumerate(texts) if text}
    asked = [line for line in range(1, len(texts), 2) if line in ends]
    if not asked:
        return
    shared = frozenset.intersection(*(readings[line][-1].groups for line in asked))
    oblique = frozenset.intersection(*(readings[line][-1].other_groups for line in asked))
    # The first line must rhyme where its template says so; without a template it may.
    if verdict.template[:1].isupper() and 0 in ends:
        if shared & readings[0][-1].groups:
            shared &= readings[0][-1].groups
            asked.insert(0, 0)
        elif shared and tones != "off":
            verdict.lines[0].breaks.append(Break("rhyme", f"{ends[0]} is not in {_listed(shared)}"))
    elif 0 in ends and shared & readings[0][-1].groups:
        verdict.lines[0].remarks.append("rhymes too")
    for line in asked:
        verdict.lines[line].rhymes = True
    if shared:
        verdict.rhyme = _listed(shared)
    elif oblique:
        verdict.rhyme = _listed(oblique)
        verdict.breaks.append(Break("rhyme", f"oblique, {verdict.rhyme}; the form rhymes level"))
    else:
        _judge_mixed_rhyme(verdict, ends, {line: readings[line][-1] for line in asked})
    seen: dict[str, int] = {}
    for line in asked:
        if ends[line] in seen:
            verdict.lines[line].breaks.append(Break("rhyme", f"{ends[line]} has rhymed in line {seen[ends[line]] + 1}"))
        seen.setdefault(ends[line], line)


def _judge_mixed_rhyme(verdict: Verdict, ends: dict[int, str], readings: dict[int, Readings]) -> None:
    """Note the lines that do not rhyme, where no rhyme is shared by all lines that should."""
    commonest = max(
        (group for own in readings.values() for group in sorted(own.groups)),
        key=lambda group: sum(group in own.groups for own in readings.values()),
        default=None,
    )
    for line, own in readings.items():
        if commonest not in own.groups:
            names = _listed(own.groups) or ("oblique" if own.oblique else "not in the rhyme book")
            verdict.lines[line].breaks.append(Break("rhyme", f"{ends[line]} is {names}, not {commonest or 'level'}"))


def _listed(groups: frozenset[str]) -> str:
    return "、".join(sorted(groups))


def _english(lines: list[str], form: Form, rules: Rules) -> Verdict:
    verdict = Verdict(form, [LineVerdict(line) for line in lines])
    spelled = [words(line) for line in lines]
    for number, (line, own) in enumerate(zip(verdict.lines, spelled, strict=True)):
        line.marks = " ".join(_stress(word) for word in own)
        if number < len(form.meters):
            _judge_meter(line, own, form.meters[number], rules.meter_rule)
    ends: dict[str, dict[int, str]] = {}
    for number, letter in enumerate(form.rhyme[: len(lines)]):
        if letter != "-" and spelled[number]:
            ends.setdefault(letter, {})[number] = spelled[number][-1]
    for own_ends in ends.values():
        for mate in mates(own_ends, rules.rhyme_kind, rules.identical_rhymes):
            line = verdict.lines[mate.line]
            line.rhymes = True
            line.breaks += [Break("rhyme", mate.fault)] if mate.fault else []
            line.remarks += [mate.remark] if mate.remark else []
    verdict.rhyme = "; ".join(f"{letter}: {', '.join(own_ends.values())}" for letter, own_ends in ends.items())
    return verdict


def _judge_meter(line: LineVerdict, own: list[str], patterns: Sequence[str], rule: str) -> None:
    line.wanted = patterns[0]
    found = faults.examine(line.text, patterns, rule)
    line.faults = found.faults
    line.remarks += found.remarks
    counts, lengths = meter.syllables(own), scansion.lengths(patterns, rule)
    if counts is None:
        unknown = [word for word in own if not cmu.spoken(word)]
        line.remarks.append(f"cannot be scanned: {', '.join(unknown)} not in the dictionary")
    elif found.reading:
        line.wanted, line.licences = found.reading.pattern, list(found.reading.licences)
    elif not counts & lengths:
        numbers, wanted = (" or ".join(map(str, sorted(each))) for each in (counts, lengths))
        line.breaks.append(Break("syllables", f"{numbers}, not {wanted}"))
    elif faults.NO_METER in line.faults:
        line.breaks.append(Break("meter", f"cannot be read {line.wanted}"))


def _stress(word: str) -> str:
    spoken = cmu.spoken(word)
    return spoken[0].stress if spoken else "?"
