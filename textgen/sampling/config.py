"""The options of sampling: the transforms, and where a text begins and ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from textgen.arguments import texts
from textgen.errors import UsageError
from textgen.options import option
from textgen.sampling.schedules import Ramp
from textgen.sampling.transforms import TransformConfig, TransformOptions
from textgen.system.keywords import answers_keywords

# Where only documents are counted, each gets at most this many symbols: a model may never end one.
MAX_DOCUMENT_SYMBOLS = 10_000


DEFAULT_LENGTH = 500  # symbols


@answers_keywords
@dataclass(frozen=True)
class SamplingConfig(TransformConfig):
    """How text is drawn from a model: the transforms, and where texts begin and end."""

    length: int | None = option(
        None,
        f"Write N symbols. [default: {DEFAULT_LENGTH}; with documents, at most {MAX_DOCUMENT_SYMBOLS} for each]",
        low=0,
        high=2**63 - 1,
        group="Text",
    )
    documents: int | None = option(
        None, "Write N whole documents (poems, headlines) instead of a length.", low=1, high=2**31, group="Text"
    )
    stop: tuple[str, ...] = option(
        (), "End before this text, which is not printed itself.", parse=texts, metavar="TEXT", group="Text"
    )
    seed: int | None = option(
        None,
        "Set the random seed: the same seed gives the same text. [default: a new one]",
        low=0,
        high=2**63 - 1,
        group="Text",
    )
    count: int = option(1, "Write N texts, each from a random stream of its own.", low=1, high=1_000_000, group="Text")
    include_prompt: bool = option(True, "Print the prompt before the text that follows it.", group="Text")
    unknown: str = option(
        "error",
        "Handle prompt symbols that are not in the vocabulary: refuse the prompt, skip them, or read the nearest known "
        "ones.",
        choices=("error", "skip", "nearest"),
        group="Text",
    )
    best_of: int = option(
        1,
        "Write N candidates for each text and keep the one with the highest mean log-probability.",
        low=1,
        high=1000,
        group="Advanced",
    )
    beam: int | None = option(
        None,
        "Run a beam search of width N: it is deterministic and returns the likeliest texts found.",
        low=1,
        high=512,
        group="Advanced",
    )
    max_copy: int | None = option(
        None, "Never copy more than N characters in a row from the corpus.", low=1, high=1000, group="Advanced"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.schedule, Ramp) and self.length is None and self.documents is not None:
            raise UsageError(f"`temperature={self.temperature}` changes over the length: give `length` too")
        if self.beam is not None:
            for name, is_given in (("best_of", self.best_of > 1), ("max_copy", self.max_copy is not None)):
                if is_given:
                    raise UsageError(f"`beam` and `{name}` cannot be combined: give one of them")
            if self.count > self.beam:
                raise UsageError(f"`count={self.count}` is more than the texts that `beam={self.beam}` keeps")

    @property
    def limit(self) -> int:
        """The most symbols to write in each text."""
        if self.length is not None:
            return self.length
        return DEFAULT_LENGTH if self.documents is None else MAX_DOCUMENT_SYMBOLS * self.documents


class SamplingOptions(TransformOptions, total=False):
    """The fields of SamplingConfig as keyword arguments: what a caller may give for each."""

    length: int | None
    documents: int | None
    stop: str | Sequence[str]
    seed: int | None
    count: int
    include_prompt: bool
    unknown: str
    best_of: int
    beam: int | None
    max_copy: int | None
