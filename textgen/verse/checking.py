"""The checker: what holds and what breaks in each line of a poem. It shares the tables with the decoder, but no code.

Chinese: the poem is judged by the template that it breaks least. Characters that the rhyme book lacks, and characters
that fit by only one of two readings, are remarks and not breaks. English: all pronunciations count; a line with a word
that the dictionary lacks cannot be scanned, which is a remark. This module knows nothing of models.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple, Unpack

from textgen import arguments
from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.memory import words
from textgen.errors import UsageError
from textgen.system.keywords import answers_keywords, with_options
from textgen.system.wording import count
from textgen.tokens.characters import CLOSING, is_chinese, is_ideograph
from textgen.verse import faults, scansion
from textgen.verse.config import Rules, RulesOptions
from textgen.verse.guessing import evidence
from textgen.verse.mates import mates
from textgen.verse.repetition import judge_repetition, radif_of, rhyme_word
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import meter
from textgen.verse.sounds.books import book_for_tones
from textgen.verse.sounds.readings import Readings
from textgen.verse.verdict import Break, LineVerdict, Verdict, has_break

_SIGN = {"P": "平", "Z": "仄", "N": "中"}
# Rules of tone from the strictest on, and by which of them a poem is judged under each choice of `Rules.tones`.
_TONE_RULES = ("strict", "variants", "relaxed")
_JUDGED_BY = {"strict": "variants", "relaxed": "relaxed", "off": "relaxed"}


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


@answers_keywords
def check(lines: Sequence[str], form: str | None = None, **options: Unpack[RulesOptions]) -> Verdict:
    """Judge a poem.

    Args:
        lines: with or without their punctuation. Empty ones between them are breaks between stanzas; a poem without
            them is judged alike.
        form: the name of a form; None for the one whose shape fits, of several English ones that which the poem's
            rhymes, meter and repeated lines speak for most.
        options: fields of `textgen.verse.config.Rules`: tones is "strict" (which admits the variants that poets
            allowed themselves), "relaxed" or "off"; rhyme_book is "pingshui", "modern" or "off"; acrostic and
            acrostic_at say with which characters lines must begin; meter_rule is "strict", "substitutions" or
            "loose"; rhyme_kind is "perfect" or "near"; identical_rhymes lets a word rhyme with itself.

    Raises:
        UsageError: an option out of its range, an unknown form, or no form that fits.
    """
    rules = with_options(Rules, None, options)
    wanted = "the lines of a poem"
    rows = [arguments.text("lines", line).strip() for line in arguments.items("lines", lines, wanted)]
    lines = list(filter(None, rows))
    judged_as = _guess(lines, rules) if form is None else form_of(arguments.text("form", form))
    judge = _chinese if judged_as.length else _english if judged_as.meters else _plain
    verdict = judge(lines, judged_as, rules)
    if judged_as.lines and len(lines) != judged_as.lines:
        verdict.breaks.append(Break("lines", f"{len(lines)}, not {judged_as.lines}"))
    _judge_stanzas(verdict, rows)
    _judge_acrostic(verdict, lines, rules)
    return verdict


def _judge_stanzas(verdict: Verdict, rows: list[str]) -> None:
    """Note breaks between stanzas in other places than the form's. A form of one stanza may be printed with breaks."""
    runs = itertools.groupby(rows, bool)
    found = tuple(len(list(run)) for is_text, run in runs if is_text)
    wanted = verdict.form.stanzas
    if len(wanted) > 1 and len(found) > 1 and found != wanted and sum(found) == sum(wanted):
        sizes, asked = (", ".join(map(str, one)) for one in (found, wanted))
        verdict.breaks.append(Break("stanzas", f"of {sizes} lines, not {asked}"))


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
    return max((_english(lines, form, rules) for form in fitting), key=evidence).form


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
    radif = radif_of(spelled, form)
    ends: dict[str, dict[int, str]] = {}
    for number, letter in enumerate(form.rhyme[: len(lines)]):
        # A line that repeats another needs no rhyme of its own, nor does a letter of one line.
        if form.rhyme.count(letter) > 1 and letter != "-" and form.repeats(number) < 0 and spelled[number]:
            own_radif = radif if form.has_radif(number) else ()
            ends.setdefault(letter, {})[number] = rhyme_word(spelled[number], own_radif)
    for own_ends in ends.values():
        for mate in mates(own_ends, rules.rhyme_kind, rules.identical_rhymes):
            line = verdict.lines[mate.line]
            line.rhymes = True
            line.breaks += [Break("rhyme", mate.fault)] if mate.fault else []
            line.remarks += [mate.remark] if mate.remark else []
        _judge_syllables_of_rhyme(verdict, own_ends)
    judge_repetition(verdict.lines, spelled, form)
    verdict.rhyme = "; ".join(f"{letter}: {', '.join(own_ends.values())}" for letter, own_ends in ends.items())
    return verdict


def _judge_syllables_of_rhyme(verdict: Verdict, ends: dict[int, str]) -> None:
    """Note rhymes of one syllable and of two in the other's place, in a form that has both."""
    form = verdict.form
    if not any(map(form.is_feminine, range(form.lines))):
        return
    for number, word in ends.items():
        sizes = {cmu.syllables(rhyme) for rhyme in cmu.rhymes(word)}
        wanted = 2 if form.is_feminine(number) else 1
        if sizes and wanted not in sizes and not has_break(verdict.lines[number].breaks, "rhyme"):
            asked = "two syllables" if wanted == 2 else "one syllable"
            verdict.lines[number].breaks.append(Break("rhyme", f"{word} does not rhyme in {asked}"))


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
