"""What the user asks of a Chinese poem, in a run's own characters: mood, beginning, acrostic, rhyme, template.

This module knows nothing of sampling.
"""

import numpy as np

from textgen.arguments import short, shown
from textgen.corpus.forms import Form
from textgen.corpus.forms.couplets import couplet_layout
from textgen.corpus.forms.layout import Layout
from textgen.corpus.hanzi import forms_of
from textgen.corpus.headings import NONE, clean_title, heading_for, shape_of
from textgen.corpus.memory import lines_of
from textgen.errors import PromptError, UsageError
from textgen.tokens.characters import CLOSING, MARKS, is_ideograph
from textgen.tokens.layout import RESERVED
from textgen.verse.config import PoemConfig
from textgen.verse.masks.base import AnyOpening, Opening, P, Verse
from textgen.verse.masks.free import Free
from textgen.verse.masks.regulated import Regulated, letters_of, needed_in_all, rich
from textgen.verse.masks.sounds import Groups, Sounds
from textgen.verse.meaning.knowledge import knowledge_from
from textgen.verse.sounds.books import RhymeBook, book_for_tones
from textgen.verse.sounds.readings import UNKNOWN, Readings
from textgen.writing.generator import Generator

# Characters of a rhyme that a message shows.
MAX_SHOWN = 40
# What messages call the tones in which lines rhyme.
TONE_NAMES = {"P": "level", "Z": "oblique", "N": "in any tone"}


class Chinese:
    """A poem for a run that writes Chinese; attributes as of `textgen.verse.composing.Language`.

    Args:
        generator: the run's Generator.
        form: the Form.
        config: the options.
        theme: the theme of the options in the run's own characters, which `read_theme` has noted.
    """

    def __init__(self, generator: Generator, form: Form, config: PoemConfig, theme: str = "") -> None:
        self.printed, self.tokenizer, self.form, self.config = generator.printed, generator.tokenizer, form, config
        self.id_of = {symbol: index for index, symbol in enumerate(self.printed) if index >= RESERVED}
        self.notes: list[str] = []
        has_heading = generator.heading != NONE
        self.title = (config.theme or "") if has_heading and not config.title else ""
        name, text = ("title", config.title) if config.title or not has_heading else ("theme", theme)
        title = self._read(name, clean_title(text, True) if has_heading else text)
        mood = self._read("mood", config.mood) if has_heading else title + self._read("mood", config.mood)
        self.mood = [self.id_of[one] for one in mood]
        known = knowledge_from(generator.knowledge)
        # To a model whose poems had no titles, a title in the heading is strange.
        self.heading = self._heading("" if known is not None and not known.has_titles else title, generator.heading)
        self.start = self._read("start", config.start)
        self._heads = self._read("acrostic", config.acrostic)
        if not all(map(is_ideograph, self._heads)):
            raise UsageError(f"`acrostic` takes Chinese characters without punctuation; got {shown(config.acrostic)}")
        self._pairs = config.acrostic_at == "couplet"
        room = form.lines // (2 if self._pairs else 1)
        if form.lines and len(self._heads) > room:
            raise UsageError(
                f"`acrostic={short(config.acrostic)}`: {len(self._heads)} characters; {form.name} has {form.lines} "
                f'lines and takes at most {room} with `acrostic_at="{config.acrostic_at}"`'
            )
        self._openings: list[AnyOpening] = self._regulated() if form.is_tonal else [self._free()]

    def opening(self, chooser: np.random.Generator) -> AnyOpening:
        """One of the openings that keep what the user asks for."""
        return self._openings[int(chooser.integers(len(self._openings)))]

    def lines(self, ids: list[int]) -> list[str]:
        """The lines that ids spell."""
        text = self.tokenizer.decode(ids).replace("\n", "")
        return lines_of(text) if text else []

    def _read(self, name: str, text: str) -> str:
        """A text in the run's own characters. Raises PromptError for characters outside its vocabulary."""
        given = "".join(text.split())
        text = given.translate(MARKS)
        own = "".join(next((form for form in forms_of(one) if form in self.id_of), one) for one in text)
        unknown = [one for one in dict.fromkeys(own) if one not in self.id_of]
        if unknown:
            kept = "".join(one for one in own if one in self.id_of)
            # A title is printed unchanged, and punctuation does not change a mood.
            if name in ("title", "theme") or (name == "mood" and kept and not any(map(is_ideograph, unknown))):
                own = kept
            else:
                raise PromptError(
                    f"`{name}`: not in the run's vocabulary: {' '.join(unknown)}; choose other characters, or train on "
                    "poems that use them"
                )
        if own != given and name != "theme":
            self.notes.append(f"`{name}` read as {own}")
        return own

    def _heading(self, title: str, kind: str) -> list[int]:
        """The ids of the heading that the model reads: the title, and the shape of the form."""
        row = heading_for(title, shape_of(self.form.lengths), kind)
        return [self.id_of[one] for one in row if one in self.id_of]

    def _head_ids(self) -> dict[int, int]:
        step = 2 if self._pairs else 1
        return {step * place: self.id_of[head] for place, head in enumerate(self._heads)}

    def _free(self) -> AnyOpening:
        if self.config.rhyme:
            raise UsageError(f"`rhyme`: {self.form.name} does not rhyme; choose another `form`, such as jueju5")
        heads = self._head_ids()
        lines = len(heads) * (2 if self._pairs else 1)
        verse = Free(self.printed, True, {line: np.array([head]) for line, head in heads.items()}, lines)
        if opening := self._follow(verse, self.start):
            return opening
        raise UsageError(
            f"`start={short(self.config.start)}` contradicts `acrostic={short(self.config.acrostic)}`; change one of "
            "them"
        )

    def _regulated(self) -> list[AnyOpening]:
        config = self.config
        book = book_for_tones(config.rhyme_book, self.form.wide)
        needs_book = config.tones != "off" or config.rhyme_book != "off"
        sounds = Sounds(self.printed, book.readings if needs_book else _unread)
        wanted = self._groups(book)
        modes = ["strict", "variants"] if config.tones == "strict" else [config.tones]
        for mode in modes:
            found = [self._try(layout, sounds, wanted) for layout in self._layouts(mode, sounds)]
            if openings := [one for one in found if one is not None]:
                return openings
        raise UsageError(self._obstacle(sounds, wanted))

    def _layouts(self, tones: str, sounds: Sounds) -> list[Layout]:
        if not self.form.is_couplet:
            return self.form.layouts(tones)
        first = next((line for line in lines_of(self.start)), "")
        known = [self.id_of[one] for one in first if is_ideograph(one)]
        return [couplet_layout([(bool(sounds.tones["P"][one]), bool(sounds.tones["Z"][one])) for one in known], tones)]

    def _groups(self, book: RhymeBook) -> Groups | None:
        """The rhyme groups to choose from, empty for all; None without rhyme."""
        config = self.config
        if config.rhyme_book == "off":
            if config.rhyme:
                raise UsageError('`rhyme` needs a rhyme book; leave out `rhyme_book="off"`')
            return None
        if not config.rhyme:
            return frozenset()
        if self.form.is_couplet:
            raise UsageError(f"`rhyme`: {self.form.name} does not rhyme; choose another `form`, such as jueju5")
        names, tones = book.groups(), {line.tone for line in self.form.layouts("strict")[0].lines if line.rhyme}
        forms = [form for one in config.rhyme[-1:] for form in forms_of(one)]
        named = [form for form in [config.rhyme, *forms] if form in names]
        found = [book.readings(form) for form in forms]
        groups = frozenset(named[:1])
        if not groups and tones & {"P", "N"}:
            groups = groups.union(*(one.groups for one in found))
        if not groups and tones & {"Z", "N"}:
            groups = groups.union(*(one.other_groups for one in found))
        if not groups:
            raise UsageError(
                f"`rhyme={short(config.rhyme)}` is neither a group of the rhyme book nor a character that it reads "
                f"{' or '.join(TONE_NAMES[tone] for tone in sorted(tones))}; groups: {'、'.join(sorted(names))}"
            )
        return groups

    def _try(self, layout: Layout, sounds: Sounds, wanted: Groups | None) -> AnyOpening | None:
        """The opening of a layout; None where the layout does not fit what the user asks for.

        A rhyme that the user asks for is that of the first line that rhymes.
        """
        groups: dict[str, Groups] | None = None
        if wanted is not None:
            groups = {letter: rich(layout, letter, sounds) for letter in letters_of(layout)}
            if wanted:
                groups[letters_of(layout)[0]] &= wanted
            if not all(groups.values()):
                return None
        heads = self._head_ids()
        verse = Regulated(layout, sounds, self.id_of, heads, groups, self.form.repeats)
        if not verse.is_possible or not all(verse.mask(verse.at(line)).any() for line in heads):
            return None
        return self._follow(verse, self.start)

    def _follow(self, verse: Verse[P], text: str) -> Opening[P] | None:
        """The opening after the user's beginning, with the marks and row ends that it leaves out; None where the
        beginning does not fit."""
        forced: list[int] = []
        opened: list[int] = []
        position = verse.begin()
        symbols = list(text)
        while symbols:
            if position.over:
                return None
            index = self.id_of[symbols[0]]
            if verse.admits(position, index):
                symbols.pop(0)
            else:
                allowed = np.flatnonzero(verse.mask(position)).tolist()
                own = [one for one in allowed if self.printed[one] in CLOSING + "\n"]
                if len(own) != len(allowed) or not own:
                    return None
                index = own[0]
                if symbols[0] in CLOSING:
                    symbols.pop(0)  # a mark other than the form's
            line = position.line
            position = verse.after(position, index)
            forced.append(index)
            opened = [*opened, index] if position.line == line else []
        return Opening(verse, position, tuple(forced), tuple(opened))

    def _obstacle(self, sounds: Sounds, wanted: Groups | None) -> str:
        """What no template fits, and what to do."""
        form, config = self.form, self.config
        layout = min(self._layouts(config.tones, sounds), key=lambda one: sum(bool(line.rhyme) for line in one.lines))
        for letter in letters_of(layout) if wanted is not None else []:
            if wanted and letter == letters_of(layout)[0] and not rich(layout, letter, sounds) & wanted:
                return self._poor_rhyme(layout, sounds, wanted)
            if not rich(layout, letter, sounds):
                return self._poor_run(layout, letter, sounds)
        asked = " and ".join(
            f"`{name}={value}`" for name in ("start", "acrostic", "rhyme") if (value := getattr(config, name))
        )
        none = f"no template of {form.name} fits {asked}"
        looser = [tones for tones in ("relaxed", "off") if tones != config.tones and self._fits(tones, sounds, wanted)]
        if looser and config.tones != "off":
            return f'{none} with `tones="{config.tones}"`; use `tones="{looser[0]}"`'
        return f"{none}; ask for less"

    def _poor_rhyme(self, layout: Layout, sounds: Sounds, wanted: Groups) -> str:
        """The message about a rhyme of which the run knows too few characters."""
        tones = needed_in_all(layout, letters_of(layout)[0])
        tone, number = max(tones.items(), key=lambda one: one[1])
        found = sounds.rhymes[tone].rhyming(wanted)
        known = "".join(self.printed[index] for index in np.flatnonzero(found).tolist())
        return (
            f"no template of {self.form.name} fits `rhyme={short(self.config.rhyme or '')}`: the run knows "
            f"{len(known)} characters of this rhyme ({known[:MAX_SHOWN]}), and the form needs {number}"
        )

    def _poor_run(self, layout: Layout, letter: str, sounds: Sounds) -> str:
        """The message about a form that needs more characters of one rhyme than the run knows."""
        tones = needed_in_all(layout, letter)
        tone = min(tones, key=lambda one: max(sounds.rhymes[one].sizes.values(), default=0) - tones[one])
        most = max(sounds.rhymes[tone].sizes.values(), default=0)
        name = "" if tone == "N" else TONE_NAMES[tone] + " "
        return (
            f"`form`: {self.form.name} needs {tones[tone]} characters of one {name}rhyme, and the run knows {most} at "
            "most; train on more poems, or choose a shorter form"
        )

    def _fits(self, tones: str, sounds: Sounds, wanted: Groups | None) -> bool:
        return any(self._try(layout, sounds, wanted) for layout in self._layouts(tones, sounds))


def _unread(character: str) -> Readings:
    """Stands in for a rhyme book where neither tones nor rhymes matter."""
    return UNKNOWN
