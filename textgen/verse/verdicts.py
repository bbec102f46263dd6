"""What the checker finds, as values. Knows nothing of how poems are judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from textgen.corpus.forms import Form
from textgen.system.wording import count

BreakKind: TypeAlias = Literal[
    "lines", "stanzas", "length", "tone", "rhyme", "meter", "syllables", "letter", "repeat", "refrain", "word"
]


@dataclass(frozen=True)
class Break:
    """One thing in a poem that does not hold.

    Attributes:
        kind: "lines", "stanzas", "length", "tone", "rhyme", "meter", "syllables", "letter", "repeat" for a character
            that does not return, "refrain" for a line that does not, or "word" for an end word.
        text: what is wrong, in a few words.
    """

    kind: BreakKind
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


@dataclass
class LineVerdict:
    """What the checker finds in a line.

    Attributes:
        text: the line.
        marks: how it sounds: one sign per character, or for each word its stresses, one digit per syllable.
        wanted: the tones, or the stresses, that the form asks for; empty where it asks for none.
        breaks: what does not hold.
        remarks: what else is worth knowing.
        rhymes: whether the form asks the line to rhyme.
        repeats: the number of the earlier line, from 0, that the form asks the line to repeat; -1 for none.
        licences: what the line allows itself as good poets did: of a tune the tones and rhymes that differ from the
            form's, of English meter names such as "initial trochee" (`textgen.verse.scansion`).
        faults: of English verse, what is not well, by name, and how often (`textgen.verse.faults.line_faults`).
        rhyme: the name of its rhyme, where a form has several.
    """

    text: str
    marks: str = ""
    wanted: str = ""
    breaks: list[Break] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    rhymes: bool = False
    repeats: int = -1
    licences: list[str] = field(default_factory=list)
    faults: dict[str, float] = field(default_factory=dict)
    rhyme: str = ""


@dataclass(repr=False)
class Verdict:
    """What the checker finds in a poem.

    Attributes:
        form: the Form by which it is judged.
        lines: a LineVerdict for each line.
        template: the template that it breaks least; empty where the form has none.
        tones: the strictest rule that every line keeps: "strict", "variants" or "relaxed"; empty for none.
        fixed: share of the second, fourth and sixth positions with the template's tone; None without a template.
        rhyme: the name of the rhyme that the lines share; of English verse the words of each rhyme; empty for none.
        breaks: what does not hold of the poem as a whole.
    """

    form: Form
    lines: list[LineVerdict]
    template: str = ""
    tones: str = ""
    fixed: float | None = None
    rhyme: str = ""
    breaks: list[Break] = field(default_factory=list)

    def __repr__(self) -> str:
        breaks = len(self.breaks) + sum(len(line.breaks) for line in self.lines)
        return f"<Verdict, {self.form.name}: {count(breaks, 'break') if breaks else 'holds'}>"

    @property
    def holds(self) -> bool:
        """Whether nothing breaks."""
        return not self.breaks and not any(line.breaks for line in self.lines)

    @property
    def licences(self) -> int:
        """The number of licences in all lines."""
        return sum(len(line.licences) for line in self.lines)

    def count(self, kind: BreakKind) -> int:
        """The number of lines with a break of a kind."""
        return sum(has_break(line.breaks, kind) for line in self.lines)


def has_break(breaks: Sequence[Break], *kinds: BreakKind) -> bool:
    """Whether a break of some kinds is among breaks."""
    return any(one.kind in kinds for one in breaks)
