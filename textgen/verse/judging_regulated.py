"""The checker's judge of regulated verse: templates, tones and the one level rhyme. Knows nothing of models."""

from typing import NamedTuple

from textgen.corpus.forms import Form
from textgen.tokens.characters import is_ideograph
from textgen.verse.config import Rules
from textgen.verse.sounds.books import book_for_tones
from textgen.verse.sounds.readings import Readings
from textgen.verse.verdicts import Break, LineVerdict, Verdict

SIGN = {"P": "平", "Z": "仄", "N": "中"}
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


def judge_regulated(lines: list[str], form: Form, rules: Rules) -> Verdict:
    texts, readings, verdict = sounded(lines, form, rules)
    for line, text in zip(verdict.lines, texts, strict=True):
        if len(text) != form.length:
            line.breaks.insert(0, Break("length", f"{len(text)} characters, not {form.length}"))
    if [len(own) for own in readings] == form.lines * [form.length]:
        _apply_tones(verdict, texts, _judge_tones(readings, form, rules.tones), rules.tones)
    if rules.rhyme_book != "off":
        _judge_rhyme(verdict, texts, readings, rules.tones)
    return verdict


def sounded(lines: list[str], form: Form, rules: Rules) -> tuple[list[str], list[list[Readings]], Verdict]:
    """The characters of each line, their readings, and a verdict that tells how they sound."""
    book = book_for_tones(rules.rhyme_book, form.wide)
    texts = ["".join(filter(is_ideograph, line)) for line in lines]
    readings = [[book.readings(character) for character in text] for text in texts]
    verdict = Verdict(form, [LineVerdict(line) for line in lines])
    for line, text, own in zip(verdict.lines, texts, readings, strict=True):
        line.marks = "".join(one.mark for one in own)
        if twice := [one for one in dict.fromkeys(text) if text.count(one) > 1]:
            line.remarks.append(f"{''.join(twice)} twice")
        if unknown := [one for one, mark in zip(text, line.marks, strict=True) if mark == "？"]:
            line.remarks.append(f"{''.join(unknown)} not in the rhyme book")
    return texts, readings, verdict


def misses_of(readings: list[Readings], pattern: str) -> list[int]:
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
            len(misses_of(own, _closest(own, form, kind, rule))) for own, kind in zip(readings, template, strict=True)
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
        [misses_of(own, pattern) for own, pattern in zip(readings, patterns, strict=True)],
    )


def _closest(readings: list[Readings], form: Form, kind: str, rule: str) -> str:
    """The pattern of a line type that a line breaks least."""
    return min(form.patterns(kind, rule), key=lambda pattern: len(misses_of(readings, pattern)))


def _apply_tones(verdict: Verdict, texts: list[str], found: ToneVerdict, tones: str) -> None:
    """Note in a verdict what `_judge_tones` found."""
    verdict.template, verdict.tones, verdict.fixed = found.template, found.kept, found.fixed
    for line, text, pattern, misses in zip(verdict.lines, texts, found.patterns, found.misses, strict=True):
        line.wanted = "".join(SIGN[sign] for sign in pattern)
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
        missed = set(misses_of(own, pattern))
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
            verdict.lines[0].breaks.append(Break("rhyme", f"{ends[0]} is not in {listed(shared)}"))
    elif 0 in ends and shared & readings[0][-1].groups:
        verdict.lines[0].remarks.append("rhymes too")
    for line in asked:
        verdict.lines[line].rhymes = True
    if shared:
        verdict.rhyme = listed(shared)
    elif oblique:
        verdict.rhyme = listed(oblique)
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
            names = listed(own.groups) or ("oblique" if own.oblique else "not in the rhyme book")
            verdict.lines[line].breaks.append(Break("rhyme", f"{ends[line]} is {names}, not {commonest or 'level'}"))


def listed(groups: frozenset[str]) -> str:
    return "、".join(sorted(groups))
