"""Streams to what `fit` and `evaluate` read: batches in the text's order.

Holds code for one Keras backend, for the reason that `feed` gives.
"""

import numpy as np

from textgen.training.backend import keras

# Batches made ready while others are trained on.
PREFETCHED = 4


def feed(streams, seed, first=0, steps=None, goes_on=False):
    """Some steps of a training, or of an evaluation, as Keras takes them on this backend.

    Give `fit` shuffle=False with it: a stretch must follow the one before it, or the carried state is another text's.

    On TensorFlow, Keras would read a PyDataset through a tf.data pipeline that tunes itself; a pipeline of one
    generator has nothing to tune, and TensorFlow 2.21 waits for the tuner's thread, 5 to 25 seconds now and then,
    when such a pipeline is let go: at an epoch's end, after an evaluation, at the end of the process. So the pipeline
    is made here, without.

    Args:
        streams: the Streams.
        seed: of the places in the text where passes begin, which follow from it and the number of the pass alone, so
            that stretches are not cut alike in each.
        first: the training's step to begin with.
        steps: how many; None for one pass.
        goes_on: whether the state in the model is that of the step before the first.
    """
    batches = Batches(streams, seed, first, steps or streams.steps, goes_on)
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    inputs, targets = batches[0]
    signature = (
        {name: tf.TensorSpec(array.shape, array.dtype) for name, array in inputs.items()},
        tf.TensorSpec(targets.shape, targets.dtype),
    )
    options = tf.data.Options()
    options.autotune.enabled = False

    def read():
        return map(batches.__getitem__, range(len(batches)))

    pipeline = tf.data.Dataset.from_generator(read, output_signature=signature)
    pipeline = pipeline.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return pipeline.prefetch(PREFETCHED).with_options(options)


class Batches(keras.utils.PyDataset):
    """The steps of `feed`: a dict of "ids" (int32, shape (rows, length)) and "carry" (float32, shape (rows, 1)), as
    LanguageModel takes them, and targets (int32, shape (rows, length))."""

    def __init__(self, streams, seed, first, steps, goes_on=False):
        super().__init__()
        self.streams, self.seed, self.first, self.steps, self.goes_on = streams, seed, first, steps, goes_on

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        turn, place = divmod(self.first + index, self.streams.steps)
        offset = int(np.random.default_rng([self.seed, turn]).integers(len(self.streams.ids)))
        inputs, targets = self.streams.step(place, offset)
        # After an evaluation the state in the model is that of the held-out text: begin anew.
        carried = (index > 0 or self.goes_on) and place > 0
        carry = np.full((len(inputs), 1), float(carried), dtype=np.float32)
        return {"ids": inputs, "carry": carry}, targets
