"""What a poem must keep, when it is written and when it is judged. Knows nothing of how a form is kept."""

import re
from dataclasses import dataclass
from typing import TypedDict

from textgen import arguments
from textgen.corpus.forms import Form, form_of
from textgen.corpus.forms.form import MAX_LINES
from textgen.errors import UsageError
from textgen.options import Config, option
from textgen.system.keywords import answers_keywords


@answers_keywords
@dataclass(frozen=True)
class Rules(Config):
    """How strict the form is, by which rhyme book, and the acrostic."""

    tones: str = option(
        "strict",
        "For Chinese verse: keep the tones of the template in every position (strict), in the positions that count "
        "(relaxed), or nowhere (off).",
        choices=("strict", "relaxed", "off"),
        group="Rules",
    )
    rhyme_book: str = option(
        "pingshui",
        "For Chinese verse: take rhymes and tones from the classical book (pingshui) or from today's Mandarin "
        "(modern), or do not rhyme (off).",
        choices=("pingshui", "modern", "off"),
        group="Rules",
    )
    acrostic: str = option(
        "", "Begin the lines with these characters, or letters, in turn.", metavar="TEXT", group="Poem"
    )
    acrostic_at: str = option(
        "line",
        "Begin each line, or each couplet, with a character of the acrostic.",
        choices=("line", "couplet"),
        group="Rules",
    )
    meter_rule: str = option(
        "substitutions",
        "For English meter: keep the pattern of the form in every syllable (strict); allow the substitutions of poets, "
        "such as a trochee at the beginning or a feminine ending (substitutions); allow anapests in iambic lines too "
        "(loose).",
        choices=("strict", "substitutions", "loose"),
        group="Rules",
    )
    rhyme_kind: str = option(
        "perfect",
        "For English verse: rhyme from the stressed vowel on (perfect), or allow near rhymes, such as time and line "
        "(near).",
        choices=("perfect", "near"),
        group="Rules",
    )
    identical_rhymes: bool = option(
        False, "For English verse: let a word rhyme with itself and with words that sound alike.", group="Rules"
    )


def keyword_list(name: str, value: object) -> str:
    """Read keywords with commas between them. Raises UsageError for what is no text."""
    text = arguments.text(name, arguments.instance(name, value, str))
    return ",".join(part.strip() for part in re.split("[,，、]", text))


@answers_keywords
@dataclass(frozen=True)
class PoemConfig(Rules):
    """What the user asks of a poem."""

    form: str = option(
        "free", "Keep this form: its name, or a path to a TOML file with one of your own.", metavar="FORM", group="Poem"
    )
    lines: int | None = option(
        None,
        "Write N lines, where the form lets you choose: 排律, 古體, terza rima, pantoum, ghazal and blank verse. "
        "[default: the form's usual number]",
        low=1,
        high=MAX_LINES,
        group="Poem",
    )
    stanzas: int | None = option(
        None,
        "Write N stanzas, where the form lets you choose: tercets of terza rima, quatrains of a pantoum, couplets of a "
        "ghazal. [default: the form's usual number]",
        low=1,
        high=MAX_LINES,
        group="Poem",
    )
    start: str = option("", "Begin the poem with this text; it is printed.", metavar="TEXT", group="Poem")
    mood: str = option(
        "", "Let the model read this text before the poem; it is not printed.", metavar="TEXT", group="Poem"
    )
    title: str = option(
        "", "Print this title above the poem, and let the model read it first.", metavar="TEXT", group="Poem"
    )
    theme: str | None = option(
        None,
        "Write about this: a few words, in the language of the poems. A keyword for each line is planned from it, "
        "which --show prints.",
        metavar="TEXT",
        group="Poem",
    )
    keywords: str | None = option(
        None,
        "Use these words in the poem, at most one for each line, separated by commas: 江,月,舟.",
        parse=keyword_list,
        metavar="WORDS",
        group="Poem",
    )
    plan: str | None = option(
        None,
        "Use these words line by line, separated by commas; leave a line free with two commas: 江,,舟,夢.",
        parse=keyword_list,
        metavar="WORDS",
        group="Poem",
    )
    plain: bool = option(
        False,
        "Choose among candidate lines by the model's probability alone, not by how well they fit the poem.",
        group="Advanced",
    )
    rhyme: str | None = option(
        None,
        "Rhyme by this group of the rhyme book, or with this word.",
        metavar="GROUP_OR_WORD",
        group="Poem",
    )
    count: int = option(1, "Write N poems, each from its own random stream.", low=1, high=1_000_000, group="Output")
    seed: int | None = option(
        None,
        "Repeat a poem: the same seed gives the same poem. [default: a new seed, printed]",
        low=0,
        high=2**63 - 1,
        group="Output",
    )
    temperature: float = option(
        0.8,
        "Sample at this temperature; 0 takes the likeliest symbol that the form allows.",
        low=0,
        high=100,
        group="Output",
    )
    capitals: str = option(
        "lines",
        "In the forms of English verse, begin each line (lines) or each sentence (sentences) with a capital, or leave "
        "capitals as the model writes them (as-is).",
        choices=("lines", "sentences", "as-is"),
        group="Output",
    )
    tries: int = option(
        12, "Sample N candidates for each line in parallel and keep the best.", low=1, high=512, group="Advanced"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        form = form_of(self.form)
        if self.lines is not None and self.stanzas is not None:
            raise UsageError("`lines` and `stanzas` both say how long the poem is; give one of them")
        if self.lines is not None and not (form.is_open and form.allows(self.lines)):
            raise UsageError(f"`lines={self.lines}`: {form.name} has {_allowed(form, 'lines')}")
        if self.stanzas is not None and not form.lines_of_stanzas(self.stanzas):
            least = form.stanzas_of(form.least_lines) if form.is_open else 0
            allowed = f"at least {least} stanzas" if least else _allowed(form, "stanzas")
            raise UsageError(f"`stanzas={self.stanzas}`: {form.name} has {allowed}")
        if self.stanzas is not None and form.lines_of_stanzas(self.stanzas) > MAX_LINES:
            raise UsageError(
                f"`stanzas={self.stanzas}`: a poem has at most {MAX_LINES} lines, and these are "
                f"{form.lines_of_stanzas(self.stanzas)}; ask for fewer"
            )

    @property
    def sized_form(self) -> Form:
        """The form, with the number of lines that is asked for."""
        form = form_of(self.form)
        lines = self.lines if self.stanzas is None else form.lines_of_stanzas(self.stanzas)
        return form if lines is None else form.sized(lines)


def _allowed(form: Form, name: str) -> str:
    """How many lines or stanzas a form has, for an error about `name`."""
    if not form.lines:
        return f"as many lines as the model writes; leave `{name}` out"
    if form.is_open:
        return "no stanzas to choose; use `lines`" if name == "stanzas" else f"{form.sizes} lines"
    return f"always {form.lines} lines; leave `{name}` out"


class RulesOptions(TypedDict, total=False):
    """The fields of Rules as keywords."""

    tones: str
    rhyme_book: str
    acrostic: str
    acrostic_at: str
    meter_rule: str
    rhyme_kind: str
    identical_rhymes: bool


class PoemOptions(RulesOptions, total=False):
    """The fields of PoemConfig as keywords."""

    form: str
    lines: int | None
    stanzas: int | None
    start: str
    mood: str
    title: str
    theme: str | None
    keywords: str | None
    plan: str | None
    plain: bool
    rhyme: str | None
    count: int
    seed: int | None
    temperature: float
    capitals: str
    tries: int
