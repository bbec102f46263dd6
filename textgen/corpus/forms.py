"""The forms of verse, as data. A new form needs one new entry in FORMS (and its row in docs/guide/verse.md).

Tones: P level (平), Z oblique (仄), N either. Stress: w a weak position, s a strong one, x either. This module
knows nothing of characters, words or models.

Sources: the line types and templates of regulated verse are those of Wang Li (漢語詩律學, 1958), checked against two
independent tables; the English forms follow Fussell, Poetic Meter and Poetic Form (1965).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from textgen.arguments import shown
from textgen.errors import UsageError
from textgen.system.wording import did_you_mean

# A line's type says how it ends (capital: level, and the line rhymes; small: oblique) and which tone its second
# character has, counted from the left of the last five (a: oblique, b: level).
LINE5 = {"a": ["NZPPZ"], "A": ["NZZPP"], "b": ["NPPZZ"], "B": ["PPZZP"]}
LINE7 = {"a": ["NPNZPPZ"], "A": ["NPNZZPP"], "b": ["NZNPPZZ"], "B": ["NZPPZZP"]}
# Licensed deviations (特拗), in addition to the patterns above.
VARIANTS5 = {"b": ["NPZPZ"], "B": ["ZPPZP"]}
VARIANTS7 = {"b": ["NZNPZPZ"]}
# Only the second, fourth and sixth position and the end count; excluded are the lone level (孤平) and three levels at
# the end (三平調).
RELAXED5 = {"a": ["NZNPZ"], "A": ["NZZPP"], "b": ["NPNZZ"], "B": ["PPNZP", "NPPZP"]}
RELAXED7 = {
    "a": ["NPNZNPZ"],
    "A": ["NPNZZPP"],
    "b": ["NZNPNZZ", "NZNPZPZ"],
    "B": ["NZPPNZP", "NZNPPZP"],
}

JUEJU = ("aBbA", "ABbA", "bAaB", "BAaB")
LUSHI = tuple(first + second for first, second in zip(JUEJU, ("aBbA", "aBbA", "bAaB", "bAaB"), strict=True))

IAMB, ANAPEST = "ws", "wws"


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
        rhyme: one letter a line: lines with equal letters rhyme, and a line with "-" need not rhyme with any. Lines
            with different letters may rhyme by chance. Regulated verse has its rhymes in the templates.
        meters: for each line its permitted patterns, one sign a syllable.
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

    def __post_init__(self) -> None:
        """Raise ValueError for a form whose parts are not of one size: a mistake in FORMS."""
        for name, sizes in (
            ("rhyme", [len(self.rhyme)] if self.rhyme else []),
            ("meters", [len(self.meters)] if self.meters else []),
            ("templates", [len(template) for template in self.templates]),
        ):
            if any(size != self.lines for size in sizes):
                raise ValueError(f"form {self.name}: {name} must have one entry a line: {self.lines}, not {sizes[0]}")

    def fits(self, lines: Sequence[str]) -> bool:
        """Whether lines (without their marks) have the number and, in Chinese, the length that the form asks for."""
        return (not self.lines or len(lines) == self.lines) and (
            not self.length or all(len(line) == self.length for line in lines)
        )

    def repeats(self, line: int) -> int:
        """The earlier line that a line repeats whole or in its first words; -1 if it is new."""
        return max(_entry(self.refrains, line), _entry(self.rentrements, line))

    def end_word(self, line: int) -> int:
        """The number of a line's end word; -1 where it may end in any word."""
        return _entry(self.end_words, line)

    def inner_word(self, line: int) -> int:
        """The number of the end word that a line has before its own end word; -1 for none."""
        return _entry(self.inner_words, line)

    def has_radif(self, line: int) -> bool:
        """Whether a line's end word follows the word that rhymes, as in a ghazal."""
        return self.end_word(line) >= 0 and self.rhyme[line] != "-"

    def caesura(self, line: int) -> int:
        """The number of syllables that a rentrement repeats from a line; 0 where none repeats its first words."""
        lengths = (len(self.meters[at][0]) for at, source in enumerate(self.rentrements) if source == line)
        return next(lengths, 0)

    def is_feminine(self, line: int) -> bool:
        """Whether a line rhymes in two syllables, of which the last is weak."""
        return self.rhyme[line] != "-" and all(pattern.endswith("sw") for pattern in self.meters[line])

    def new_lines(self, letter: str) -> list[int]:
        """The lines of a letter of the scheme that repeat no other line. Each needs a word of its own."""
        return [line for line, own in enumerate(self.rhyme) if own == letter and self.repeats(line) < 0]

    @property
    def leading(self) -> str:
        """The first letter of the scheme that rhymes; empty where no line rhymes with another."""
        return next((one for one in self.rhyme if one != "-" and self.rhyme.count(one) > 1), "")

    def patterns(self, kind: str, tones: str) -> list[str]:
        """The tone patterns of a line type.

        Args:
            kind: a letter of the form's templates.
            tones: "strict" for the template's patterns, "variants" for these and the licensed deviations, "relaxed"
                for the positions that count, "off" for any tones.
        """
        if tones == "off":
            return ["N" * self.length]
        five = self.length == 5
        if tones == "relaxed":
            return (RELAXED5 if five else RELAXED7)[kind]
        more = (VARIANTS5 if five else VARIANTS7).get(kind, []) if tones == "variants" else []
        return (LINE5 if five else LINE7)[kind] + more


def _entry(values: tuple[int, ...], line: int) -> int:
    return values[line] if values else -1


def _iambic(feet: int) -> tuple[str, ...]:
    return (IAMB * feet,)


# Three feet and two; the first may lack its first syllable.
_LONG = (ANAPEST * 3, IAMB + ANAPEST * 2)
_SHORT = (ANAPEST * 2, IAMB + ANAPEST)

FORMS = {
    form.name: form
    for form in [
        Form("jueju5", "五言絕句: four lines of five characters", "chinese", 4, 5, JUEJU),
        Form("jueju7", "七言絕句: four lines of seven characters", "chinese", 4, 7, JUEJU),
        Form("lushi5", "五言律詩: eight lines of five characters", "chinese", 8, 5, LUSHI),
        Form("lushi7", "七言律詩: eight lines of seven characters", "chinese", 8, 7, LUSHI),
        Form("couplets", "two rhyming couplets, AABB", "english", 4, rhyme="AABB", meters=4 * (_iambic(5),)),
        Form("alternate", "a quatrain that rhymes ABAB", "english", 4, rhyme="ABAB", meters=4 * (_iambic(4),)),
        Form("enclosed", "a quatrain that rhymes ABBA", "english", 4, rhyme="ABBA", meters=4 * (_iambic(4),)),
        Form(
            "limerick", "five lines, AABBA", "english", 5, rhyme="AABBA", meters=(_LONG, _LONG, _SHORT, _SHORT, _LONG)
        ),
        Form(
            "sonnet",
            "Shakespeare's: ABAB CDCD EFEF GG",
            "english",
            14,
            rhyme="ABABCDCDEFEFGG",
            meters=14 * (_iambic(5),),
        ),
        Form("haiku", "5, 7 and 5 syllables", "english", 3, rhyme="---", meters=(("x" * 5,), ("x" * 7,), ("x" * 5,))),
        Form("acrostic", "a line for each letter of the acrostic", "english"),
        Form("free", "no form: the poem ends where the model ends it"),
    ]
}


def form_of(name: str) -> Form:
    """The Form of a name. Raises UsageError, with the nearest name or the names of all forms, if there is none."""
    if name not in FORMS:
        raise UsageError(f"`form`: no form {shown(name)}; {did_you_mean(name, FORMS)}")
    return FORMS[name]
