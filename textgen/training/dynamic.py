"""Dynamic evaluation: how well a model predicts a text while it goes on learning from what it has read of it.

After each stretch of text, the weights take one step of gradient descent on the loss of that stretch (Mikolov et al.
2010; Krause et al. 2018). Every prediction is made before its symbol is learned from, so the loss counts like any
other. It is not the loss of the weights in the run folder, though, and is reported under its own name. The run stays as
it is: what is learned here is discarded.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.planning.sizes import step_seconds
from textgen.planning.streams import HeldOutStreams
from textgen.runs.config import DROPOUTS, ModelConfig
from textgen.runs.losses import Evaluation
from textgen.tokens.extent import Extent
from textgen.tokens.layout import UNKNOWN, Ids
from textgen.training.feed import feed
from textgen.training.fit import compile_in_groups
from textgen.training.model import LanguageModel
from textgen.training.optimizer import make_descent

# Symbols of a stretch, the rate of plain gradient descent and its bound on the gradient's norm: docs/log.md.
LENGTH, RATE, CLIP_NORM = 32, 0.2, 1.0


def evaluate_dynamically(
    config: ModelConfig, weights: Mapping[str, NDArray[np.float32]], ids: Ids, extent: Extent
) -> Evaluation:
    """Measure a model that learns from the text as it reads, one stretch of LENGTH symbols at a time.

    Args:
        config: the run's ModelConfig; dropout is turned off.
        weights: name to float32 array; they are not changed.
        ids: the text, integers, shape (symbols,), a BOUNDARY before each document; at least two.
        extent: the length of the text.

    Returns:
        an Evaluation.
    """
    ids = np.asarray(ids, dtype=np.int32)
    off: dict[str, Any] = dict.fromkeys(DROPOUTS, 0.0)
    config = dataclasses.replace(config, **off)
    model = LanguageModel(config, batch_size=1)
    model.import_weights(weights)
    compile_in_groups(model, make_descent(RATE, CLIP_NORM), step_seconds(config, LENGTH))
    streams = HeldOutStreams(ids, batch=1, length=LENGTH, rows=1)
    history = model.fit(feed(streams, seed=0), shuffle=False, verbose=0)
    return Evaluation(
        nats=history.history["nats"][0],
        symbols=streams.symbols,
        extent=extent,
        unknown=float(np.mean(ids == UNKNOWN)),
    )
