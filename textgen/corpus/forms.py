"""The forms of verse, as data. A new form is a new entry in FORMS, and nothing else.

Tones: P level (平), Z oblique (仄), N either. Stress: w a weak place, s a strong one, x either. This module
knows nothing of characters, words or models.

Sources: the line types and templates of regulated verse as Wang Li gives them (漢語詩律學, 1958), checked against two
independent tables; English forms as in Fussell, Poetic Meter and Poetic Form (1965).
"""

from dataclasses import dataclass

from textgen.errors import UsageError

# A line's type: does it end level (capital: the line rhymes) or oblique, and does its second place from the left of the
# last five begin oblique (a) or level (b).
LINE5 = {"a": ["NZPPZ"], "A": ["NZZPP"], "b": ["NPPZZ"], "B": ["PPZZP"]}
LINE7 = {"a": ["NPNZPPZ"], "A": ["NPNZZPP"], "b": ["NZNPPZZ"], "B": ["NZPPZZP"]}
# Turns that poets allowed themselves (特拗), beside those above.
VARIANTS5 = {"b": ["NPZPZ"], "B": ["ZPPZP"]}
VARIANTS7 = {"b": ["NZNPZPZ"]}
# Only the second, fourth and sixth place and the end, without the lone level (孤平) and the three levels at the end
# (三平調).
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
    """What a poem of a kind must hold.

    Attributes:
        name: as it is asked for.
        about: what it is, for the help.
        language: "chinese", "english", or "" for whatever the model writes.
        lines: how many; 0 for as many as the acrostic has, or, where there is none, as the model ends.
        length: characters of a Chinese line.
        templates: of regulated verse, one letter a line: the type, capital where the line rhymes.
        rhyme: one letter a line, equal letters rhyme, "-" does not; of regulated verse the template says it.
        meters: for each line the patterns that it may have, one sign a syllable.
    """

    name: str
    about: str
    language: str = ""
    lines: int = 0
    length: int = 0
    templates: tuple[str, ...] = ()
    rhyme: str = ""
    meters: tuple[tuple[str, ...], ...] = ()

    def fits(self, lines):
        """Whether lines, without their marks, have the outward shape: how many, and in Chinese how long.

        Args:
            lines: a sequence of str.
        """
        return (not self.lines or len(lines) == self.lines) and (
            not self.length or all(len(line) == self.length for line in lines)
        )

    def patterns(self, kind, tones):
        """The tone patterns of a line type: under "strict" the template's, under "variants" those and the turns that
        poets allowed themselves, under "relaxed" the places that count, under "off" any."""
        if tones == "off":
            return ["N" * self.length]
        five = self.length == 5
        if tones == "relaxed":
            return (RELAXED5 if five else RELAXED7)[kind]
        more = (VARIANTS5 if five else VARIANTS7).get(kind, []) if tones == "variants" else []
        return (LINE5 if five else LINE7)[kind] + more


def _iambic(feet):
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
        Form("acrostic", "a line for each letter of --acrostic", "english"),
        Form("free", "no form: the poem ends where the model ends it"),
    ]
}


def form_of(name):
    """The Form of a name, or UsageError with those there are."""
    if name not in FORMS:
        raise UsageError(f"no form {name!r}; there are: {', '.join(FORMS)}")
    return FORMS[name]
