"""How much speaks for a form: what the checker tells the form of a poem by. Knows nothing of sounds or models."""

from textgen.verse.verdicts import LineVerdict, Verdict, has_break

# What speaks for a form. Two words seldom rhyme by chance, and still more seldom a line or an end word returns. Lines
# of the right length and meter are more common, above all where several lengths are right.
# A rhyme that breaks says less than one that holds, because near rhymes are common.
RHYME, NO_RHYME, REFRAIN, METER, SYLLABLES = 1.0, 0.75, 2.0, 0.5, 0.25


def evidence(verdict: Verdict) -> float:
    """How much speaks for the form by which a poem is judged: more for each rhyme, repeated line and meter that holds,
    less for each that breaks. A form that asks for little has little to say for it.
    """
    form, rhymed = verdict.form, set[str]()
    total = 0.0
    for number, line in enumerate(verdict.lines[: form.lines]):
        if number < len(form.meters):
            total += _meter(line, form.meters[number])
        if form.source_of(number) >= 0 or form.end_word(number) >= 0:
            total += -REFRAIN if has_break(line.breaks, "refrain", "word") else REFRAIN
        if line.rhymes:
            letter = form.rhyme[number]
            if has_break(line.breaks, "rhyme"):
                total -= NO_RHYME
            elif letter in rhymed:
                total += RHYME
            rhymed.add(letter)
    return total


def _meter(line: LineVerdict, patterns: tuple[str, ...]) -> float:
    if has_break(line.breaks, "syllables"):
        return -SYLLABLES
    if has_break(line.breaks, "meter") or line.remarks:
        return 0
    return (METER if set("".join(patterns)) & set("ws") else SYLLABLES) / len(patterns)
