"""The chain of transforms: which ones a configuration asks for, and applying them to logits."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.errors import UsageError
from textgen.options import option_of
from textgen.sampling.context import MAX_HISTORY, Context, Logits, Transform, Vocabulary
from textgen.sampling.transforms import TransformConfig


@dataclass(frozen=True)
class NeverFollows:
    """Forbid, after each symbol, the symbols that never follow it.

    This is the first transform: adding its masks turns the model's float32 logits into float64.

    Attributes:
        kinds: int, shape (vocabulary,): the kind of each symbol.
        masks: float64, shape (kinds, vocabulary): 0, or minus infinity for a symbol that never follows this kind.
    """

    kinds: NDArray[np.intp]
    masks: NDArray[np.float64]
    reach: ClassVar[int] = 1

    def __call__(self, logits: Logits, context: Context) -> Logits:
        return logits + self.masks.take(self.kinds.take(context.history[:, -1]), 0)


def chain(config: TransformConfig, vocabulary: Vocabulary, own: Sequence[Transform] = ()) -> list[Transform]:
    """The transforms that a configuration asks for, in their order.

    Args:
        config: the options.
        vocabulary: the model's symbols.
        own: a caller's transforms, placed before the temperature.

    Raises:
        UsageError: an option names a symbol that the model does not have.
    """
    transforms: list[Transform] = [NeverFollows(*vocabulary.tokenizer.following(vocabulary.backward))]
    for field in dataclasses.fields(TransformConfig):
        if field.name == "temperature":
            transforms += own
        value, make = getattr(config, field.name), option_of(field).make
        if make and (value != field.default or field.name == "temperature"):
            transform = make(value, config, vocabulary)
            if transform is not None:
                transforms.append(transform)
    return transforms


def reach(transforms: Sequence[Transform]) -> int:
    """How many of the latest ids of a text some transforms look at."""
    return max((getattr(each, "reach", MAX_HISTORY) for each in transforms), default=0)


def transformed(
    logits: NDArray[np.float32] | NDArray[np.float64], context: Context, transforms: Sequence[Transform]
) -> Logits:
    """The logits that are drawn from: float64, shape (rows, vocabulary).

    Args:
        logits: the model's, float32, shape (rows, vocabulary).
        context: what the transforms see.
        transforms: from `chain`; the first turns the logits into float64.

    Raises:
        UsageError: a transform returned something other than logits.
    """
    changed = cast(Logits, logits)
    for transform in transforms:
        changed = transform(changed, context)
        if getattr(changed, "shape", None) != logits.shape:
            raise UsageError(f"a transform returned {_shape_of(changed)}; expected an array of shape {logits.shape}")
    return changed


def _shape_of(found: object) -> str:
    """What a caller's transform returned, in words."""
    return f"an array of shape {found.shape}" if isinstance(found, np.ndarray) else arguments.shown(found)
