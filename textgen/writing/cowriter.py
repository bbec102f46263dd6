"""Writing together: the model proposes how the text might go on; a person chooses, types, undoes.

The text so far is a stack of steps (text, state of the network), each a value, so undoing costs nothing. A run that
writes each line from its end goes on from whole lines only: there a proposal is a line, and so is what a person types.
This module knows nothing of terminals.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Unpack

import numpy as np

from textgen import arguments
from textgen.engine.probability import log_probabilities
from textgen.errors import UsageError
from textgen.sampling.chain import chain
from textgen.sampling.config import SamplingConfig, SamplingOptions
from textgen.sampling.context import Vocabulary
from textgen.sampling.draw import Uniforms, draw
from textgen.sampling.schedules import Ramp
from textgen.system import threads
from textgen.system.keywords import answers_keywords, with_options
from textgen.system.wording import count
from textgen.tokens.bytes import bytes_to_characters
from textgen.tokens.characters import in_word
from textgen.tokens.layout import BOUNDARY
from textgen.writing.generator import Generator
from textgen.writing.prompts import readable, whole_lines
from textgen.writing.rows import Rows, Start
from textgen.writing.sampler import new_seed
from textgen.writing.samples import Ending

# The most symbols of a proposal, in case its words never end.
MAX_PROPOSAL_SYMBOLS = 200

# Ways to go on that are drawn side by side; the most that may be proposed.
ROWS = 32


@dataclass(frozen=True)
class Proposal:
    """A way to go on.

    Attributes:
        text: the next words, with the space before them where there is one; or the next line, with its end.
        probability: of this text under the model and the current options.
        ids: of the text's symbols.
    """

    text: str
    probability: float
    ids: tuple[int, ...] = field(repr=False)

    @property
    def mean_probability(self) -> float:
        """The geometric mean of its symbols' probabilities, which compares texts of different lengths."""
        return math.exp(math.log(max(self.probability, sys.float_info.min)) / max(len(self.ids), 1))


@dataclass(frozen=True)
class _Step:
    text: str
    start: Start


@answers_keywords
class CoWriter:
    """A text that a person and a model write together.

    Args:
        generator: the Generator.
        prompt: the beginning of the text.
        words: how many words a proposal has; without effect where it is a whole line.
        ways: how many proposals are made at a time.
        options: fields of SamplingConfig: the transforms, `seed` and `unknown` have an effect.

    Raises:
        UsageError: an unknown option, or one out of its range.
        PromptError: the prompt holds symbols outside the vocabulary.
    """

    def __init__(
        self,
        generator: Generator,
        prompt: str = "",
        *,
        words: int = 3,
        ways: int = 5,
        **options: Unpack[SamplingOptions],
    ) -> None:
        self._generator = arguments.instance("generator", generator, Generator)
        prompt = self._whole(arguments.text("prompt", prompt))
        config = with_options(SamplingConfig, None, options)
        self._seed = new_seed() if config.seed is None else config.seed
        self._configure(config)
        self.words, self.ways = words, ways
        self._turn = 0
        self._steps = [_Step(prompt, Start.after(generator.engine, generator.read_prompt(prompt, config.unknown)))]

    def __repr__(self) -> str:
        of = "whole lines" if self.by_line else count(self.words, "word")
        return f"<CoWriter: {arguments.shown(self.text)}, {count(self.ways, 'proposal')} of {of}, seed {self.seed}>"

    @property
    def text(self) -> str:
        """What has been written."""
        return self._steps[-1].text

    @property
    def by_line(self) -> bool:
        """Whether a proposal is a whole line, and so is what is added."""
        return self._generator.direction == "backward"

    @property
    def noun(self) -> str:
        """What one symbol is, such as "character"."""
        return self._generator.tokenizer.noun

    @property
    def seed(self) -> int:
        """The seed: with it, the same choices lead to the same proposals."""
        return self._seed

    @property
    def temperature(self) -> float | tuple[float, ...] | str:
        """The temperature of the next proposals; may be set, in every form that the option takes except start:end."""
        return self._config.temperature

    @temperature.setter
    def temperature(self, value: float | Sequence[float] | str) -> None:
        self._configure(with_options(SamplingConfig, self._config, {"temperature": value}))

    @property
    def words(self) -> int:
        """How many words a proposal has; may be set."""
        return self._words

    @words.setter
    def words(self, value: int) -> None:
        self._words = arguments.whole_number("words", value, 1, MAX_PROPOSAL_SYMBOLS)

    @property
    def ways(self) -> int:
        """How many proposals are made at a time; may be set."""
        return self._ways

    @ways.setter
    def ways(self, value: int) -> None:
        self._ways = arguments.whole_number("ways", value, 1, ROWS)

    def propose(self) -> list[Proposal]:
        """Propose different ways to go on, the likeliest first. Each call proposes anew.

        A block of texts is drawn, each to the end of its words. The likeliest of those that begin with different words
        are chosen; where these are too few, the next likeliest. Whole lines are compared by the symbol, since the
        shortest would always be the likeliest.
        """
        found = {proposal.text: proposal for proposal in self._sampled() if proposal.text.strip() or proposal.ids}
        ranked = sorted(found.values(), key=self._merit, reverse=True)
        firsts: dict[str, Proposal] = {}
        others: list[Proposal] = []
        for proposal in ranked:
            first = (proposal.text.split() or [""])[0]
            if first in firsts:
                others.append(proposal)
            else:
                firsts[first] = proposal
        chosen = [*firsts.values(), *others][: self.ways]
        return sorted(chosen, key=self._merit, reverse=True)

    @answers_keywords
    def take(self, proposal: Proposal) -> None:
        """Append a proposal. Raises UsageError for anything else."""
        arguments.instance("proposal", proposal, Proposal, "a Proposal (`add` appends a text of your own)")
        self._append(self.text + proposal.text, proposal.ids)

    @answers_keywords
    def add(self, text: str) -> list[str]:
        """Append a text of your own. The text stays as it is; the model skips symbols outside its vocabulary.

        Where a proposal is a whole line, the text is one too: it gets a line's end where it has none.

        Returns:
            the symbols outside the vocabulary.

        Raises:
            UsageError: not a text.
        """
        text = self._whole(arguments.text("text", text))
        tokenizer = self._generator.tokenizer
        unknown: list[str] = tokenizer.unknown(text)
        whole = self.text + text
        if not tokenizer.of_characters:
            # The last symbol so far and the first of the text may together be one symbol.
            ids = self._generator.read_prompt(whole, "skip")
            self._steps.append(_Step(whole, Start.after(self._generator.engine, ids)))
        else:
            self._append(whole, self._generator.encode(readable(text, tokenizer, "skip")).tolist())
        return unknown

    def undo(self) -> bool:
        """Take back the latest step; False where there is none."""
        if len(self._steps) > 1:
            self._steps.pop()
            return True
        return False

    def _merit(self, proposal: Proposal) -> float:
        """What the first proposal has most of."""
        return proposal.mean_probability if self.by_line else proposal.probability

    def _whole(self, text: str) -> str:
        """A text with a line's end, where this run goes on from whole lines only."""
        return whole_lines(text) if self.by_line else text

    def _configure(self, config: SamplingConfig) -> None:
        """Use these options from now on. Raises UsageError."""
        if isinstance(config.schedule, Ramp):
            raise UsageError(
                f"`temperature={config.temperature}` changes over the length, and a text written together has none"
            )
        self._transforms = chain(config, Vocabulary(self._generator.printed, self._generator.tokenizer, self.by_line))
        self._config = config

    def _append(self, text: str, ids: Sequence[int]) -> None:
        """Step to a longer text, whose last symbols have these ids."""
        start = self._steps[-1].start
        if len(ids):
            logits, state = self._generator.engine.read(np.asarray(ids), start.state)
            start = Start(logits, state, np.concatenate([start.ids, ids]))
        self._steps.append(_Step(text, start))

    def _sampled(self) -> list[Proposal]:
        """A block of ways to go on. Some may be the same."""
        generator, self._turn = self._generator, self._turn + 1
        uniforms = Uniforms(self._seed, [(self._turn, row) for row in range(ROWS)])
        starts = [self._steps[-1].start] * ROWS
        endings = [_Line() if self.by_line else _Words(self.text, self.words) for _ in range(ROWS)]
        with threads.limited():
            rows = Rows(generator.engine, starts, self._transforms, uniforms, generator.printed, None)
            for _ in range(MAX_PROPOSAL_SYMBOLS):
                logits = rows.transformed()
                ids = draw(logits, uniforms())
                for ending, index, chance in zip(endings, ids.tolist(), log_probabilities(logits, ids), strict=True):
                    ending.take(index, generator.printed[index], float(chance))
                if all(ending.over for ending in endings):
                    break
                rows.read(ids)
        return [ending.proposal() for ending in endings]


class _Words:
    """Collects symbols up to the end of some words, of a line that has words, or of the document.

    Args:
        before: the text that the symbols follow.
        words: how many words to collect. A word that was complete before the first symbol does not count; one that the
            first symbols continue does.

    Attributes:
        over: whether the words are complete.
    """

    def __init__(self, before: str, words: int) -> None:
        self.over = False
        self._left = words
        self._inside = bool(before) and in_word(before[-1])
        self._begun = False
        self._text, self._log_probability = "", 0.0
        self._ids: list[int] = []

    def take(self, index: int, piece: str, log_probability: float) -> None:
        """Take a symbol, its text and its log-probability."""
        if self.over:
            return
        ends_word = self._begun and self._inside and not in_word(piece[0])
        if ends_word:
            self._left -= 1
        if self._left <= 0 and piece[0].isspace():
            self.over = True
            if piece[0] != "\n" or index == BOUNDARY:
                return
        self._text += piece
        self._ids.append(index)
        self._log_probability += log_probability
        self._inside = in_word(piece[-1])
        self._begun = self._begun or self._inside
        if (piece.endswith("\n") and self._text.strip()) or index == BOUNDARY:
            self.over = True

    def proposal(self) -> Proposal:
        """What was collected."""
        return Proposal(bytes_to_characters(self._text), float(np.exp(self._log_probability)), tuple(self._ids))


class _Line:
    """Collects symbols, from the end of a line to its beginning, and puts the line together.

    Attributes:
        over: whether the line is complete: it has words, or the document is over.
    """

    def __init__(self) -> None:
        self.over = False
        self._ending = Ending(SamplingConfig(), backward=True)
        self._text, self._log_probability = "", 0.0
        self._ids: list[int] = []

    def take(self, index: int, piece: str, log_probability: float) -> None:
        """Take a symbol, its text and its log-probability."""
        if self.over:
            return
        self._text += self._ending.take(index, piece)
        self._ids.append(index)
        self._log_probability += log_probability
        self.over = index == BOUNDARY or bool(self._text.strip())

    def proposal(self) -> Proposal:
        """The line; an empty proposal where it has no end yet, since no other line can follow it."""
        if not self.over:
            return Proposal("", 0.0, ())
        return Proposal(self._text, float(np.exp(self._log_probability)), tuple(self._ids))
