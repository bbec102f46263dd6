"""Writing together: the model proposes how the text might go on, a person chooses, types, undoes.

What is written so far is a stack of places (text, state), each a value, so that undoing costs nothing. This module
knows nothing of terminals.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from textgen.engine.probability import log_probabilities
from textgen.errors import UsageError
from textgen.system import threads
from textgen.tokens.characters import in_word
from textgen.tokens.layout import BOUNDARY
from textgen.writing.generator import Generator, new_seed
from textgen.writing.prompts import readable
from textgen.writing.rows import ROWS, Rows, Start
from textgen.writing.sampling import SamplingConfig, Uniforms, draw
from textgen.writing.transforms import chain

# The most symbols of a proposal, should its words never end.
LONGEST = 200


@dataclass(frozen=True)
class Proposal:
    """A way to go on.

    Attributes:
        text: the next words, with the space before them where there is one.
        probability: that the model, with the options as they are, goes on so.
        ids: of the text's symbols.
    """

    text: str
    probability: float
    ids: tuple[int, ...]


@dataclass(frozen=True)
class _Place:
    text: str
    start: Start


class CoWriter:
    """A text that a person and a model write together.

    Args:
        generator: the Generator.
        prompt: what the text begins with.
        words: words in a proposal.
        ways: proposals at a time.
        options: transforms' options and the seed, as of `Generator.generate`.

    Raises:
        UsageError: an option out of its range.
        PromptError: the prompt holds symbols outside the vocabulary.
    """

    def __init__(self, generator: Generator, prompt: str = "", *, words: int = 3, ways: int = 5, **options):
        if generator.direction == "backward":
            raise UsageError("this run writes each line from its end; write together with one trained forward")
        self._generator = generator
        self._configure(SamplingConfig(**{"seed": new_seed()} | options))
        self.words, self.ways = words, ways
        self._turn = 0
        self._places = [
            _Place(prompt, Start.after(generator.engine, generator.read_prompt(prompt, self._config.unknown)))
        ]

    @property
    def text(self) -> str:
        """What has been written."""
        return self._places[-1].text

    @property
    def seed(self) -> int:
        """The seed: with it, the same choices meet the same proposals."""
        return self._config.seed

    @property
    def temperature(self) -> float:
        """The temperature of the proposals to come; may be set."""
        return self._config.temperature

    @temperature.setter
    def temperature(self, value):
        self._configure(dataclasses.replace(self._config, temperature=value))

    def propose(self) -> list[Proposal]:
        """Ways to go on, the likeliest first, none twice; other ones at each call.

        A block of texts is drawn, each to the end of its words, and the likeliest of those that begin with different
        words are taken; where there are too few, the next likeliest.
        """
        found = {proposal.text: proposal for proposal in self._drawn() if proposal.text.strip() or proposal.ids}
        ranked = sorted(found.values(), key=lambda proposal: -proposal.probability)
        firsts, others = {}, []
        for proposal in ranked:
            first = (proposal.text.split() or [""])[0]
            if first in firsts:
                others.append(proposal)
            else:
                firsts[first] = proposal
        chosen = [*firsts.values(), *others][: self.ways]
        return sorted(chosen, key=lambda proposal: -proposal.probability)

    def take(self, proposal: Proposal):
        """Go on with a proposal."""
        self._go_on(self.text + proposal.text, proposal.ids)

    def add(self, text: str) -> list[str]:
        """Go on with a text of one's own. It stays as it is; what the model never saw, it reads past.

        Returns:
            the symbols that the model never saw.
        """
        tokenizer = self._generator.tokenizer
        unknown = tokenizer.unknown(text)
        whole = self.text + text
        if tokenizer.whole_words:
            # The words at the seam may have become one.
            ids = self._generator.read_prompt(whole, "skip")
            self._places.append(_Place(whole, Start.after(self._generator.engine, ids)))
        else:
            self._go_on(whole, tokenizer.encode(readable(text, tokenizer, "skip")))
        return unknown

    def undo(self) -> bool:
        """Take back the latest step; False where there is none."""
        if len(self._places) > 1:
            self._places.pop()
            return True
        return False

    def _configure(self, config):
        if isinstance(config.temperature, str):
            raise UsageError(f"--temperature {config.temperature}: writing together has no length to go along")
        self._transforms = chain(config, self._generator.tokenizer, self._generator.printed)
        self._config = config

    def _go_on(self, text, ids):
        start = self._places[-1].start
        if len(ids):
            logits, state = self._generator.engine.read(np.asarray(ids), start.state)
            start = Start(logits, state, np.concatenate([start.ids, ids]))
        self._places.append(_Place(text, start))

    def _drawn(self):
        """A block of ways to go on, with repeats."""
        generator, self._turn = self._generator, self._turn + 1
        uniforms = Uniforms(self.seed, [(self._turn, row) for row in range(ROWS)])
        starts = [self._places[-1].start] * ROWS
        endings = [_Words(self.text, self.words) for _ in range(ROWS)]
        with threads.limited(threads.for_rows(ROWS, generator.engine.largest_product)):
            rows = Rows(generator.engine, starts, self._transforms, uniforms, generator.printed, None)
            for _ in range(LONGEST):
                logits = rows.transformed()
                ids = draw(logits, uniforms())
                for ending, index, chance in zip(endings, ids.tolist(), log_probabilities(logits, ids), strict=True):
                    ending.take(index, generator.printed[index], float(chance))
                if all(ending.over for ending in endings):
                    break
                rows.read(ids)
        return [ending.proposal() for ending in endings]


class _Words:
    """Symbols up to the end of so many words, of a line that has words in it, or of the document."""

    def __init__(self, before, words):
        self.left, self.over = words, False
        self._inside = bool(before) and in_word(before[-1])
        # A word that stands finished before the first symbol does not count, one that is begun there does.
        self._text, self._ids, self._chance = "", [], 0.0
        self._begun = False

    def take(self, index, piece, chance):
        if self.over:
            return
        ends_word = self._begun and self._inside and not in_word(piece[0])
        if ends_word:
            self.left -= 1
        if self.left <= 0 and piece[0].isspace():
            self.over = True
            if piece[0] != "\n" or index == BOUNDARY:
                return
        self._text += piece
        self._ids.append(index)
        self._chance += chance
        self._inside = in_word(piece[-1])
        self._begun = self._begun or self._inside
        if (piece.endswith("\n") and self._text.strip()) or index == BOUNDARY:
            self.over = True

    def proposal(self):
        return Proposal(self._text, float(np.exp(self._chance)), tuple(self._ids))
