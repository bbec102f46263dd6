"""The checker of what a form repeats: refrains, the short line of a rondeau, end words, the radif of a ghazal.

Lines are compared by their words, since poets change the marks of a refrain with its place. This module shares no code
with the decoder and knows nothing of sounds or models.
"""

from collections.abc import Sequence

from textgen.corpus.forms import Form
from textgen.verse.verdicts import Break, LineVerdict

Words = Sequence[Sequence[str]]


def judge_repetition(lines: Sequence[LineVerdict], spelled: Words, form: Form) -> None:
    """Note in the verdicts of a poem's lines which of them do not repeat what the form asks for.

    Args:
        lines: a verdict for each line.
        spelled: the words of each line.
    """
    radif = radif_of(spelled, form)
    firsts: dict[int, int] = {}
    for number, (line, own) in enumerate(zip(lines[: form.lines], spelled, strict=False)):
        source, word = form.source_of(number), form.end_word(number)
        if source >= 0:
            line.repeats = source
            _judge_refrain(line, own, spelled[source], source, is_whole=form.refrain(number) >= 0)
        elif form.has_radif(number):
            if not radif:
                line.breaks.append(Break("word", "the lines share no word after the rhyme"))
            elif not _ends(own, radif):
                line.breaks.append(Break("word", f"does not end in {' '.join(radif)}"))
        elif word >= 0:
            _judge_end_words(line, own, [spelled[at][-1:] for at in _lines_of(firsts, form, number)])
            if word not in firsts:
                same = [at for at in firsts.values() if list(spelled[at][-1:]) == list(own[-1:])]
                line.breaks += [Break("word", f"ends as line {at + 1} does") for at in same[:1]]
                firsts[word] = number


def rhyme_word(own: Sequence[str], radif: Sequence[str]) -> str:
    """The word of a line that rhymes: the last, or the one before the radif; empty for none."""
    before = own[: -len(radif)] if radif and _ends(own, radif) else own
    return before[-1] if before else ""


def radif_of(spelled: Words, form: Form) -> Sequence[str]:
    """The words that lines of a ghazal repeat after their rhyme; none where they share no last word.

    They are the longest common ending of all those lines, or where these have none, of the first two.
    """
    own = [words for line, words in enumerate(spelled[: form.lines]) if form.has_radif(line)]
    return _common_ending(own) or _common_ending(own[:2])


def _common_ending(lines: Words) -> Sequence[str]:
    if len(lines) < 2:
        return ()
    size = 0
    # A word is left before it, which rhymes.
    while all(len(own) > size + 1 and own[-size - 1] == lines[0][-size - 1] for own in lines):
        size += 1
    return lines[0][len(lines[0]) - size :]


def _ends(own: Sequence[str], ending: Sequence[str]) -> bool:
    return len(own) > len(ending) and list(own[-len(ending) :]) == list(ending)


def _judge_refrain(line: LineVerdict, own: Sequence[str], source: Sequence[str], at: int, is_whole: bool) -> None:
    if is_whole and list(own) != list(source):
        line.breaks.append(Break("refrain", f"does not repeat line {at + 1}"))
    elif not is_whole and (not own or len(own) >= len(source) or list(own) != list(source[: len(own)])):
        line.breaks.append(Break("refrain", f"does not repeat the first words of line {at + 1}"))


def _lines_of(firsts: dict[int, int], form: Form, number: int) -> list[int]:
    """The lines that first ended in the end words of a line: in its own, then in its inner one."""
    own = firsts.get(form.end_word(number))
    inner = firsts.get(form.inner_word(number))
    return [number if own is None else own, *([] if inner is None else [inner])]


def _judge_end_words(line: LineVerdict, own: Sequence[str], wanted: list[Sequence[str]]) -> None:
    end, *inner = wanted
    if list(own[-1:]) != list(end):
        line.breaks.append(Break("word", f"does not end in {' '.join(end) or 'a word'}"))
    for word in inner:
        if not set(word) <= set(own[:-1]):
            line.breaks.append(Break("word", f"does not have {' '.join(word)}"))
