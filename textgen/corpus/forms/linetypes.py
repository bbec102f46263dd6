"""The line types of regulated verse (律句), by which its templates are spelled.

Tones: P level (平), Z oblique (仄), N either. A line's type says how it ends (capital: level, and the line rhymes;
small: oblique) and which tone its second character has, counted from the left of the last five (a: oblique, b: level).

Source: Wang Li, 漢語詩律學 (1958), checked against two independent tables.
"""

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
# The length of a line to the letters of its types.
LENGTHS = {5: frozenset(LINE5), 7: frozenset(LINE7)}


def patterns(kind: str, length: int, tones: str) -> list[str]:
    """The tone patterns of a line type.

    Args:
        kind: its letter.
        length: characters of the line: 5 or 7.
        tones: "strict" for the template's patterns, "variants" for these and the licensed deviations, "relaxed" for
            the positions that count, "off" for any tones.
    """
    if tones == "off":
        return ["N" * length]
    five = length == 5
    if tones == "relaxed":
        return (RELAXED5 if five else RELAXED7)[kind]
    more = (VARIANTS5 if five else VARIANTS7).get(kind, []) if tones == "variants" else []
    return (LINE5 if five else LINE7)[kind] + more
