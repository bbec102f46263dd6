"""What the user asks of an English poem, in a run's own symbols: mood, beginning, acrostic, rhyme.

This module knows nothing of sampling.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from textgen.arguments import short, shown
from textgen.corpus.forms import FORMS, Form
from textgen.corpus.headings import NONE, clean_title, heading_for
from textgen.corpus.memory import hash_texts, words
from textgen.errors import PromptError, UsageError
from textgen.tokens.layout import BOUNDARY, RESERVED, Ids, reverse_lines
from textgen.verse.config import PoemConfig
from textgen.verse.masks.base import AnyOpening, Opening, P, Verse
from textgen.verse.masks.free import Free
from textgen.verse.masks.metrical import Metrical, Spelling
from textgen.verse.masks.position import Rhymes
from textgen.verse.masks.spelling import LetterSpelling, WordSpelling
from textgen.verse.masks.subwords import SubwordSpelling
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds import rhyming
from textgen.verse.sounds.function_words import UNFINISHED
from textgen.verse.sounds.lexicon import Lexicon
from textgen.writing.generator import Generator


class English:
    """A poem for a run that writes with an alphabet; arguments and attributes as of `textgen.verse.chinese.Chinese`."""

    def __init__(self, generator: Generator, form: Form, config: PoemConfig, theme: str = "") -> None:
        self.generator, self.form, self.config = generator, form, config
        self.printed, self.tokenizer = generator.printed, generator.tokenizer
        self.backward = generator.direction == "backward"
        self.notes: list[str] = []
        # A run whose poems had no titles does not know the marks of a heading, and reads a title as a mood.
        has_heading = generator.heading != NONE and not self.tokenizer.unknown("《》")
        self.title = (config.theme or "") if has_heading and not config.title else ""
        name, text = ("title", config.title) if config.title else ("theme", theme)
        title = self._symbols(name, clean_title(text, False) if has_heading else text)
        self.heading: list[int] = []
        if has_heading and title:
            self.heading = self._ids_of(self._symbols(name, heading_for("".join(title), "", generator.heading)))
            title = []
        # A space stands between the two.
        mood = self._symbols("mood", " " * bool(title and config.mood) + config.mood)
        self.mood = self._ids_of([*title, *mood])
        if config.start and self.backward:
            raise UsageError("`start`: this run writes each line from its end; use `mood` instead")
        self.start = self._ids_of(self._symbols("start", config.start, is_exact=True))
        self.heads = self._heads()
        self._opening: AnyOpening = self._free() if not form.meters else self._metrical()

    def opening(self, chooser: np.random.Generator) -> AnyOpening:
        """The opening; chance plays no part."""
        return self._opening

    def lines(self, ids: list[int]) -> list[str]:
        """The lines that ids spell."""
        row = np.array([index for index in ids if index != BOUNDARY], np.intp)
        if self.backward and len(row):
            row = row[reverse_lines(row, self.tokenizer)]
        text = self.tokenizer.decode(row)
        return text.rstrip("\n").split("\n") if text else []

    def _symbols(self, name: str, text: str, is_exact: bool = False) -> list[str]:
        """The symbols of a text that the run can read; some may be left out where it need not be exact.

        Raises:
            PromptError: symbols outside the vocabulary. The message names the parameter.
        """
        unknown = self.tokenizer.unknown(text)
        if unknown and not self.tokenizer.unknown(text.lower()):
            text, unknown = text.lower(), []
            self._note(name, f"read as {text.lstrip()!r}")
        if not is_exact and len(self.tokenizer.unknown(f" {text}")) < len(unknown):
            # The run knows the first word only with the space before it.
            text, unknown = f" {text}", self.tokenizer.unknown(f" {text}")
        kept = [symbol for symbol in self.tokenizer.split(text) if symbol not in unknown]
        if unknown:
            shown = ", ".join(repr(symbol.strip() or symbol) for symbol in unknown)
            is_read = any(symbol.strip() for symbol in kept)
            # A theme that the network cannot read still turns the lines to what goes with it (`read_theme`).
            if is_exact or not (is_read or name == "theme"):
                raise PromptError(f"`{name}`: not in the run's vocabulary: {shown}; choose other words")
            self._note(name, f"read without {shown}")
        return kept

    def _note(self, name: str, text: str) -> None:
        """Note how an option is read; of a theme `read_theme` has told already."""
        if name != "theme":
            self.notes.append(f"`{name}` {text}")

    def _ids_of(self, symbols: list[str]) -> list[int]:
        """The ids of symbols, in the order in which the run reads them."""
        ids = self.tokenizer.encode_symbols(symbols)
        return _ids(ids[reverse_lines(ids, self.tokenizer)] if self.backward else ids)

    def _heads(self) -> dict[int, str]:
        letters = [letter for letter in self.config.acrostic if not letter.isspace()]
        if not all(letter.isalpha() for letter in letters):
            raise UsageError(f"`acrostic` takes letters; got {shown(self.config.acrostic)}")
        step = 2 if self.config.acrostic_at == "couplet" else 1
        form = self.form
        if form.name == "acrostic" and not letters:
            raise UsageError('`form="acrostic"` needs `acrostic`, a text with one letter per line')
        if form.lines and step * (len(letters) - 1) >= form.lines:
            raise UsageError(
                f"`acrostic={short(self.config.acrostic)}`: {len(letters)} letters; {form.name} has {form.lines} "
                f'lines and takes at most {-(-form.lines // step)} with `acrostic_at="{self.config.acrostic_at}"`'
            )
        heads: dict[int, str] = {}
        for number, letter in enumerate(letters):
            # A line that repeats another begins as that one does.
            line = number * step
            source = form.source_of(line) if form.source_of(line) >= 0 else line
            if heads.setdefault(source, letter).lower() != letter.lower():
                raise UsageError(
                    f"`acrostic={short(self.config.acrostic)}`: line {line + 1} of a {form.name} begins as line "
                    f"{source + 1} does, so their letters must be equal; got {letter} and {heads[source]}"
                )
        return heads

    def _free(self) -> AnyOpening:
        firsts: dict[int, Ids] = {}
        for line, letter in self.heads.items():
            ids = [
                index
                for index, text in enumerate(self.printed)
                if index >= RESERVED and text[:1].lower() == letter.lower() and not text.isspace()
            ]
            if not ids:
                raise PromptError(f"`acrostic`: {self._none_begins(letter)}")
            firsts[line] = np.array(ids)
        if firsts and self.backward:
            metered = ", ".join(name for name, form in FORMS.items() if form.meters)
            raise UsageError(
                f"`acrostic`: this run writes each line from its end, so it chooses how a line begins only in a form "
                f'with meter; `form="{self.form.name}"` has none; choose one of {metered}'
            )
        if self.config.rhyme:
            raise UsageError(
                f"`rhyme`: {self.form.name} does not rhyme; choose another `form`, such as couplets or sonnet"
            )
        step = 2 if self.config.acrostic_at == "couplet" else 1
        following = self.tokenizer.following(self.backward)
        verse = Free(self.printed, False, firsts, step * len(firsts), following, self.backward)
        return self._started(verse)

    def _metrical(self) -> AnyOpening:
        form, rhyme = self.form, self.config.rhyme
        lexicon = self._lexicon()
        spelling = self._spelling(lexicon)
        given = None
        if rhyme:
            if not form.leading:
                raise UsageError(
                    f"`rhyme`: {form.name} does not rhyme; choose another `form`, such as couplets or sonnet"
                )
            given = self._rhyme(rhyme, lexicon)
        verse = Metrical(
            form,
            lexicon,
            spelling,
            self.backward,
            self.heads,
            given,
            self.config.meter_rule,
            self.config.identical_rhymes,
        )
        for line, letter in self.heads.items():
            if not (verse.heads[line] & spelling.first).any():
                raise PromptError(f"`acrostic`: {self._none_begins(letter, ' of known sound')}")
        careful = verse.careful()
        if shortage := careful.shortage():
            instead = " choose another word," if rhyme else ""
            raise UsageError(f"`form`: {shortage};{instead} train on more poems, or choose another `form`")
        return self._started(careful if verse.supply.is_demanding else verse, verse.patterns)

    def _spelling(self, lexicon: Lexicon) -> Spelling:
        """How the run writes words. Raises UsageError where it cannot choose them."""
        if self.tokenizer.whole_words:
            return WordSpelling(self.printed, lexicon, self.backward)
        if self.tokenizer.of_characters:
            return LetterSpelling(self.printed, lexicon, self.backward)
        if self.backward:
            raise UsageError(
                f"`form`: {self.form.name} has meter, and this run writes subwords from the end of each line; train "
                'with `direction="forward"`, or with `tokenizer="word"`'
            )
        return SubwordSpelling(self.printed, lexicon)

    def _none_begins(self, letter: str, which: str = "") -> str:
        return (
            f"the run knows no {self.tokenizer.noun}{which} that begins a line with {letter!r}; choose other "
            "letters, or train on more poems"
        )

    def _lexicon(self) -> Lexicon:
        """The words of known sound that the run can write; with characters, only those of its training poems."""
        if self.tokenizer.whole_words:
            return _known_lexicon(tuple(sorted(WordSpelling.words(self.printed))), self.config.rhyme_kind)
        letters = frozenset(text.lower() for text in self.printed if len(text) == 1)
        known = self.generator.memory.get("words")
        spellable = _spellable(letters, None if known is None else known.tobytes())
        return _known_lexicon(spellable, self.config.rhyme_kind)

    def _rhyme(self, rhyme: str, lexicon: Lexicon) -> tuple[Rhymes, tuple[int, ...]]:
        """The rhymes of the user's word, and that word where the lexicon has it."""
        word = " ".join(words(rhyme))
        rhymes = rhyming.rhymes(word, self.config.rhyme_kind)
        if not rhymes:
            raise UsageError(f"`rhyme={short(rhyme)}` is not in the pronouncing dictionary; choose another word")
        lines = self.form.new_lines(self.form.leading)
        if any(map(self.form.is_feminine, lines)):
            rhymes = frozenset(one for one in rhymes if cmu.syllables(one) == 2)
            if not rhymes:
                raise UsageError(
                    f"`rhyme={short(rhyme)}`: the first rhyme of {self.form.name} has two syllables, as in candle; "
                    "choose another word"
                )
        needed = len(lines)
        # The word itself is no rhyme of its own, nor is one that sounds alike.
        own = [] if self.config.identical_rhymes else lexicon.sounding_as(word)
        mates = [mate for mate in np.flatnonzero(lexicon.rhyming(rhymes)) if mate not in own]
        mates = [mate for mate in mates if lexicon.words[mate] not in UNFINISHED]
        if len(mates) < needed:
            known = ", ".join(lexicon.words[mate] for mate in mates)
            found = f"only {known}" if known else "no word"
            raise UsageError(
                f"`rhyme={short(rhyme)}`: the run knows {found} to rhyme with it, and {self.form.name} needs {needed}; "
                "choose another word"
            )
        return rhymes, tuple(own)

    def _started(self, verse: Verse[P], patterns: Callable[[P], int] = lambda _: 1) -> Opening[P]:
        """The opening after the user's beginning; `patterns` says how many patterns the line at a position may keep."""

        def turned(position: P) -> list[P]:
            return list(dict.fromkeys(verse.turn(position, row) for row in range(patterns(position))))

        positions = turned(verse.begin())  # what the user wrote chooses among the patterns
        opened: list[int] = []
        for at, index in enumerate(self.start):
            fitting = [each for each in positions if not each.over and verse.admits(each, index)]
            if not fitting:
                if not self.form.meters:
                    raise UsageError(
                        f"`start={short(self.config.start)}` contradicts `acrostic={short(self.config.acrostic)}`; "
                        "change one of them"
                    )
                read = "".join(self.printed[one] for one in self.start[:at])
                raise UsageError(
                    f"`start`: {self.form.name} does not allow {self.printed[index].strip()!r} after {read!r}: the "
                    "meter or the rhyme forbids it, its sound is unknown, or the phrase is unfinished; choose other "
                    "words"
                )
            line = fitting[0].line
            positions = [verse.after(each, index) for each in fitting]
            opened = [*opened, index]
            if positions[0].line > line:
                positions, opened = turned(positions[0]), []
        return Opening(verse, positions[0], tuple(self.start), tuple(opened))


def _ids(row: Ids) -> list[int]:
    return [int(index) for index in row]


@lru_cache(maxsize=4)
def _known_lexicon(known: tuple[str, ...], rhyme_kind: str) -> Lexicon:
    """A Lexicon, whose meters and rhymes the poems of one run share."""
    return Lexicon(known, rhyme_kind)


@lru_cache(maxsize=4)
def _spellable(letters: frozenset[str], hashes: bytes | None) -> tuple[str, ...]:
    """The words of the dictionary that some letters spell. Hashing them all takes half a second, so some are kept.

    Args:
        hashes: of the words to keep, uint64 as bytes (`textgen.corpus.memory.hash_poems`); None keeps all.
    """
    found = [word for word in cmu.words() if letters.issuperset(word)]
    if hashes is None:
        return tuple(found)
    own = np.array([hash_texts([word])[0] for word in found], np.uint64)
    is_known = np.isin(own, np.frombuffer(hashes, "<u8"))
    return tuple(word for word, keep in zip(found, is_known, strict=True) if keep)
