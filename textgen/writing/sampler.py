"""How the symbols of a call's texts are sampled, and the rows made from that. Knows nothing of when a text ends."""

import dataclasses
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textgen.engine.network import AnyNetwork
from textgen.sampling.config import SamplingConfig
from textgen.sampling.context import Transform
from textgen.sampling.draw import Uniforms
from textgen.sampling.schedules import Constant
from textgen.sampling.transforms import TransformConfig
from textgen.writing.block import Row
from textgen.writing.rows import Rows, Start
from textgen.writing.samples import Ending

if TYPE_CHECKING:
    from textgen.corpus.spans import Spans

# What tells the random stream of a text from others of its seed: which prompt, which of its texts, which candidate.
Key = tuple[int, int, int]


def new_seed() -> int:
    """A random seed, short enough to type again."""
    return secrets.randbelow(2**32)


@dataclass(frozen=True)
class Sampler:
    """How symbols are sampled: the same for all texts of a call.

    Attributes:
        engine: the network.
        printed: each id's text.
        config: the options, with a seed.
        transforms: from `textgen.sampling.chain.chain`.
        seed: of all random streams.
        measured: whether each Sample gets its log-probability.
        backward: whether the model writes each line from its end.
        spans: spans of text that must not be written, or None.
        threads: the most threads of Python that write blocks of texts.
        own: whether a caller's own transforms are among them.
        has_bytes: whether some symbols are bytes of a character.
    """

    engine: AnyNetwork
    printed: Sequence[str]
    config: SamplingConfig
    transforms: Sequence[Transform]
    seed: int
    measured: bool = False
    backward: bool = False
    spans: "Spans | None" = None
    threads: int = 1
    own: bool = False
    has_bytes: bool = False

    @property
    def length(self) -> int | None:
        """How many symbols each text will have; None where documents end it."""
        config = self.config
        return config.limit if config.length is not None or config.documents is None else None

    @property
    def shares(self) -> bool:
        """Whether its transforms do the same to all rows, whatever their positions are."""
        return not self.own and isinstance(self.config.schedule, Constant)

    @cached_property
    def group(self) -> object:
        """As of `textgen.writing.block.Row`. Where the sampler does not share, its rows must begin at the same step."""
        if not self.shares:
            return object()
        return tuple(getattr(self.config, field.name) for field in dataclasses.fields(TransformConfig))

    def ending(self) -> Ending:
        """What says which part of a text may be shown, and whether it is over."""
        return Ending(self.config, self.backward, self.has_bytes)

    def rows(self, start: Start, key: Key) -> Rows:
        """The Rows in which a single text is drawn."""
        return Rows(self.engine, [start], self.transforms, Uniforms(self.seed, [key]), self.printed, self.length)

    def row(self, start: Start, key: Key) -> Row:
        """A row of a Block in which a text is drawn."""
        return Row(start, self.transforms, self.seed, key, self.config.limit, self.group, self.length, self.measured)
