"""Read forms from TOML: one table a form. A table that breaks a rule of the format ends in one line.

Each key of a table has one function in KEYS, which turns its value into fields of Form. A function may use the fields
that the keys before its own gave. docs/guide/verse.md describes the format.
"""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from textgen.arguments import shown
from textgen.corpus.forms import layout, linetypes, resizing, scheme
from textgen.corpus.forms.form import MAX_LINES, Form
from textgen.errors import UsageError
from textgen.system.wording import did_you_mean

# The largest form: patterns of a line, and characters of a pattern and of a description.
MAX_PATTERNS, MAX_PATTERN, MAX_ABOUT = 32, 60, 200
# The largest tune, in characters, and the longest name.
MAX_TUNE, MAX_NAME = 20_000, 40

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LANGUAGES = ("chinese", "english")


@dataclass
class Table:
    """A table of a file of forms, while it is read.

    Attributes:
        file: what messages call the file.
        name: the table's name, which is the form's.
        values: what the file has, key to value.
        fields: what the keys read so far give the Form.
    """

    file: str
    name: str
    values: Mapping[str, object]
    fields: dict[str, Any] = field(default_factory=dict)

    def broken(self, key: str, rule: str, mend: str) -> UsageError:
        """The error about a key: file, table, key, the rule that it breaks and how to mend it."""
        return UsageError(f"{self.file}: [{self.name}] {key}: {rule}; {mend}")

    def text(self, key: str, mend: str, longest: int = 10 * MAX_ABOUT) -> str:
        """A key's value, a text that is not empty."""
        value = self.values[key]
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            raise self.broken(key, f"takes a text of 1 to {longest:,} characters on one line; got {shown(value)}", mend)
        return value

    def texts(self, key: str, mend: str) -> list[str]:
        """A key's value, a list of texts."""
        value = self.values[key]
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            raise self.broken(key, f"takes a list of texts, at least one; got {shown(value)}", mend)
        if len(value) > MAX_LINES:
            raise self.broken(key, f"has {len(value):,} entries, more than {MAX_LINES}", "leave out some")
        return list(value)

    def needs(self, key: str, other: str) -> None:
        """Raise the error about a key that has a meaning only beside another."""
        if other not in self.values:
            raise self.broken(key, f"needs `{other}` beside it", f"add {other}, or take {key} out")


def _about(table: Table) -> None:
    table.fields["about"] = table.text("about", 'describe the form: about = "five lines, AABBA"', MAX_ABOUT)


def _language(table: Table) -> None:
    value = table.values["language"]
    if value not in LANGUAGES:
        raise table.broken(
            "language", f"takes chinese or english; got {shown(value)}", "take it out for a form of any language"
        )
    table.fields["language"] = value


def _scheme(table: Table) -> None:
    text = table.text("scheme", 'write a letter for each line: "ABAB CDCD"')
    try:
        found = scheme.parse(text)
    except ValueError as error:
        rule, _, mend = str(error).partition("; ")
        raise table.broken("scheme", rule, mend) from None
    if len(found.rhyme) > MAX_LINES:
        raise table.broken("scheme", f"has {len(found.rhyme):,} lines, more than {MAX_LINES}", "make the form shorter")
    table.needs("scheme", "meter")
    table.fields |= found._asdict() | {"lines": len(found.rhyme), "language": "english"}


def _meter(table: Table) -> None:
    table.needs("meter", "scheme")
    rhyme, value = table.fields["rhyme"], table.values["meter"]
    meters: list[object]
    mend = 'write one pattern of w, s and x for all lines ("wswsws"), a list of one a line, or {A = "...", B = "..."}'
    if isinstance(value, str):
        meters = [value] * len(rhyme)
    elif isinstance(value, list):
        if len(value) != len(rhyme):
            raise table.broken(
                "meter", f"has {len(value)} patterns, and the scheme {len(rhyme)} lines", "write one pattern a line"
            )
        meters = value
    elif isinstance(value, dict):
        meters = _meters_by_letter(table, value, rhyme)
    else:
        raise table.broken("meter", f"takes text, a list or a table; got {shown(value)}", mend)
    table.fields["meters"] = tuple(_alternatives(table, one, mend) for one in meters)


def _radif(table: Table) -> None:
    mend = 'write a letter of the scheme whose lines end in one word after the rhyme: radif = "A"'
    table.needs("radif", "meter")
    rhyme, letter = table.fields["rhyme"], table.text("radif", mend, 1).upper()
    if letter == "-" or rhyme.count(letter) < 2:
        raise table.broken("radif", f"{shown(letter)} is no letter of two lines of the scheme", mend)
    if table.fields["end_words"] or table.fields["refrains"]:
        raise table.broken("radif", "goes with no refrains and no numbered words", "take radif out")
    table.fields["end_words"] = tuple(0 if own == letter else -1 for own in rhyme)


def _open(table: Table) -> None:
    table.needs("open", "meter")
    value, lines = table.values["open"], table.fields["lines"]
    mend = "write the first and the last line of what may come any number of times: open = [4, 6]"
    if (
        not isinstance(value, list)
        or len(value) != 2
        or any(type(one) is not int for one in value)
        or not 1 <= value[0] <= value[1] <= lines
    ):
        raise table.broken("open", f"takes two numbers of lines from 1 to {lines}; got {shown(value)}", mend)
    first, size = value[0] - 1, value[1] - value[0] + 1
    ends = {0, *itertools.accumulate(table.fields["stanzas"])}
    if len(table.fields["stanzas"]) > 1 and not {first, first + size} <= ends:
        raise table.broken("open", f"lines {value[0]} to {value[1]} are no whole stanzas", mend)
    words, letter = table.fields["end_words"], table.values.get("radif")
    if table.fields["rentrements"] or (max(words, default=-1) >= 0 and letter is None):
        raise table.broken("open", "goes without * and without numbered words", "take open out")
    table.fields["unit"] = (first, size)


def _open_fits(table: Table, form: Form) -> None:
    """Raise the error about lines that may not come any number of times, because nothing shows how they go on."""
    if not form.unit:
        return
    first, last = form.unit[0] + 1, sum(form.unit)
    if form.units.copies < 2:
        rule = f"lines {first} to {last} do not come again, with the same meter and new rhymes, right after them"
        raise table.broken(
            "open", rule, "write them at least twice, and name the first time: ABA BCB CDC, open = [4, 6]"
        )
    if astray := resizing.strays(form, form.units):
        rule = f"line {astray[0] + 1} goes with a line that comes before the last time of lines {first} to {last}"
        raise table.broken("open", rule, "let it go with the last time, or with lines before the first time")


def _repeats_fit(table: Table, form: Form) -> None:
    """Raise the error about lines that cannot repeat others, because their meter is another."""
    for line in range(form.lines if form.meters else 0):
        own, source = form.meters[line], form.source_of(line)
        if form.refrain(line) >= 0 and own != form.meters[source]:
            mend = "give both the same pattern"
            raise table.broken("meter", f"lines {source + 1} and {line + 1} are one line with two patterns", mend)
        if form.refrain(line) < 0 <= source and (
            len(own) > 1
            or any(len(own[0]) >= len(whole) or not whole.startswith(own[0]) for whole in form.meters[source])
            or form.caesura(source) != len(own[0])
        ):
            mend = 'give it the beginning of that line\'s pattern, for instance "wsws" of "wswswsws"'
            raise table.broken("meter", f"line {line + 1} repeats the first words of line {source + 1}", mend)


def _meters_by_letter(table: Table, value: Mapping[str, object], rhyme: str) -> list[object]:
    own = {letter.upper(): meter for letter, meter in value.items()}
    letters = sorted(set(rhyme))
    if len(own) < len(value):
        raise table.broken(
            "meter", "names a letter twice, large and small", "letters rhyme whatever their case; keep one"
        )
    if strange := sorted(own.keys() - set(letters)):
        raise table.broken(
            "meter", f"{shown(strange[0])} is no letter of the scheme", f"the scheme has {', '.join(letters)}"
        )
    if missing := sorted(set(letters) - own.keys()):
        letter = missing[0] if missing[0].isalpha() else f'"{missing[0]}"'
        raise table.broken("meter", f"has no pattern for {missing[0]}", f'add {letter} = "..." to it')
    return [own[letter] for letter in rhyme]


def _alternatives(table: Table, value: object, mend: str) -> tuple[str, ...]:
    """The patterns of a line, which "|" joins."""
    found = value.split("|") if isinstance(value, str) else []
    if not found or not all(one and set(one) <= set("wsx") for one in found):
        raise table.broken("meter", f"{shown(value)} is no pattern", mend)
    if len(found) > MAX_PATTERNS or max(map(len, found)) > MAX_PATTERN:
        raise table.broken(
            "meter",
            f"a line takes at most {MAX_PATTERNS} patterns of at most {MAX_PATTERN} syllables",
            "shorten it",
        )
    return tuple(found)


def _length(table: Table) -> None:
    value = table.values["length"]
    if type(value) is not int or value not in linetypes.LENGTHS:
        raise table.broken("length", f"takes 5 or 7 characters; got {shown(value)}", "write length = 5 or length = 7")
    table.needs("length", "templates")
    table.fields["length"] = value


def _templates(table: Table) -> None:
    table.needs("templates", "length")
    mend = 'write one letter of a, A, b and B for each line: templates = ["aBbA"]'
    found = table.texts("templates", mend)
    for one in found:
        if strange := sorted(set(one) - linetypes.LENGTHS[table.fields["length"]]):
            raise table.broken("templates", f"{shown(strange[0])} is no type of a line", mend)
        if len(one) != len(found[0]):
            raise table.broken("templates", f"have {len(found[0])} and {len(one)} lines", "give them one length")
        if len(one) > MAX_LINES:
            raise table.broken("templates", f"have more than {MAX_LINES} lines", "make the form shorter")
        if not any(kind.isupper() for kind in one):
            raise table.broken("templates", f"{shown(one)} has no line that rhymes", mend)
    for other in ("scheme", "meter"):
        if other in table.values:
            raise table.broken("templates", f"goes without `{other}`", "take one of them out")
    lines = len(found[0])
    table.fields |= {"templates": tuple(found), "lines": lines, "stanzas": (lines,), "language": "chinese"}


def _tune(table: Table) -> None:
    mend = 'write a text for each stanza, each line as tones, rhyme and mark: tune = ["PNZ，NZZPPa。"]'
    texts = table.texts("tune", mend)
    for other in ("scheme", "meter", "templates", "length"):
        if other in table.values:
            raise table.broken("tune", f"goes without `{other}`", "take one of them out")
    if sum(map(len, texts)) > MAX_TUNE:
        raise table.broken("tune", f"has more than {MAX_TUNE:,} characters", "make the form shorter")
    try:
        lines, stanzas = layout.parse(texts)
    except ValueError as error:
        rule, _, advice = str(error).partition("; ")
        raise table.broken("tune", rule, advice or mend) from None
    if len(lines) > MAX_LINES:
        raise table.broken("tune", f"has {len(lines):,} lines, more than {MAX_LINES}", "make the form shorter")
    if max(line.length for line in lines) > MAX_PATTERN or max(len(line.patterns) for line in lines) > MAX_PATTERNS:
        raise table.broken(
            "tune", f"a line takes at most {MAX_PATTERNS} patterns of at most {MAX_PATTERN} characters", "shorten it"
        )
    for letter in sorted({line.rhyme for line in lines} - {""}):
        if sum(line.rhyme == letter for line in lines) < 2:
            raise table.broken("tune", f"only one line has the rhyme {letter}", "give two lines a letter, or none")
        if len({line.tone == layout.ANY for line in lines if line.rhyme == letter}) > 1:
            raise table.broken(
                "tune", f"the rhyme {letter} ends in N and in P or Z", "end all its lines in N, or none of them"
            )
    table.fields |= {
        "tune": lines,
        "lines": len(lines),
        "stanzas": stanzas,
        "language": "chinese",
        "wide": True,
        "repeats": True,
    }


def _rhymes(table: Table) -> None:
    table.needs("rhymes", "tune")
    value = table.values["rhymes"]
    if value not in ("tunes", "poems"):
        raise table.broken(
            "rhymes",
            f"takes tunes or poems; got {shown(value)}",
            "write tunes for the rhymes of 詞林正韻, poems for those of 平水韻",
        )
    table.fields["wide"] = value == "tunes"


def _names(table: Table) -> None:
    names = table.texts("names", 'write its other names in a list: names = ["忆江南"]')
    if strange := [one for one in names if not one.isalnum() or len(one) > MAX_NAME]:
        raise table.broken(
            "names", f"{shown(strange[0])} is no name", f"write letters or characters, at most {MAX_NAME}"
        )
    table.fields["names"] = tuple(names)


def _least(table: Table) -> None:
    value = table.values["least"]
    if "templates" not in table.values and "tune" not in table.values:
        raise table.broken("least", "needs `templates` or `tune` beside it", "take least out")
    usual = table.fields["lines"]
    if type(value) is not int or value % 2 or not 2 <= value <= usual or usual % 2:
        raise table.broken(
            "least",
            f"takes an even number of lines from 2 to {usual}, which the form has and which is even too; got "
            f"{shown(value)}",
            "write the least number of lines that a poem may have",
        )
    if len(set(table.fields["stanzas"])) > 1 or len(table.fields["stanzas"]) > 1:
        raise table.broken("least", "goes with one stanza", "write the form as one stanza, or take least out")
    table.fields["least"] = value


def _couplet(table: Table) -> None:
    if table.values["couplet"] is not True:
        raise table.broken("couplet", f"takes true; got {shown(table.values['couplet'])}", "take it out")
    for other in ("scheme", "meter", "templates", "length", "tune"):
        if other in table.values:
            raise table.broken("couplet", f"goes without `{other}`", "take one of them out")
    table.fields |= {"is_couplet": True, "lines": 2, "stanzas": (2,), "language": "chinese"}


# Each key and what reads it, in this order.
KEYS: dict[str, Callable[[Table], None]] = {
    "about": _about,
    "language": _language,
    "scheme": _scheme,
    "meter": _meter,
    "radif": _radif,
    "open": _open,
    "length": _length,
    "templates": _templates,
    "tune": _tune,
    "rhymes": _rhymes,
    "names": _names,
    "least": _least,
    "couplet": _couplet,
}


def read_form(table: Table) -> Form:
    """The Form of a table. Raises UsageError for one that breaks a rule of the format."""
    if not _NAME.fullmatch(table.name):
        raise UsageError(
            f"{table.file}: [{table.name}]: a form's name has at most 40 small letters a to z, digits, - and _, and "
            "begins with a letter; rename the table"
        )
    for key in table.values:
        if key not in KEYS:
            raise table.broken(key, "is no key of a form", did_you_mean(key, KEYS))
    if "about" not in table.values:
        raise table.broken("about", "is missing", 'describe the form: about = "five lines, AABBA"')
    for key, read in KEYS.items():
        if key in table.values:
            read(table)
    given, implied = table.values.get("language"), table.fields.get("language")
    if given not in (None, implied):
        raise table.broken("language", f"is {given}, and the other keys make {implied} verse", "take language out")
    form = Form(table.name, **table.fields)
    _repeats_fit(table, form)
    _open_fits(table, form)
    return form


def read_forms(file: str, text: str) -> dict[str, Form]:
    """The forms of a file by their names, in its order.

    Args:
        file: what messages call the file.
        text: its text.

    Raises:
        UsageError: a text that is not TOML, or a table that breaks a rule of the format.
    """
    import tomllib  # here, since most commands need no form

    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise UsageError(f"{file}: nested too deeply; a form is one table of texts, numbers and lists") from None
    except ValueError as error:  # also a number of too many digits
        raise UsageError(f"{file}: not TOML: {error}; mend the file there") from None
    found = {}
    for name, table in values.items():
        if not isinstance(table, dict):
            raise UsageError(f"{file}: {name}: stands outside a table; begin the file with the form's name: [my-form]")
        found[name] = read_form(Table(file, name, table))
    return found
