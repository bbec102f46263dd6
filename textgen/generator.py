"""A prompt to text: read the prompt, then draw one symbol after another from the model.

`Generator.stream` yields text as it is written; `Generator.generate` is its join. This module knows nothing of
training, and importing it never imports TensorFlow or Keras.
"""

import secrets
from collections.abc import Iterator

import numpy as np

from textgen import runs
from textgen.config import ModelConfig, SamplingConfig, TrainingConfig
from textgen.corpus import SEPARATORS
from textgen.engine import Engine
from textgen.errors import PromptError
from textgen.sampling import Forbid, Temperature, draw
from textgen.symbols import BOUNDARY, UNKNOWN
from textgen.tokenizers import Tokenizer


def new_seed() -> int:
    """A seed nobody chose, short enough to type again."""
    return secrets.randbelow(2**32)


class Generator:
    """Writes in the voice of one run.

    Attributes:
        model: the run's ModelConfig.
        tokenizer: its Tokenizer.
        engine: its Engine.
        documents: what one document of its corpus was: "file", "block" or "line".
        separator: the text printed where the model ends one document and begins the next.
    """

    def __init__(self, model: ModelConfig, training: TrainingConfig, tokenizer: Tokenizer, weights: dict):
        self.model = model
        self.tokenizer = tokenizer
        self.engine = Engine(model, weights)
        self.documents = training.documents
        self.separator = SEPARATORS[training.documents]

    @classmethod
    def load(cls, run=None) -> "Generator":
        """The generator of a run: a folder's path, a name below `checkpoints/`, or None for the newest run.

        Raises:
            RunError: no such run, or one that cannot be read.
        """
        run = runs.load(run)
        return cls(run.model, run.training, run.tokenizer, run.weights)

    def stream(self, prompt: str = "", **options) -> Iterator[str]:
        """Write text, a symbol at a time, as it is drawn.

        Args:
            prompt: text that the model reads first; empty to begin a document.
            options: any field of SamplingConfig: `length`, `temperature`, `seed`, `include_prompt`.

        Raises:
            UsageError: an option out of its range.
            PromptError: the prompt holds symbols outside the vocabulary.
        """
        config = SamplingConfig(**options)
        ids = self.read_prompt(prompt)
        # Checked before the first symbol is asked for: the caller hears of a bad prompt here, not in its loop.
        return self._stream(prompt, ids, config)

    def generate(self, prompt: str = "", **options) -> str:
        """The text that `stream` writes, whole. Same arguments, same errors."""
        return "".join(self.stream(prompt, **options))

    def read_prompt(self, prompt: str) -> np.ndarray:
        """Ids to begin from, at least one. Raises PromptError listing what the model never saw.

        Where documents are blocks or lines, a document boundary and the prompt. Where a document is a whole file the
        model saw too few boundaries to have learned what follows one, so it reads the prompt alone, or without a
        prompt the white space between two parts of a text.
        """
        unknown = self.tokenizer.unknown(prompt)
        if unknown:
            shown = ", ".join(map(ascii_safe, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
            raise PromptError(
                f"the prompt holds {len(unknown)} {self.tokenizer.noun}{'s' * (len(unknown) > 1)} "
                f"the model never saw: {shown}; write the prompt without"
            )
        if self.documents == "file":
            prompt = prompt or ("" if self.tokenizer.unknown(self.separator) else self.separator)
            if prompt:
                return self.tokenizer.encode(prompt)
        return np.concatenate([[BOUNDARY], self.tokenizer.encode(prompt)])

    def _stream(self, prompt, ids, config):
        if config.include_prompt and prompt:
            yield prompt
        if not config.length:
            return
        rng = np.random.default_rng(new_seed() if config.seed is None else config.seed)
        logits, state = self.engine.read(ids)
        history = list(map(int, ids))
        temperature = Temperature(config.temperature)
        for _ in range(config.length):
            index = draw(logits, history, (Forbid(self._never_after(history[-1])), temperature), rng)
            history.append(index)
            yield self.separator if index == BOUNDARY else self.tokenizer.decode((index,))
            logits, state = self.engine.step(state, (index,))
            logits = logits[0]

    def _never_after(self, index):
        # A document that has only just begun cannot end: an empty one is never written.
        reserved = [UNKNOWN, BOUNDARY] if index == BOUNDARY else [UNKNOWN]
        return np.concatenate([reserved, self.tokenizer.never_after(index)]).astype(np.intp)


def ascii_safe(symbol: str) -> str:
    """A symbol in quotes, with what cannot be seen written out: U+200D."""
    return repr(symbol) if symbol.isprintable() else " ".join(f"U+{ord(character):04X}" for character in symbol)
