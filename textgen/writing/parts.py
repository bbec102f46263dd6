"""What programs give to a Generator, checked: weights, hashes of poems, mixtures, ids, transforms, options."""

import dataclasses
import itertools
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.corpus.memory import Memory
from textgen.errors import PromptError, UsageError
from textgen.runs.config import ModelConfig
from textgen.sampling.config import SamplingConfig
from textgen.sampling.context import Transform
from textgen.tokens.base import Tokenizer
from textgen.tokens.layout import RESERVED

if TYPE_CHECKING:
    from textgen.corpus.spans import Spans


def mixture_weights(weights: Sequence[float], runs: int) -> list[float]:
    """The weights of a mixture, at most one too many. Raises UsageError for what are not numbers of 0 or more."""
    wanted = "weights of 0 or more, not all 0"
    found = [
        arguments.as_float(each) for each in itertools.islice(arguments.items("weights", weights, wanted), runs + 1)
    ]
    if not all(0 <= weight < np.inf for weight in found):
        raise arguments.refused("weights", wanted, weights)
    return found


def own_transforms(transforms: Sequence[Transform]) -> list[Transform]:
    """A caller's own transforms. Raises UsageError for what cannot be called, and for one that is in no list."""
    wanted = "a list of functions of (logits, context)"
    return [
        arguments.function("transforms", each, wanted) for each in arguments.items("transforms", transforms, wanted)
    ]


def known_ids(ids: Sequence[int], tokenizer: Tokenizer) -> list[int]:
    """The ids of a prompt. Raises PromptError for one that stands for no symbol of the vocabulary."""
    size = tokenizer.vocabulary_size
    for place, index in enumerate(ids):
        if type(index) is not int or not RESERVED <= index < size:
            raise PromptError(
                f"`prompts`: the id in place {place + 1:,} is {arguments.shown(index)}; the ids of this model's "
                f"{tokenizer.noun}s go from {RESERVED} to {size - 1}"
            )
    return list(ids)


def is_file(text: str) -> bool:
    """Whether a text is the name of a file, and so most likely not the text that was meant."""
    return len(text) <= arguments.MAX_PATH and "\n" not in text and os.path.isfile(text.replace("\0", "\n"))


def hashes(memory: Memory | None) -> Memory:
    """Hashes of poems by name. Raises UsageError for anything else."""
    wanted = "a dict of uint64 arrays by name"
    found = {} if memory is None else arguments.instance("memory", memory, dict, wanted)
    for name, hashes in found.items():
        if not isinstance(name, str) or getattr(hashes, "dtype", None) != np.uint64:
            raise arguments.refused("memory", wanted, memory)
    return found


def check_weights(weights: Mapping[str, NDArray[np.float32]], model: ModelConfig) -> None:
    """Raise UsageError where weights are not those that a model needs."""
    arguments.instance("weights", weights, Mapping, "a mapping of names to float32 arrays")
    shapes = model.weight_shapes()
    for name, shape in shapes.items():
        array = weights.get(name)
        if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.shape != shape:
            raise arguments.refused("weights", f"a float32 array of shape {shape} as {name!r}", array)


def long_spans(corpus: str, max_copy: int | None) -> "Spans | None":
    """The spans of a corpus that are too long to be copied; None for no limit."""
    if max_copy is None:
        return None
    from textgen.corpus.spans import Spans  # few texts have a limit on copying

    return Spans(corpus, max_copy + 1)


def checked_config(config: SamplingConfig, corpus: str, documents: str, direction: str) -> SamplingConfig:
    """The configuration, once it is known that a run can follow it. Raises UsageError.

    Args:
        config: the options.
        corpus: the text that `max_copy` compares with; empty for none.
        documents, direction: those of the run.
    """
    if config.documents and documents == "file":
        raise UsageError(
            "`documents`: this run learned whole files and saw too few document ends to write one; give `length`, "
            'or train with `documents="block"` or `documents="line"`'
        )
    if (config.max_copy is None) != (not corpus):
        raise UsageError("`max_copy` and `corpus` go together: the longest copy allowed, and of which text")
    if corpus and is_file(corpus):
        raise UsageError(f"`corpus` takes the text itself, and {arguments.shown(corpus)} is a file: give what is in it")
    if direction == "backward" and (config.beam or config.max_copy):
        raise UsageError(
            "`beam` and `max_copy` need a run that writes lines from their beginning; this one was trained with "
            '`direction="backward"`'
        )
    # A beam search compares the model's own probabilities.
    return dataclasses.replace(config, temperature=1.0) if config.beam else config
