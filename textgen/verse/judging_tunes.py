"""The checker's judges of tunes (詞), old verse (古體) and couplets (對聯). Knows nothing of models."""

from collections.abc import Mapping, Sequence

from textgen.corpus.forms import Form
from textgen.corpus.forms.layout import ANY, LEVEL, VerseLine
from textgen.tokens.characters import ENDING, is_ideograph
from textgen.verse.config import Rules
from textgen.verse.judging_regulated import SIGN, listed, misses_of, sounded
from textgen.verse.sounds import cilin, pingshui
from textgen.verse.sounds.readings import Readings
from textgen.verse.verdicts import Break, LineVerdict, Verdict


def could_be(form: Form, lines: Sequence[str]) -> bool:
    """Whether lines have the characters of a tune, and end where its sentences end: marks within them may differ."""
    if not form.tune or form.least:
        return form.fits(["".join(filter(is_ideograph, line)) for line in lines])
    ends = _ends([sum(map(is_ideograph, line)) for line in lines])
    own = _ends([line.length for line in form.tune])
    sentences = {end for end, line in zip(own, form.tune, strict=True) if line.mark in ENDING}
    return own[-1:] == ends[-1:] and sentences <= set(ends)


def _ends(lengths: Sequence[int]) -> list[int]:
    return [sum(lengths[: number + 1]) for number in range(len(lengths))]


def judge_tune(lines: list[str], form: Form, rules: Rules) -> Verdict:
    """Judge a poem by a tune, or as old verse of as many lines."""
    lines = _divided(lines, form)
    texts, readings, verdict = sounded(lines, form, rules)
    wanted = form.layouts("strict")[0].lines
    kept = []
    by_rule = {rule: form.layouts(rule)[0].lines for rule in ("strict", "variants", "relaxed")}
    for number, (text, own, line) in enumerate(zip(texts, readings, wanted, strict=False)):
        judged = verdict.lines[number]
        if len(text) != line.length:
            judged.breaks.append(Break("length", f"{len(text)} characters, not {line.length}"))
            kept.append("")
            continue
        allowed = {rule: lines[number].patterns for rule, lines in by_rule.items()}
        kept.append(_judge_tones(judged, text, own, allowed, rules.tones))
        _judge_repeats(judged, text, texts, line)
    order = ["strict", "variants", "relaxed", ""]
    verdict.tones = max(kept, key=order.index, default="") if len(kept) == len(wanted) else ""
    if rules.rhyme_book != "off":
        _judge_rhymes(verdict, texts, readings, wanted, rules)
    return verdict


def _divided(lines: list[str], form: Form) -> list[str]:
    """The lines divided as the tune is, where they have its characters: marks within a sentence may differ."""
    lengths = [line.length for line in form.tune]
    found = [sum(map(is_ideograph, line)) for line in lines]
    if found == lengths or not could_be(form, lines):
        return lines
    divided, text = [], "".join(lines)
    for length in lengths:
        at = left = 0
        while at < len(text) and (left < length or not is_ideograph(text[at])):
            left += is_ideograph(text[at])
            at += 1
        divided.append(text[:at])
        text = text[at:]
    return divided


def _judge_tones(
    judged: LineVerdict, text: str, own: list[Readings], allowed: Mapping[str, Sequence[str]], tones: str
) -> str:
    """Judge the tones of a line, whose patterns are given by rule: the strictest rule that it keeps."""
    patterns = {rule: min(each, key=lambda one: len(misses_of(own, one))) for rule, each in allowed.items()}
    misses = {rule: misses_of(own, pattern) for rule, pattern in patterns.items()}
    kept = next((rule for rule, missed in misses.items() if not missed), "")
    judged.wanted = "".join(SIGN[sign] for sign in patterns["strict"])
    if tones == "off":
        return kept
    if tones == "strict" and kept in ("strict", "variants"):
        judged.licences += [
            f"{judged.marks[place]} at {place + 1} for {judged.wanted[place]}" for place in misses["strict"]
        ]
        judged.remarks += [f"licence: {one}" for one in judged.licences]
    else:
        rule = "variants" if tones == "strict" else "relaxed"
        judged.breaks += [
            Break("tone", f"{judged.marks[place]} at {place + 1}, not {SIGN[patterns[rule][place]]}")
            for place in misses[rule]
        ]
    either = [place for place, sign in enumerate(patterns["strict"]) if sign != "N" and judged.marks[place] == "中"]
    if either:
        judged.remarks.append("by one of two readings: " + "".join(text[place] for place in either))
    return kept


def _judge_repeats(judged: LineVerdict, text: str, texts: list[str], line: VerseLine) -> None:
    """Judge a line that repeats characters of earlier ones."""
    for place, (other, slot) in enumerate(line.echoes):
        wanted = texts[other][slot : slot + 1]
        if text[place] != wanted:
            judged.breaks.append(Break("repeat", f"{text[place]} at {place + 1}, not {wanted} as in line {other + 1}"))


def _judge_rhymes(
    verdict: Verdict, texts: list[str], readings: list[list[Readings]], wanted: Sequence[VerseLine], rules: Rules
) -> None:
    names = []
    for letter in dict.fromkeys(line.rhyme for line in wanted if line.rhyme):
        asked = [number for number, line in enumerate(wanted) if line.rhyme == letter and texts[number : number + 1]]
        asked = [number for number in asked if texts[number]]
        if not asked:
            continue
        groups = {number: _groups(readings[number][-1], wanted[number].tone) for number in asked}
        if shared := frozenset.intersection(*groups.values()):
            names.append(listed(shared))
        elif (near := _near(asked, texts)) and wanted[asked[0]].tone == ANY and rules.rhyme_book == pingshui.NAME:
            names.append(f"{near}, of neighbouring groups")
        else:
            names.append(_judge_mixed(verdict, texts, groups, rules))
        for number in asked:
            verdict.lines[number].rhymes, verdict.lines[number].rhyme = True, names[-1]
        _remark_rhymes(verdict, texts, asked, wanted)
    verdict.rhyme = "; ".join(filter(None, names))


def _groups(own: Readings, tone: str) -> frozenset[str]:
    """The groups in which a character rhymes in a tone."""
    if tone == ANY:
        # The modern book calls the level and the oblique group alike; they do not rhyme in one tone.
        return own.groups | {name if name[0] in "上去入" else f"仄{name}" for name in own.other_groups}
    return own.groups if tone == LEVEL else own.other_groups


def _near(asked: list[int], texts: list[str]) -> str:
    """The part of the tunes' rhymes in which lines rhyme in one tone; old verse rhymes so too. Empty for none."""
    own = [cilin.readings(texts[number][-1]) for number in asked]
    level = frozenset.intersection(*(one.groups for one in own))
    oblique = frozenset.intersection(*(one.other_groups for one in own))
    return listed(level or oblique)


def _judge_mixed(verdict: Verdict, texts: list[str], groups: dict[int, frozenset[str]], rules: Rules) -> str:
    """Note the lines that do not rhyme with most of the others, and return the rhyme of these; empty for a break."""
    names = [name for own in groups.values() for name in sorted(own)]
    commonest = max(dict.fromkeys(names), key=names.count, default="")
    near = next((parts for parts in cilin.NEAR if commonest in parts), frozenset[str]())
    holds = True
    for number, own in groups.items():
        line, end = verdict.lines[number], texts[number][-1]
        if commonest in own:
            continue
        if near & own and rules.tones != "off":
            line.licences.append(f"{end} is {listed(near & own)}, near {commonest}")
            line.remarks.append(f"licence: {line.licences[-1]}")
            continue
        holds = False
        found = listed(own) or "of another tone"
        line.breaks.append(Break("rhyme", f"{end} is {found}, not {commonest or 'in the rhyme book'}"))
    return commonest if holds else ""


def _remark_rhymes(verdict: Verdict, texts: list[str], asked: list[int], wanted: Sequence[VerseLine]) -> None:
    seen: dict[str, int] = {}
    for number in asked:
        end = texts[number][-1]
        if end in seen and not wanted[number].echoes:
            verdict.lines[number].remarks.append(f"{end} has rhymed in line {seen[end] + 1}")
        seen.setdefault(end, number)


def judge_couplet(lines: list[str], form: Form, rules: Rules) -> Verdict:
    """Judge a couplet: equal lengths, opposite tones at the even places and at the end, no character twice."""
    texts, readings, verdict = sounded(lines, form, rules)
    if len(texts) != 2:
        return verdict
    (upper, lower), second = texts, verdict.lines[1]
    if len(lower) != len(upper):
        second.breaks.append(Break("length", f"{len(lower)} characters, not {len(upper)}"))
    second.breaks += [
        Break("repeat", f"{one} stands in line {1 if one in upper else 2} too")
        for place, one in enumerate(lower)
        if one in upper or one in lower[:place]
    ]
    if rules.tones == "off" or len(lower) != len(upper) or not upper:
        return verdict
    if readings[0][-1].level and not readings[0][-1].oblique:
        verdict.lines[0].remarks.append("ends level; a first line usually ends oblique")
    last = len(upper) - 1
    for place, (one, other) in enumerate(zip(readings[0], readings[1], strict=True)):
        alike = (one.level, one.oblique) == (other.level, other.oblique) and one.level != one.oblique
        ends_wrong = place == last and one.oblique and other.oblique and not other.level
        if (place % 2 or place == last) and (alike or ends_wrong):
            opposite = "平" if other.oblique else "仄"
            second.breaks.append(Break("tone", f"{other.mark} at {place + 1}, not {opposite}"))
    verdict.tones = "" if second.breaks else "strict"
    return verdict
