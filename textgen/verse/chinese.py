"""What is asked of a Chinese poem, in a run's own characters: mood, beginning, heads, rhyme, template.

Knows nothing of how symbols are drawn.
"""

import numpy as np

from textgen.corpus.hanzi import forms_of
from textgen.corpus.memory import lines_of
from textgen.errors import PromptError, UsageError
from textgen.tokens.characters import CLOSING, MARKS, is_ideograph
from textgen.verse.masks.base import Opening
from textgen.verse.masks.free import Free
from textgen.verse.masks.regulated import Regulated, Sounds
from textgen.verse.sounds import mandarin as modern
from textgen.verse.sounds import pingshui
from textgen.verse.sounds.readings import UNKNOWN

_BOOKS = {book.NAME: book for book in (pingshui, modern)}


class Chinese:
    """A poem asked of a run that writes Chinese.

    Args:
        generator: its Generator.
        form: the Form.
        config: a PoemConfig.

    Attributes:
        notes: what was read otherwise than it was given, a line each.
        mood: ids that the model reads first.
    """

    def __init__(self, generator, form, config):
        self.printed, self.form, self.config = generator.printed, form, config
        self.id_of = {symbol: index for index, symbol in enumerate(self.printed) if index > 1}
        self.notes = []
        self.mood = [self.id_of[one] for one in self._read("title", config.title) + self._read("mood", config.mood)]
        self.start = self._read("start", config.start)
        self._heads = self._read("acrostic", config.acrostic)
        if not all(map(is_ideograph, self._heads)):
            raise UsageError(f"--acrostic takes characters, without marks; got {config.acrostic!r}")
        self._pairs = config.acrostic_at == "couplet"
        room = form.lines // (2 if self._pairs else 1)
        if form.lines and len(self._heads) > room:
            raise UsageError(
                f"--acrostic {config.acrostic}: {len(self._heads)} characters; {form.name} has {form.lines} lines and "
                f"takes at most {room} at --acrostic-at {config.acrostic_at}"
            )
        self._openings = self._regulated() if form.length else [self._free()]

    def opening(self, chooser):
        """An Opening, one of those that hold what was asked."""
        return self._openings[int(chooser.integers(len(self._openings)))]

    def lines(self, ids):
        """The lines that ids spell."""
        text = "".join(self.printed[index] for index in ids if index > 1)
        return lines_of(text.replace("\n", ""))

    def _read(self, name, text):
        """A text in the run's own characters; PromptError names those that it never saw."""
        given = "".join(text.split())
        text = given.translate(MARKS)
        own = "".join(next((form for form in forms_of(one) if form in self.id_of), one) for one in text)
        unknown = [one for one in dict.fromkeys(own) if one not in self.id_of]
        if unknown:
            kept = "".join(one for one in own if one in self.id_of)
            # A title is printed as it is; and a mark more or less makes no other mood.
            if name == "title" or (name == "mood" and kept and not any(map(is_ideograph, unknown))):
                own = kept
            else:
                raise PromptError(
                    f"--{name}: the run never saw {' '.join(unknown)}; choose other characters, or train on poems that "
                    "use them"
                )
        if own != given:
            self.notes.append(f"--{name} read as {own}")
        return own

    def _head_ids(self):
        step = 2 if self._pairs else 1
        return {step * place: self.id_of[head] for place, head in enumerate(self._heads)}

    def _free(self):
        heads = self._head_ids()
        lines = len(heads) * (2 if self._pairs else 1)
        verse = Free(self.printed, True, {line: np.array([head]) for line, head in heads.items()}, lines)
        if opening := self._follow(verse, self.start):
            return opening
        raise UsageError(f"--start {self.config.start} and --acrostic {self.config.acrostic} do not agree")

    def _regulated(self):
        form, config = self.form, self.config
        book = _BOOKS.get(config.rhyme_book, pingshui)
        needs_book = config.tones != "off" or config.rhyme_book != "off"
        sounds = Sounds(self.printed, book.readings if needs_book else _silent)
        wanted = self._groups(book, sounds)
        modes = ["strict", "variants"] if config.tones == "strict" else [config.tones]
        for mode in modes:
            found = [self._try(template, mode, sounds, wanted) for template in form.templates]
            if any(found):
                return list(filter(None, found))
        why = self._why(sounds, wanted)
        raise UsageError(f"no template of {form.name} holds {why}")

    def _groups(self, book, sounds):
        """The rhyme groups to choose from; None without rhyme."""
        config = self.config
        if config.rhyme_book == "off":
            if config.rhyme:
                raise UsageError("--rhyme wants a rhyme book; leave out --rhyme-book off")
            return None
        if not config.rhyme:
            return frozenset(sounds.members)
        names = book.groups()
        forms = [form for one in config.rhyme[-1:] for form in forms_of(one)]
        named = [form for form in forms if form in names]
        groups = frozenset(named[:1]) or frozenset().union(*(book.readings(form).groups for form in forms))
        if not groups:
            told = "、".join(sorted(names))
            raise UsageError(
                f"--rhyme {config.rhyme}: neither a group of the rhyme book nor a character that it reads level; "
                f"groups: {told}"
            )
        return groups

    def _try(self, template, mode, sounds, wanted):
        """An Opening of a template; None where it cannot hold what was asked."""
        needed = sum(kind.isupper() for kind in template)
        groups = wanted
        if wanted is not None:
            groups = frozenset(name for name in wanted if sounds.rhyming({name}).sum() >= needed)
            if not groups:
                return None
        heads = self._head_ids()
        verse = Regulated(self.form, template, mode, sounds, self.id_of, heads, groups)
        if not all(verse.mask(verse.at(line)).any() for line in heads):
            return None
        return self._follow(verse, self.start)

    def _follow(self, verse, text):
        """The Opening that a beginning makes; None where it cannot stand. Marks and row ends that it leaves out are put
        in."""
        forced, opened, place = [], [], verse.begin()
        symbols = list(text)
        while symbols:
            if place.over:
                return None
            index = self.id_of[symbols[0]]
            if verse.admits(place, index):
                symbols.pop(0)
            else:
                allowed = np.flatnonzero(verse.mask(place))
                own = [one for one in allowed if self.printed[one] in CLOSING + "\n"]
                if len(own) != len(allowed) or not own:
                    return None
                index = int(own[0])
                if symbols[0] in CLOSING:
                    symbols.pop(0)  # another mark than the form has there
            line = place.line
            place = verse.after(place, index)
            forced.append(index)
            opened = [*opened, index] if place.line == line else []
        return Opening(verse, place, tuple(forced), tuple(opened))

    def _why(self, sounds, wanted):
        """What stands in the way, and what to do."""
        form, config = self.form, self.config
        if wanted is not None:
            fewest = min(sum(kind.isupper() for kind in template) for template in form.templates)
            known = "".join(self.printed[index] for index in np.flatnonzero(sounds.rhyming(wanted)))
            if len(known) < fewest:
                return (
                    f"the rhyme {config.rhyme}: the run knows {len(known)} characters of it ({known}), and the form "
                    f"needs {fewest}"
                )
        asked = " and ".join(
            f"--{name} {value}" for name in ("start", "acrostic", "rhyme") if (value := getattr(config, name))
        )
        cures = [tones for tones in ("relaxed", "off") if tones != config.tones and self._holds(tones, sounds, wanted)]
        if cures and config.tones != "off":
            return f"{asked} under {config.tones} tones; give --tones {cures[0]}"
        return f"{asked}; ask for less"

    def _holds(self, tones, sounds, wanted):
        return any(self._try(template, tones, sounds, wanted) for template in self.form.templates)


def _silent(character):
    """What a book would say that nobody asks."""
    return UNKNOWN
