"""The checker: what holds and what breaks in each line of a poem. It shares the tables with the decoder, but no code.

Chinese: the poem is judged by the template that it breaks least. Characters that the rhyme book lacks, and characters
that fit by only one of two readings, are remarks and not breaks. English: all pronunciations count; a line with a word
that the dictionary lacks cannot be scanned, which is a remark. This module knows nothing of models.
"""

import itertools
from collections.abc import Sequence
from typing import Unpack

from textgen import arguments
from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.memory import words
from textgen.errors import UsageError
from textgen.system.keywords import answers_keywords, with_options
from textgen.system.wording import count
from textgen.tokens.characters import is_chinese, is_ideograph
from textgen.verse import faults, scansion
from textgen.verse.config import Rules, RulesOptions
from textgen.verse.guessing import evidence
from textgen.verse.judging_regulated import judge_regulated
from textgen.verse.judging_tunes import could_be, judge_couplet, judge_tune
from textgen.verse.mates import mates
from textgen.verse.repetition import judge_repetition, radif_of, rhyme_word
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import meter
from textgen.verse.verdicts import Break, LineVerdict, Verdict, has_break

# A poem of so many lines is old verse, and not regulated, where fewer of the fixed places have a template's tone. Four
# lines with free tones are a quatrain all the same (古絕). Of a tune, more than a share of the lines break tones.
MIN_OLD, MIN_FIXED, MAX_WRONG = 8, 0.85, 0.25
# Of a form that is open in length: the fewest lines that tell it, and what must speak for it in each of them.
MIN_OPEN, MIN_EVIDENCE = 4, 0.25

# Marks that may stand before the first letter of a line.
_OPENING = "\"'\u201c\u2018([\u2014- "


@answers_keywords
def check(lines: Sequence[str], form: str | Form | None = None, **options: Unpack[RulesOptions]) -> Verdict:
    """Judge a poem.

    Args:
        lines: with or without their punctuation. Empty ones between them are breaks between stanzas; a poem without
            them is judged alike.
        form: the name of a form, a path to a TOML file with one, or a Form; None for the one whose shape fits: of
            several Chinese ones the one whose rhymes the poem breaks least, of several English ones the one that the
            poem's rhymes, meter and repeated lines speak for most.
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
    if form is None:
        judged_as, verdict = _guess(lines, rules)
    else:
        judged_as = form if isinstance(form, Form) else form_of(arguments.text("form", form))
        verdict = _judge(lines, judged_as, rules)
    lines = [line.text for line in verdict.lines]
    if not judged_as.allows(len(lines)):
        verdict.breaks.append(Break("lines", f"{len(lines)}, not {judged_as.sizes}"))
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
    for place, head in enumerate("".join(rules.acrostic.split())):
        number = step * place
        if number >= len(lines):
            verdict.breaks.append(Break("letter", f"no line for {head}"))
        elif not (line := lines[number].lstrip(_OPENING)).lower().startswith(head.lower()):
            verdict.lines[number].breaks.append(Break("letter", f"{line[:1]}, not {head}"))


def _judge(lines: list[str], form: Form, rules: Rules) -> Verdict:
    if form.is_couplet:
        return judge_couplet(lines, form, rules)
    form = form.sized(len(lines)) if form.allows(len(lines)) else form
    if form.tune:
        return judge_tune(lines, form, rules)
    if form.templates:
        return judge_regulated(lines, form, rules)
    return (_english if form.meters else _plain)(lines, form, rules)


def _guess(lines: list[str], rules: Rules) -> tuple[Form, Verdict]:
    """The form that fits a poem best, and the poem's verdict by it."""
    if not lines:
        raise UsageError("`lines`: the poem has no lines")
    own = "chinese" if is_chinese("".join(lines)) else "english"
    fitting = [form for form in FORMS.values() if form.lines and form.language == own and could_be(form, lines)]
    if own == "english":
        return _english_guess(lines, rules, fitting)
    exact = [form for form in fitting if form.fits(["".join(filter(is_ideograph, line)) for line in lines])]
    fitting = exact or fitting
    # Old verse and couplets keep so little that any lines of one length fit: they count where nothing else does.
    little = [form for form in fitting if form.is_couplet or (form.least and not form.templates)]
    fitting = [form for form in fitting if form not in little] or fitting
    if not fitting:
        raise _none_fits(own, lines)
    # Lines of one number and length: the rhymes name the form. Regulated verse comes first.
    verdicts = [(form, _judge(lines, form, rules)) for form in fitting]
    found = min(verdicts, key=lambda one: (one[1].count("rhyme") + len(one[1].breaks), _faults(one[1])))
    for old in little if _could_be_old(found[1]) else ():
        if old.tune and (verdict := _judge(lines, old, rules)).holds:
            return old, verdict
    return found


def _english_guess(lines: list[str], rules: Rules, fitting: list[Form]) -> tuple[Form, Verdict]:
    """The English form that speaks most for itself, in as many lines where its length is open."""
    usual = [_judge(lines, form, rules) for form in fitting if form.lines == len(lines)]
    others = [form for form in fitting if form.lines != len(lines) and len(lines) >= MIN_OPEN]
    # Blank verse fits any number of lines, so that it counts where nothing else does.
    resized = [_judge(lines, form, rules) for form in others if form.leading or not usual]
    found = [*usual, *(verdict for verdict in resized if evidence(verdict) >= MIN_EVIDENCE * len(lines))]
    if not found:
        raise _none_fits("english", lines)
    best = max(found, key=evidence)
    return best.form, best


def _none_fits(language: str, lines: list[str]) -> UsageError:
    return UsageError(
        f"`form`: no form of {language.title()} verse fits {count(len(lines), 'line')} of this length; choose one of "
        f"{FORMS.listed(language)}"
    )


def _could_be_old(verdict: Verdict) -> bool:
    """Whether a poem in the shape of regulated verse, or of a tune, may be old verse.

    Its tones, or its rhyme, are then those of no template. Where only one character is wrong, most places are right.
    """
    if verdict.holds or len(verdict.lines) < MIN_OLD:
        return False
    if verdict.form.tune:
        return verdict.count("tone") > MAX_WRONG * len(verdict.lines)
    is_off = verdict.fixed is not None and verdict.fixed < MIN_FIXED
    return is_off or bool(verdict.breaks) or bool(verdict.count("rhyme"))


def _faults(verdict: Verdict) -> int:
    """The number of breaks in lines; of Chinese verse none, whose tones are no sign of its form."""
    return 0 if verdict.form.is_tonal else sum(len(line.breaks) for line in verdict.lines)


def _plain(lines: list[str], form: Form, rules: Rules) -> Verdict:
    return Verdict(form, [LineVerdict(line) for line in lines])


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
        if form.rhyme.count(letter) > 1 and letter != "-" and form.source_of(number) < 0 and spelled[number]:
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
