"""What the user asks a poem to be about, read in a run's own symbols: theme, keywords, plan.

This module knows nothing of sampling.
"""

from dataclasses import dataclass

import numpy as np

from textgen.arguments import short, shown
from textgen.corpus.forms import Form
from textgen.corpus.hanzi import forms_of
from textgen.corpus.memory import symbols_of
from textgen.errors import ModelError, PromptError, UsageError
from textgen.system.wording import count
from textgen.verse.config import PoemConfig
from textgen.verse.meaning.knowledge import Knowledge

# Characters of a theme, of keywords or of a plan.
MAX_CHARACTERS = 1000
# Lines that are planned where the model decides how many there are; characters, or words, of a keyword.
DEFAULT_LINES, MAX_PARTS = 8, 4


@dataclass(frozen=True)
class Theme:
    """What a poem is about.

    Attributes:
        text: the theme, in symbols that the run knows; empty for none.
        keywords: words that the poem has, in the order in which the user gave them.
        plan: the keywords that the user gave line by line; empty for none.
        notes: what is read otherwise than the user wrote it.
    """

    text: str = ""
    keywords: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def planned(self, knowledge: Knowledge, form: Form, random: np.random.Generator) -> tuple[str, ...]:
        """A keyword for each line, or fewer; see `textgen.verse.meaning.themes.Themes.plan`."""
        if self.plan or not self.text:
            return self.plan
        lines = form.lines or max(DEFAULT_LINES, len(self.keywords))
        return knowledge.themes.plan(knowledge.coherence, self.text, lines, random, self.keywords, form.lengths)

    def affinity(self, knowledge: Knowledge) -> dict[str, float]:
        """How much each symbol belongs to the theme, by symbol; without those that do not."""
        shares = knowledge.themes.affinity(knowledge.coherence, self.text)
        return {knowledge.coherence.symbols[at]: float(shares[at]) for at in np.flatnonzero(shares).tolist()}


def read_theme(config: PoemConfig, form: Form, knowledge: Knowledge | None) -> Theme:
    """Read what a poem is to be about.

    Raises:
        ModelError: the run knows nothing of its poems.
        PromptError: words that none of its poems has.
        UsageError: more keywords than lines, keywords that are too long or given twice, or keywords and a plan.
    """
    asked = {name: text for name in ("theme", "keywords", "plan") if (text := getattr(config, name)) is not None}
    if not asked:
        return Theme()
    for name, text in asked.items():
        if not text.strip(", "):
            what = "a few words" if name == "theme" else "words"
            raise UsageError(f"`{name}` is empty; give {what}, or leave it out")
        if len(text) > MAX_CHARACTERS:
            raise UsageError(
                f"`{name}` has {len(text):,} characters, and at most {MAX_CHARACTERS} are read; shorten it"
            )
    if knowledge is None:
        raise ModelError(
            f"`{next(iter(asked))}`: this run keeps no knowledge of which words go together: it learned too few poems, "
            "or was trained by an older textgen; train on more poems, or use `mood`"
        )
    if "keywords" in asked and "plan" in asked:
        raise UsageError("`keywords` and `plan` both name the words of the poem; give one of them")
    reader = _Reader(knowledge)
    text = reader.theme(config.theme) if config.theme else ""
    keywords = tuple(reader.keyword("keywords", one) for one in (config.keywords or "").split(",") if one)
    plan = tuple(one and reader.keyword("plan", one) for one in config.plan.split(",")) if config.plan else ()
    for name, found in (("keywords", keywords), ("plan", plan)):
        if form.lines and len(found) > form.lines:
            raise UsageError(
                f"`{name}={short(getattr(config, name))}`: {count(len(found), 'word')} for the {form.lines} lines of "
                f"{form.name}; give at most one for each line"
            )
        if not (form.repeats or (name == "plan" and not knowledge.coherence.chinese)):
            _check_distinct(name, found, knowledge.coherence.chinese)
        lengths = form.lengths if knowledge.coherence.chinese else ()
        for number, word in enumerate(found if lengths else ()):
            # A keyword may go to any line.
            longest, where = (lengths[number], f"line {number + 1}") if name == "plan" else (max(lengths), "a line")
            if len(word) > longest:
                raise UsageError(
                    f"`{name}`: {word} has {len(word)} characters, and {where} has {longest}; use a shorter word"
                )
    return Theme(text or " ".join(filter(None, (*keywords, *plan))), keywords, plan, tuple(reader.notes))


def _check_distinct(name: str, found: tuple[str, ...], chinese: bool) -> None:
    """Raise UsageError where a word, or in Chinese a character, is given twice: no poem repeats it."""
    parts = [part for word in found for part in (word if chinese else [word])]
    if twice := next((part for part in parts if parts.count(part) > 1), ""):
        raise UsageError(f"`{name}`: {twice} is given twice, and the poem would repeat it; give it once")


@dataclass
class _Reader:
    """Reads texts in the symbols of a run's poems."""

    knowledge: Knowledge

    def __post_init__(self) -> None:
        self.notes: list[str] = []

    def theme(self, text: str) -> str:
        """The symbols of a theme that are known. Raises PromptError where none is."""
        chinese = self.knowledge.coherence.chinese
        parts = self._parts(text)
        known = [own for part in parts if (own := self._own(part))]
        own = ("" if chinese else " ").join(known)
        if not known:
            what = "a few Chinese characters" if chinese else "a few English words"
            raise PromptError(
                f"`theme={short(text)}`: the poems of this run have none of these words; give {what} that they may have"
            )
        if len(known) < len(parts) or (chinese and own != "".join(parts)):
            self.notes.append(f"`theme` read as {own}")
        return own

    def keyword(self, name: str, text: str) -> str:
        """A keyword as the poems write it. Raises PromptError or UsageError."""
        chinese = self.knowledge.coherence.chinese
        parts = self._parts(text)
        if not parts or len(parts) > MAX_PARTS or (not chinese and len(parts) > 1):
            what = f"of at most {MAX_PARTS} Chinese characters" if chinese else "in English letters"
            raise UsageError(f"`{name}`: {shown(text)} is no single word {what}; separate words by commas")
        own = [self._own(part) for part in parts]
        if unknown := [part for part, found in zip(parts, own, strict=True) if not found]:
            raise PromptError(
                f"`{name}`: the poems of this run never, or hardly ever, have {' '.join(unknown)}; choose another word"
            )
        found = "".join(own)
        if chinese and found != "".join(parts):
            self.notes.append(f"`{name}`: {text} read as {found}")
        return found

    def _parts(self, text: str) -> list[str]:
        return symbols_of(text, self.knowledge.coherence.chinese)

    def _own(self, part: str) -> str:
        """A symbol in the script of the poems; empty where they do not have it."""
        ids = self.knowledge.coherence.ids
        forms = forms_of(part) if self.knowledge.coherence.chinese else [part]
        return next((form for form in forms if form in ids), "")
