"""Streams to what Keras's `fit` and `evaluate` read: batches in the order of the text.

Holds code for one Keras backend, for the reason that `feed` gives.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.planning.candidates import CandidateSampler
from textgen.planning.labelling import LabelArrays, Labelling
from textgen.planning.streams import Streams
from textgen.tokens.layout import IGNORED
from textgen.training.backend import keras

# Batches prepared while others are trained on.
PREFETCHED_BATCHES = 4
# Tell the random numbers of candidates, and of labels, from those of a pass over the text.
DRAWS, LABELS = 1, 2

Batch = tuple[dict[str, NDArray[Any]], NDArray[np.int32]]


def feed(
    streams: Streams,
    seed: int,
    first: int = 0,
    steps: int | None = None,
    goes_on: bool = False,
    sampler: CandidateSampler | None = None,
    labelling: Labelling | None = None,
    whole: Streams | None = None,
) -> Any:
    """Some steps of a training, or of an evaluation, in the form that Keras takes on this backend.

    Give `fit` shuffle=False with it: a stretch must follow the one before it, or the carried state belongs to
    another text.

    On TensorFlow, Keras would read a PyDataset through a tf.data pipeline that tunes itself. A pipeline of one
    generator has nothing to tune, and TensorFlow 2.21 sometimes waits 5 to 25 seconds for the tuner's thread when such
    a pipeline is released: after an epoch, after an evaluation, at the end of the process. So the pipeline is made
    here, without the tuner.

    Args:
        streams: the Streams.
        seed: decides, with the number of the pass, where in the text each pass begins, so that stretches are cut
            differently in each.
        first: the step of the training to begin with.
        steps: how many steps; None for one pass.
        goes_on: whether the state in the model belongs to the step before the first.
        sampler: what chooses the candidates of each step, for a sampled softmax.
        labelling: which documents' labels are told; None tells all that the streams have.
        whole: all rows, where the streams give those of one process and the candidates are chosen for all; else None.
    """
    batches = Batches(streams, seed, first, steps or streams.steps, goes_on, sampler, labelling, whole)
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    inputs, targets = batches[0]
    signature = (
        # The number of candidates may change from step to step.
        {
            name: tf.TensorSpec(array.shape if array.ndim > 1 else (None,), array.dtype)
            for name, array in inputs.items()
        },
        tf.TensorSpec(targets.shape, targets.dtype),
    )
    options = tf.data.Options()
    options.autotune.enabled = False

    def read() -> Iterator[Batch]:
        return map(batches.__getitem__, range(len(batches)))

    pipeline = tf.data.Dataset.from_generator(read, output_signature=signature)
    pipeline = pipeline.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return pipeline.prefetch(PREFETCHED_BATCHES).with_options(options)


class Batches(keras.utils.PyDataset):
    """The steps of `feed`, in the form that LanguageModel takes.

    Each is a dict of "ids" (int32, shape (rows, length)) and "carry" (float32, shape (rows, 1)), and targets (int32,
    shape (rows, length)). With a sampler, the dict also has "candidates" (int32) and "corrections" (float32), both of
    shape (candidates,), and the targets are places among them. Of a text with labels there is what a Labelling tells:
    "labels" (int32, shape (rows, length, names)), and perhaps "classes" (int32, shape (rows, length)).
    """

    def __init__(
        self,
        streams: Streams,
        seed: int,
        first: int,
        steps: int,
        goes_on: bool = False,
        sampler: CandidateSampler | None = None,
        labelling: Labelling | None = None,
        whole: Streams | None = None,
    ) -> None:
        super().__init__()
        self.whole = whole
        self.streams, self.seed, self.first, self.steps, self.goes_on = streams, seed, first, steps, goes_on
        self.sampler, self.labelling = sampler, labelling or Labelling()
        self._told: tuple[int, LabelArrays] | None = None  # of a pass

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> Batch:
        turn, place = divmod(self.first + index, self.streams.steps)
        offset = int(np.random.default_rng([self.seed, turn]).integers(len(self.streams.ids)))
        inputs, targets = self.streams.step(place, offset)
        # After an evaluation the state in the model belongs to the held-out text: start from zeros.
        carried = (index > 0 or self.goes_on) and place > 0
        carry = np.full((len(inputs), 1), float(carried), dtype=np.float32)
        batch = {"ids": inputs, "carry": carry} | self._labels(turn, place, offset)
        if not self.sampler:
            return batch, targets
        # By the number of the step: a training that is resumed draws what it would have drawn.
        random = np.random.default_rng([self.seed, self.first + index, DRAWS])
        own = slice(None)
        if self.whole is not None:  # the candidates are those of all rows, the same in each process
            targets = self.whole.step(place, offset)[1]
            own = slice(self.streams.first, self.streams.first + self.streams.rows)
        drawn = self.sampler.draw(targets, random)
        return batch | {"candidates": drawn.ids, "corrections": drawn.corrections}, drawn.targets[own]

    def _labels(self, turn: int, place: int, offset: int) -> dict[str, NDArray[np.int32]]:
        """What a step is told of its documents' labels, and which it predicts."""
        labels = self.streams.labels
        if labels is None:
            return {}
        if self._told is None or self._told[0] != turn:
            self._told = turn, self.labelling.told(labels, [self.seed, turn, LABELS])
        documents = self.streams.documents(place, offset)
        found = {name: array[documents] for name, array in self._told[1].items()}
        if "classes" in found:
            found["classes"][self.streams.filled :] = IGNORED  # padding
        return found
