"""The checker: what holds and what breaks in each line of a poem. It shares the tables with the decoder, but no code.

Chinese: the poem is judged by the template that it breaks least. Characters that the rhyme book lacks, and characters
that fit by only one of two readings, are remarks and not breaks. English: all pronunciations count; a line with a word
that the dictionary lacks cannot be scanned, which is a remark. This module knows nothing of models.
"""

from collections.abc import Sequence
from typing import Unpack

from textgen import arguments
from textgen.corpus.forms import FORMS, Form, form_of
from textgen.corpus.memory import words
from textgen.errors import UsageError
from textgen.system.keywords import answers_keywords, with_options
from textgen.system.wording import count
from textgen.tokens.characters import is_chinese, is_ideograph
from textgen.verse.config import Rules, RulesOptions
from textgen.verse.judging_regulated import judge_regulated
from textgen.verse.judging_tunes import could_be, judge_couplet, judge_tune
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import meter
from textgen.verse.verdicts import Break, LineVerdict, Verdict


@answers_keywords
def check(lines: Sequence[str], form: str | Form | None = None, **options: Unpack[RulesOptions]) -> Verdict:
    """Judge a poem.

    Args:
        lines: with or without their punctuation.
        form: the name of a form, a path to a TOML file with one, or a Form; None for the one whose shape fits, of
            several the one whose rhymes the poem breaks least.
        options: fields of `textgen.verse.config.Rules`: tones is "strict" (which admits the variants that poets
            allowed themselves), "relaxed" or "off"; rhyme_book is "pingshui", "modern" or "off"; acrostic and
            acrostic_at say with which characters lines must begin.

    Raises:
        UsageError: an option out of its range, an unknown form, or no form that fits.
    """
    rules = with_options(Rules, None, options)
    wanted = "the lines of a poem"
    lines = [arguments.text("lines", line).strip() for line in arguments.items("lines", lines, wanted)]
    if isinstance(form, Form):
        judged_as = form
    else:
        judged_as = _guess(lines, rules) if form is None else form_of(arguments.text("form", form))
    verdict = _judge(lines, judged_as, rules)
    lines = [line.text for line in verdict.lines]
    if not judged_as.allows(len(lines)):
        least = f"an even number of at least {judged_as.least}" if judged_as.least else f"{judged_as.lines}"
        verdict.breaks.append(Break("lines", f"{len(lines)}, not {least}"))
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


def _judge(lines: list[str], form: Form, rules: Rules) -> Verdict:
    if form.is_couplet:
        return judge_couplet(lines, form, rules)
    if form.tune:
        return judge_tune(lines, form, rules)
    if form.templates:
        return judge_regulated(lines, form.sized(len(lines)) if form.allows(len(lines)) else form, rules)
    return (_english if form.meters else _plain)(lines, form, rules)


def _guess(lines: list[str], rules: Rules) -> Form:
    own = "chinese" if is_chinese("".join(lines)) else "english"
    fitting = [form for form in FORMS.values() if form.lines and form.language == own and could_be(form, lines)]
    exact = [form for form in fitting if form.fits(["".join(filter(is_ideograph, line)) for line in lines])]
    fitting = exact or fitting
    # Old verse and couplets keep so little that any lines of one length fit: they count where nothing else does.
    fitting = [form for form in fitting if not form.is_couplet and (form.templates or not form.least)] or fitting
    if not fitting:
        raise UsageError(
            f"`form`: no form of {own.title()} verse fits {count(len(lines), 'line')} of this length; choose one of "
            f"{FORMS.listed(own)}"
        )
    if len(fitting) == 1:
        return fitting[0]
    # Lines of one number and length: the rhymes name the form. Regulated verse comes first.
    verdicts = [(form, _judge(lines, form, rules)) for form in fitting]
    return min(verdicts, key=lambda one: (one[1].count("rhyme") + len(one[1].breaks), _faults(one[1])))[0]


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
            _judge_meter(line, own, form.meters[number])
    ends: dict[str, dict[int, str]] = {}
    for number, letter in enumerate(form.rhyme[: len(lines)]):
        if letter != "-" and spelled[number]:
            ends.setdefault(letter, {})[number] = spelled[number][-1]
    for own_ends in ends.values():
        _judge_english_rhyme(verdict, own_ends)
    verdict.rhyme = "; ".join(f"{letter}: {', '.join(own_ends.values())}" for letter, own_ends in ends.items())
    return verdict


def _judge_english_rhyme(verdict: Verdict, ends: dict[int, str]) -> None:
    """Judge the lines of one letter of the rhyme scheme: line number to last word."""
    first = next(iter(ends.values()))
    shared = cmu.rhymes(first)
    used: dict[str, int] = {}
    for number, word in ends.items():
        line, own = verdict.lines[number], cmu.rhymes(word)
        line.rhymes = True
        if not own:
            line.breaks.append(Break("rhyme", f"{word} is not in the dictionary"))
        elif word in used:
            line.breaks.append(Break("rhyme", f"{word} stands in line {used[word] + 1} too"))
        elif not shared & own:
            line.breaks.append(Break("rhyme", f"{word} does not rhyme with {first}"))
        else:
            shared &= own
        used.setdefault(word, number)


def _judge_meter(line: LineVerdict, own: list[str], patterns: Sequence[str]) -> None:
    line.wanted = patterns[0]
    counts = meter.syllables(own)
    if counts is None:
        unknown = [word for word in own if not cmu.spoken(word)]
        line.remarks.append(f"cannot be scanned: {', '.join(unknown)} not in the dictionary")
        return
    lengths = {len(pattern) for pattern in patterns}
    if not counts & lengths:
        found, wanted = (" or ".join(map(str, sorted(numbers))) for numbers in (counts, lengths))
        line.breaks.append(Break("syllables", f"{found}, not {wanted}"))
        return
    fitting = [pattern for pattern in patterns if meter.readable(own, pattern)]
    if fitting:
        line.wanted = fitting[0]
    else:
        line.breaks.append(Break("meter", f"cannot be read {line.wanted}"))


def _stress(word: str) -> str:
    spoken = cmu.spoken(word)
    return spoken[0].stress if spoken else "?"
