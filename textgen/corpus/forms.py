"""The forms of verse, as data. To add a form, add an entry to FORMS.

Tones: P level (平), Z oblique (仄), N either. Stress: w a weak place, s a strong place, x either. This module knows
nothing of characters, words or models.

Sources: the line types and templates of regulated verse are Wang Li's (漢語詩律學, 1958), checked against two
independent tables; the English forms are Fussell's (Poetic Meter and Poetic Form, 1965).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from textgen.errors import UsageError

# A line's type: a capital ends level, and the line rhymes; a small letter ends oblique. Letter a or b: whether the
# second of the last five characters is oblique or level.
LINE5 = {"a": ["NZPPZ"], "A": ["NZZPP"], "b": ["NPPZZ"], "B": ["PPZZP"]}
LINE7 = {"a": ["NPNZPPZ"], "A": ["NPNZZPP"], "b": ["NZNPPZZ"], "B": ["NZPPZZP"]}
# Variants that poets allowed themselves (特拗), besides the patterns above.
VARIANTS5 = {"b": ["NPZPZ"], "B": ["ZPPZP"]}
VARIANTS7 = {"b": ["NZNPZPZ"]}
# Only the second, fourth and sixth characters and the end count. The lone level (孤平) and three levels at the end
# (三平調) are still forbidden.
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
    """What a form of verse demands.

    Attributes:
        name: its name in options.
        about: a description for the help.
        language: "chinese", "english", or "" for any language.
        lines: number of lines; 0 for as many as the acrostic has, or, without an acrostic, as the model writes.
        length: characters in a line, of Chinese forms.
        templates: of regulated verse, one letter per line: the line's type, a capital where the line rhymes.
        rhyme: one letter per line: lines of equal letters rhyme, lines of "-" do not; in regulated verse the template
            takes its place.
        meters: for each line the patterns that it may follow, one sign per syllable.
    """

    name: str
    about: str
    language: str = ""
    lines: int = 0
    length: int = 0
    templates: tuple[str, ...] = ()
    rhyme: str = ""
    meters: tuple[tuple[str, ...], ...] = ()

    def fits(self, lines: Sequence[str]) -> bool:
        """Whether the number of lines, and in Chinese their lengths, are the form's. Lines come without punctuation."""
        return (not self.lines or len(lines) == self.lines) and (
            not self.length or all(len(line) == self.length for line in lines)
        )

    def patterns(self, kind: str, tones: str) -> list[str]:
        """The tone patterns of a line type.

        Args:
            kind: the type, a letter of a template.
            tones: "strict" for the template's patterns, "variants" for these and the variants that poets allowed
                themselves, "relaxed" for the positions that count, "off" for any tones.
        """
        if tones == "off":
            return ["N" * self.length]
        five = self.length == 5
        if tones == "relaxed":
            return (RELAXED5 if five else RELAXED7)[kind]
        more = (VARIANTS5 if five else VARIANTS7).get(kind, []) if tones == "variants" else []
        return (LINE5 if five else LINE7)[kind] + more


def _iambic(feet: int) -> tuple[str, ...]:
    return (IAMB * feet,)


# Three anapaests, and two; the first foot may lack its first syllable.
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
    """The Form of a name. Raises UsageError for an unknown name."""
    if name not in FORMS:
        raise UsageError(f"no form {name!r}; choose one of {', '.join(FORMS)}")
    return FORMS[name]
