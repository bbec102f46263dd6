"""What is asked of an English poem, in a run's own symbols: mood, beginning, heads, rhyme.

Knows nothing of how symbols are drawn.
"""

import numpy as np

from textgen.corpus.memory import hash_texts, words
from textgen.errors import PromptError, UsageError
from textgen.tokens.layout import BOUNDARY, reverse_lines
from textgen.verse.masks.base import Opening
from textgen.verse.masks.free import Free
from textgen.verse.masks.metrical import Metrical
from textgen.verse.masks.spelling import LetterSpelling, WordSpelling
from textgen.verse.sounds import cmudict as cmu
from textgen.verse.sounds.lexicon import Lexicon


class English:
    """A poem asked of a run that writes with an alphabet; attributes and arguments as of `chinese.Chinese`."""

    def __init__(self, generator, form, config):
        self.generator, self.form, self.config = generator, form, config
        self.printed, self.tokenizer = generator.printed, generator.tokenizer
        self.backward = generator.direction == "backward"
        self.notes = []
        self.mood = self._encoded("mood", " ".join(part for part in (config.title, config.mood) if part), False)
        if config.start and self.backward:
            raise UsageError("--start: this run writes each line from its end; give it as --mood")
        self.start = self._encoded("start", config.start, True)
        self.heads = self._heads()
        self._opening = self._free() if not form.meters else self._metrical()

    def opening(self, chooser):
        """The Opening."""
        return self._opening

    def lines(self, ids):
        """The lines that ids spell."""
        ids = np.array([index for index in ids if index != BOUNDARY], np.intp)
        if self.backward and len(ids):
            ids = ids[reverse_lines(ids, self.tokenizer)]
        text = "".join(self.printed[index] for index in ids)
        return text.rstrip("\n").split("\n") if text else []

    def _encoded(self, name, text, is_exact):
        """Ids of a text; PromptError names what the run never saw."""
        unknown = self.tokenizer.unknown(text)
        if unknown and not self.tokenizer.unknown(text.lower()):
            text, unknown = text.lower(), []
            self.notes.append(f"--{name} read as {text}")
        if unknown:
            if not is_exact:
                kept = [symbol for symbol in self.tokenizer.split(text) if symbol not in unknown]
                if kept:
                    self.notes.append(f"--{name} read without {', '.join(map(repr, unknown))}")
                    return self.tokenizer.encode_symbols(kept).tolist()
            shown = ", ".join(repr(symbol) for symbol in unknown)
            raise PromptError(f"--{name}: the run never saw {shown}; choose other words")
        return self.generator.encode(text).tolist()

    def _heads(self):
        letters = [letter for letter in self.config.acrostic if not letter.isspace()]
        if not all(letter.isalpha() for letter in letters):
            raise UsageError(f"--acrostic takes letters; got {self.config.acrostic!r}")
        step = 2 if self.config.acrostic_at == "couplet" else 1
        form = self.form
        if form.name == "acrostic" and not letters:
            raise UsageError("form acrostic wants --acrostic TEXT: a line for each of its letters")
        if form.lines and step * (len(letters) - 1) >= form.lines:
            raise UsageError(
                f"--acrostic {self.config.acrostic}: {len(letters)} letters; {form.name} has {form.lines} lines and "
                f"takes at most {-(-form.lines // step)} at --acrostic-at {self.config.acrostic_at}"
            )
        return {step * place: letter for place, letter in enumerate(letters)}

    def _free(self):
        firsts = {}
        for line, letter in self.heads.items():
            ids = [
                index
                for index, text in enumerate(self.printed)
                if index > 1 and text[:1].lower() == letter.lower() and not text.isspace()
            ]
            if not ids:
                raise PromptError(
                    f"--acrostic: the run knows nothing that begins with {letter!r}; choose other letters"
                )
            firsts[line] = np.array(ids)
        if firsts and self.backward:
            raise UsageError("--acrostic without a form wants a run that writes lines from their beginning")
        if self.config.rhyme:
            raise UsageError("--rhyme wants a form that rhymes, such as couplets or sonnet")
        step = 2 if self.config.acrostic_at == "couplet" else 1
        verse = Free(self.printed, False, firsts, step * len(firsts))
        return self._started(verse)

    def _metrical(self):
        form, rhyme = self.form, self.config.rhyme
        lexicon = self._lexicon()
        kind = WordSpelling if self.tokenizer.whole_words else LetterSpelling
        spelling = kind(self.printed, lexicon, self.backward)
        given = None
        if rhyme:
            if set(form.rhyme) == {"-"}:
                raise UsageError(f"--rhyme: {form.name} does not rhyme")
            given = self._rhyme(rhyme, lexicon)
        verse = Metrical(form, lexicon, spelling, self.backward, self.heads, given)
        for line, letter in self.heads.items():
            if not (verse.heads[line] & spelling.first).any():
                raise PromptError(f"--acrostic: the run knows no word of known sound that begins with {letter!r}")
        return self._started(verse)

    def _lexicon(self):
        if self.tokenizer.whole_words:
            return Lexicon(sorted(WordSpelling.words(self.printed)))
        known = self.generator.memory.get("words")
        letters = {text.lower() for text in self.printed if len(text) == 1}
        found = [word for word in cmu.words() if letters.issuperset(word)]
        if known is not None:
            marks = np.array([hash_texts([word])[0] for word in found], np.uint64)
            found = [word for word, is_known in zip(found, np.isin(marks, known), strict=True) if is_known]
        return Lexicon(found)

    def _rhyme(self, rhyme, lexicon):
        word = " ".join(words(rhyme))
        rhymes = cmu.rhymes(word)
        if not rhymes:
            raise UsageError(f"--rhyme {rhyme}: not in the pronouncing dictionary; choose another word")
        needed = self.form.rhyme.count(self.form.rhyme[0])
        own = lexicon.index.get(word)
        mates = [mate for mate in np.flatnonzero(lexicon.rhyming(rhymes)) if mate != own]
        if len(mates) < needed:
            told = ", ".join(lexicon.words[mate] for mate in mates) or "none"
            raise UsageError(
                f"--rhyme {rhyme}: the run knows {len(mates)} words that rhyme with it ({told}), and {self.form.name} "
                f"needs {needed}"
            )
        return rhymes, () if own is None else (own,)

    def _started(self, verse):
        place, opened = verse.begin(), []
        for at, index in enumerate(self.start):
            if place.over or not verse.admits(place, index):
                read = "".join(self.printed[one] for one in self.start[:at])
                raise UsageError(
                    f"--start: {self.form.name} does not hold {self.printed[index].strip()!r} after {read!r}; its "
                    "meter or rhyme forbids it, or its sound is not known"
                )
            line = place.line
            place = verse.after(place, index)
            opened = [*opened, index] if place.line == line else []
        return Opening(verse, place, tuple(self.start), tuple(opened))
