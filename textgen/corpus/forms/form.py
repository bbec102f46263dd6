"""What a form of verse is. Knows nothing of the files that hold forms."""

from collections.abc import Sequence
from dataclasses import dataclass

from textgen.corpus.forms import linetypes


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

    def __post_init__(self) -> None:
        """Raise ValueError for a form whose parts are not of one size."""
        for name, sizes in (
            ("rhyme", [len(self.rhyme)] if self.rhyme else []),
            ("meters", [len(self.meters)] if self.meters else []),
            ("templates", [len(template) for template in self.templates]),
            ("refrains", [len(self.refrains)] if self.refrains else []),
        ):
            if any(size != self.lines for size in sizes):
                raise ValueError(f"form {self.name}: {name} must have one entry a line: {self.lines}, not {sizes[0]}")
        if self.stanzas and sum(self.stanzas) != self.lines:
            raise ValueError(f"form {self.name}: stanzas have {sum(self.stanzas)} lines, not {self.lines}")
        if any(earlier >= line for line, earlier in enumerate(self.refrains)):
            raise ValueError(f"form {self.name}: a line of refrains may repeat only an earlier one")

    def fits(self, lines: Sequence[str]) -> bool:
        """Whether lines (without their marks) have the number and, in Chinese, the length that the form asks for."""
        return (not self.lines or len(lines) == self.lines) and (
            not self.length or all(len(line) == self.length for line in lines)
        )

    def patterns(self, kind: str, tones: str) -> list[str]:
        """The tone patterns of a line type: a letter of the form's templates (`linetypes.patterns`)."""
        return linetypes.patterns(kind, self.length, tones)
