"""Trains and measures a model on one Keras backend, from given weights, in a process of its own. Prints JSON.

    KERAS_BACKEND=jax python -m tests.helpers.backend_worker

The text, the weights and the order of the steps are the same on every backend. There is no dropout, because each
backend has its own random numbers.
"""

import dataclasses
import json

import numpy as np

from textgen.planning.candidates import CandidateSampler
from textgen.planning.labelling import Labelling, TextLabels
from textgen.planning.streams import held_out_streams, training_streams
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.tokens.labels import LabelSet
from textgen.tokens.layout import BOUNDARY
from textgen.training import head
from textgen.training.backend import keras
from textgen.training.feed import feed
from textgen.training.fit import compiled

STEPS = 200
CONFIG = ModelConfig(
    vocabulary_size=30,
    embedding_size=12,
    units=32,
    layers=2,
    dropout=0.0,
    output_dropout=0.0,
    recurrent_dropconnect=0.0,
)
TRAINING = TrainingConfig(batch_size=8, sequence_length=16, learning_rate=0.01)


# Many symbols, of which a step reads some: tied weights, a projection, a loss over candidates.
WORDS = dataclasses.replace(CONFIG, vocabulary_size=300, projection=12, tie=True)

# Two voices that are told by a label, and predicted.
LABELLED = dataclasses.replace(CONFIG, labels=(LabelSet("voice", ("a", "b")),), label_size=4, classify="voice")


def words():
    """A text of 300 symbols, few of them frequent, that mostly follow from those before them."""
    draw = np.random.default_rng(8)
    return (2 + 298 * draw.random(20_000) ** 4).astype(np.int32)


def text():
    """A text whose symbols mostly follow from those before them."""
    draw = np.random.default_rng(5)
    ids = [2, 3]
    while len(ids) < 20_000:
        ids.append(2 + (3 * ids[-1] + (ids[-2] if draw.random() < 0.2 else 1)) % 28)
    return np.array(ids, dtype=np.int32)


def weights(config=CONFIG):
    """Initial weights, made by NumPy."""
    draw = np.random.default_rng(6)
    values = {name: draw.normal(0, 0.15, shape).astype(np.float32) for name, shape in config.weight_shapes().items()}
    for layer in range(config.layers):
        values[f"lstm.{layer}.bias"][config.units : 2 * config.units] = 1
    return values


def held_out():
    return held_out_streams(text()[:3000], TRAINING.batch_size, TRAINING.sequence_length)


class Losses(keras.callbacks.Callback):
    """The loss of each step, from the running mean that `fit` reports. All steps have the same number of symbols."""

    def on_train_begin(self, logs=None):
        self.totals = [0.0]

    def on_train_batch_end(self, batch, logs=None):
        self.totals.append(logs["nats"] * (batch + 1))


def losses(model, streams, steps, **options):
    told = Losses()
    model.fit(feed(streams, 0, steps=steps, **options), callbacks=[told], shuffle=False, verbose=0)
    return np.diff(told.totals).tolist()


def fresh(training, config=CONFIG):
    model = compiled(config, training, training.batch_size, STEPS)
    model.steps_per_execution = 1
    model.import_weights(weights(config))
    return model


def learn_words():
    """The losses of steps over candidates, and the loss over all symbols afterwards."""
    training = TrainingConfig(batch_size=8, sequence_length=16, learning_rate=0.01, softmax_samples=96)
    model, streams = fresh(training, WORDS), training_streams(words(), 8, 16)
    sampler = CandidateSampler(np.bincount(words(), minlength=WORDS.vocabulary_size), training.softmax_samples)
    learned = losses(model, streams, 60, sampler=sampler)
    held_out = held_out_streams(words()[:3000], 8, 16)
    head.MAX_LOGITS = 5 * 8 * WORDS.vocabulary_size  # an evaluation in pieces of five steps, and a rest
    return learned, model.evaluate(feed(held_out, 0), verbose=0, return_dict=True)["nats"]


def labelled_text():
    """Documents of two voices, whose last symbol only the label tells."""
    draw = np.random.default_rng(9)
    ids, labels = [], []
    for _ in range(4000):
        voice, first = int(draw.integers(2)), int(draw.integers(4))
        labels.append([1 + voice])
        ids += [BOUNDARY, 2 + first, 6 + voice]
    text = np.array(ids, dtype=np.int32)
    return text, TextLabels.of(text, np.array(labels, dtype=np.int32))


def learn_labels():
    """The losses of steps with labels and a classifier, and the losses afterwards: told the labels, and not."""
    ids, labels = labelled_text()
    model, streams = fresh(TRAINING, LABELLED), training_streams(ids, 8, 16, labels)
    learned = losses(model, streams, STEPS, labelling=Labelling(dropout=0.2, classify=0))
    held_out = held_out_streams(
        ids[:3000], 8, 16, TextLabels.of(ids[:3000], labels.ids[: int((ids[:3000] == BOUNDARY).sum())])
    )
    told, hidden = (
        model.evaluate(feed(held_out, 0, labelling=Labelling(dropout, classify=0)), verbose=0, return_dict=True)["nats"]
        for dropout in (0.0, 1.0)
    )
    return learned, told, hidden


def main():
    model = fresh(TRAINING)
    evaluated = model.evaluate(feed(held_out(), 0), verbose=0, return_dict=True)["nats"]
    learned = losses(model, training_streams(text(), TRAINING.batch_size, TRAINING.sequence_length), STEPS)
    # At a learning rate that changes nothing, the losses that `fit` reports are those of these weights.
    still = fresh(TrainingConfig(batch_size=8, sequence_length=16, learning_rate=1e-12))
    frozen = losses(still, training_streams(text(), 8, 16), 40)
    words_learned, words_evaluated = learn_words()
    labels_learned, told, hidden = learn_labels()
    found = {
        "backend": keras.backend.backend(),
        "evaluated": evaluated,
        "learned": learned,
        "frozen": frozen,
        "words_learned": words_learned,
        "words_evaluated": words_evaluated,
        "labels_learned": labels_learned,
        "labels_evaluated": [told, hidden],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
