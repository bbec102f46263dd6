"""What a form of verse is. Knows nothing of the files that hold forms."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from textgen.corpus.forms import linetypes, resizing
from textgen.corpus.forms.layout import Layout, VerseLine, loosened

T = TypeVar("T")

# The longest poem, in lines.
MAX_LINES = 500

# What may have an entry for each line, beside those with a rule of their own.
_BY_LINE = ("refrains", "rentrements", "end_words", "inner_words")


@dataclass(frozen=True)
class Form:
    """A form: the rules that a poem in it keeps.

    Attributes:
        name: the name that users give.
        about: a description for the help.
        language: "chinese", "english", or "" for the language of the model.
        lines: number of lines; 0 for one line a letter of the acrostic, or, without an acrostic, as many as the model
            writes.
        length: characters in a Chinese line; 0 for any.
        templates: for regulated verse, one letter a line: the line's type, a capital if the line rhymes.
        rhyme: one capital letter a line: lines with equal letters rhyme, and a line with "-" need not rhyme with any.
            Lines with different letters may rhyme by chance. Regulated verse has its rhymes in the templates.
        meters: for each line its permitted patterns, one sign a syllable: w a weak position, s a strong one, x either.
        stanzas: the number of lines of each stanza; empty where the number of lines is not fixed.
        refrains: for each line the earlier line that it repeats whole, by its number from 0, or -1; empty where no line
            repeats another.
        rentrements: for each line the earlier line whose first words it repeats, or -1, as in a rondeau; empty if none.
        end_words: for each line the number of the word that it ends in, from 0 in the order of the poem, or -1, as in
            a sestina; empty for none. Where the line rhymes too, the word before this one rhymes, as in a ghazal.
        inner_words: for each line the number of the end word that it has before its own, or -1; empty for none.
        names: its other names.
        tune: of a form without templates, the lines with their tones, rhymes and marks, as `layout.parse` reads them.
        least: of a Chinese form whose number of lines may be chosen, the least of them, even; else 0. `lines` is then
            the usual one.
        unit: of an English form whose number of lines may be chosen, the first line, from 0, and the number of lines of
            what may come any number of times; empty where it may not be chosen. `lines` is then the usual one.
        wide: whether the rhymes are those of the tunes (詞林正韻), and not those of poems (平水韻).
        repeats: whether a character may stand in the poem twice.
        is_couplet: whether a second line answers a first one of any length (對聯).
    """

    name: str
    about: str
    language: str = ""
    lines: int = 0
    length: int = 0
    templates: tuple[str, ...] = ()
    rhyme: str = ""
    meters: tuple[tuple[str, ...], ...] = ()
    stanzas: tuple[int, ...] = ()
    refrains: tuple[int, ...] = ()
    rentrements: tuple[int, ...] = ()
    end_words: tuple[int, ...] = ()
    inner_words: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    tune: tuple[VerseLine, ...] = ()
    least: int = 0
    unit: tuple[int, ...] = ()
    wide: bool = False
    repeats: bool = False
    is_couplet: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a form whose parts are not of one size."""
        for name, sizes in (
            ("rhyme", [len(self.rhyme)] if self.rhyme else []),
            ("meters", [len(self.meters)] if self.meters else []),
            ("templates", [len(template) for template in self.templates]),
            *((name, [len(own)] if (own := getattr(self, name)) else []) for name in _BY_LINE),
            ("tune", [len(self.tune)] if self.tune else []),
        ):
            if any(size != self.lines for size in sizes):
                raise ValueError(f"form {self.name}: {name} must have one entry a line: {self.lines}, not {sizes[0]}")
        if self.stanzas and sum(self.stanzas) != self.lines:
            raise ValueError(f"form {self.name}: stanzas have {sum(self.stanzas)} lines, not {self.lines}")
        for name in ("refrains", "rentrements"):
            if any(earlier >= line for line, earlier in enumerate(getattr(self, name))):
                raise ValueError(f"form {self.name}: a line of {name} may repeat only an earlier one")

    @property
    def is_tonal(self) -> bool:
        """Whether tones are counted: every form of Chinese verse."""
        return bool(self.templates or self.tune or self.is_couplet)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Characters in each line of a Chinese form; empty where the model decides, or a first line that is given."""
        return tuple(line.length for line in self.tune) or (self.length,) * self.lines * bool(self.length)

    @property
    def parallel(self) -> range:
        """The lines of a Chinese form that must answer the line before them (對仗), by their numbers from 0.

        They are the second lines of the couplets of regulated verse, but for the first and the last, and of a couplet.
        """
        if self.is_couplet:
            return range(1, 2)
        return range(3, self.lines - 2, 2) if self.templates else range(0)

    def fits(self, lines: Sequence[str]) -> bool:
        """Whether lines (without their marks) have the number and, in Chinese, the length that the form asks for."""
        if self.is_couplet:
            return len(lines) == 2 and 0 < len(lines[0]) == len(lines[1])
        if not self.allows(len(lines)):
            return False
        if self.tune:
            return [len(line) for line in lines] == [line.length for line in self.sized(len(lines)).tune]
        return not self.length or all(len(line) == self.length for line in lines)

    def allows(self, lines: int) -> bool:
        """Whether a poem may have this number of lines."""
        if self.least:
            return lines >= self.least and lines % 2 == 0
        if self.unit:
            least = self.least_lines
            return least <= lines <= MAX_LINES and (lines - least) % self.unit[1] == 0
        return not self.lines or lines == self.lines

    @property
    def is_open(self) -> bool:
        """Whether the number of lines may be chosen."""
        return bool(self.least or self.unit)

    @property
    def least_lines(self) -> int:
        """The least number of lines that may be chosen: those of a form with one unit; 0 where it may not be chosen."""
        return self.lines - self.units.size * (self.units.copies - 1) if self.unit else self.least

    @cached_property
    def units(self) -> resizing.Units:
        """Where the units of an English form whose number of lines may be chosen stand."""
        return resizing.units_of(self)

    @property
    def sizes(self) -> str:
        """The numbers of lines that a poem may have, as a message says them."""
        if self.least:
            return f"an even number of at least {self.least}"
        if not self.unit:
            return f"{self.lines}"
        least, step = self.least_lines, self.unit[1]
        return f"at least {least}" if step == 1 else f"{least}, {least + step}, {least + 2 * step} or more"

    def stanzas_of(self, lines: int) -> int:
        """The number of stanzas of so many lines, of the size of its units; 0 where stanzas cannot be chosen.

        They can where each unit is a stanza. A shorter stanza at the end, such as the last line of terza rima, is not
        counted.
        """
        begins = [0, *itertools.accumulate(self.stanzas)]
        if self.unit not in list[tuple[int, ...]](zip(begins, self.stanzas, strict=False)):
            return 0
        return self.stanzas.count(self.unit[1]) + (lines - self.lines) // self.unit[1]

    def lines_of_stanzas(self, stanzas: int) -> int:
        """The number of lines of so many stanzas, counted as by `stanzas_of`; 0 where the form has not so many."""
        least = self.stanzas_of(self.least_lines)
        return self.least_lines + (stanzas - least) * self.unit[1] if 0 < least <= stanzas else 0

    def sized(self, lines: int) -> "Form":
        """The form with a number of lines that it allows: it goes on as its last lines do, or has more of its units."""
        if lines == self.lines or not self.is_open:
            return self
        if self.unit:
            return replace(self, **resizing.resized(self, lines))
        # Four lines of a template come round again (aBbA), two of a tune.
        templates = tuple((one + one[-4:] * lines)[:lines] for one in self.templates)
        return replace(
            self,
            lines=lines,
            templates=templates,
            tune=(self.tune + self.tune[-2:] * lines)[:lines],
            stanzas=(lines,),
        )

    def in_stanzas(self, lines: Sequence[T]) -> tuple[tuple[T, ...], ...]:
        """The lines of a poem, stanza by stanza; one stanza where their number is not the form's."""
        if len(lines) != self.lines or not self.stanzas:
            return (tuple(lines),)
        ends = itertools.accumulate(self.stanzas)
        return tuple(tuple(lines[end - size : end]) for size, end in zip(self.stanzas, ends, strict=True))

    def source_of(self, line: int) -> int:
        """The earlier line that a line repeats, whole or its first words; -1 if it repeats none."""
        return max(_entry(self.refrains, line), _entry(self.rentrements, line))

    def refrain(self, line: int) -> int:
        """The earlier line that a line repeats whole; -1 for none."""
        return _entry(self.refrains, line)

    def end_word(self, line: int) -> int:
        """The number of a line's end word; -1 where it may end in any word."""
        return _entry(self.end_words, line)

    def inner_word(self, line: int) -> int:
        """The number of the end word that a line has before its own; -1 for none."""
        return _entry(self.inner_words, line)

    def has_radif(self, line: int) -> bool:
        """Whether a line's end word follows the word that rhymes, as in a ghazal."""
        return self.end_word(line) >= 0 and self.rhyme[line] != "-"

    def caesura(self, line: int) -> int:
        """The number of syllables that another line repeats of a line; 0 where none repeats its first words."""
        lengths = (len(self.meters[at][0]) for at, source in enumerate(self.rentrements) if source == line)
        return next(lengths, 0)

    def is_feminine(self, line: int) -> bool:
        """Whether a line rhymes in two syllables, of which the last is weak."""
        return self.rhyme[line] != "-" and all(pattern.endswith("sw") for pattern in self.meters[line])

    def new_lines(self, letter: str) -> list[int]:
        """The lines of a letter of the scheme that repeat no other. Each needs a rhyme word of its own."""
        return [line for line, own in enumerate(self.rhyme) if own == letter and self.source_of(line) < 0]

    @property
    def leading(self) -> str:
        """The first letter of the scheme that two lines have; empty where none rhymes with another."""
        return next((one for one in self.rhyme if one != "-" and self.rhyme.count(one) > 1), "")

    def layouts(self, tones: str) -> list[Layout]:
        """The lines of each of its templates, or of its tune.

        Args:
            tones: "strict" for the template's patterns, "variants" for these and the licensed deviations, "relaxed"
                for the positions that count, "off" for any tones.
        """
        if self.tune:
            return [Layout("", tuple(loosened(line, tones) for line in self.tune))]
        return [
            Layout(
                template,
                tuple(
                    VerseLine(
                        tuple(self.patterns(kind, tones)),
                        "A" if kind.isupper() else "",
                        mark="。" if line % 2 else "，",
                    )
                    for line, kind in enumerate(template)
                ),
            )
            for template in self.templates
        ]

    def patterns(self, kind: str, tones: str) -> list[str]:
        """The tone patterns of a line type: a letter of the form's templates (`linetypes.patterns`)."""
        return linetypes.patterns(kind, self.length, tones)


def _entry(values: tuple[int, ...], line: int) -> int:
    return values[line] if values else -1
