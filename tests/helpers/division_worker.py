"""Trains 200 steps as one process of a group, and writes what came of it. Runs on JAX.

    python -m tests.helpers.division_worker MEMBERSHIP OUT.npz [KIND] [FAULT]

KIND is "characters", "words" (a loss over candidates, tied weights, a projection), "padded" (no dropout, for a batch
that does not divide) or "labels". FAULT plants a mistake
that a comparison must find: "state" does not carry the state, "rows" has all processes read the same rows.
"""

import json
import sys

from textgen.corpus.documents import Corpus
from textgen.group.group import Alone
from textgen.group.meeting import meet
from textgen.group.membership import Membership
from textgen.planning.plan import plan as make_plan
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.training import cluster

STEPS = 200
SMALL = {"units": 24, "embedding_size": 12, "layers": 2, "dropout": 0.1, "recurrent_dropconnect": 0.1}
KINDS = {
    "characters": ({}, {}),
    "words": (
        {"tokenizer": "word", "embedding_size": None, "projection": 12, "tie": True, "input_dropout": 0.1},
        {"softmax_samples": 40},
    ),
    "padded": (
        {"tokenizer": "word", "dropout": 0.0, "recurrent_dropconnect": 0.0, "output_dropout": 0.0},
        {"softmax_samples": 40, "activation_penalty": 2.0, "change_penalty": 1.0},
    ),
    "labels": ({"label_size": 4}, {"label": ("who",), "documents": "line"}),
}


def corpus(kind):
    """A text in which what comes next depends on what came long before."""
    from tests.conftest import verse

    if kind == "labels":
        from tests.helpers.voices import CORPUS

        return CORPUS
    return Corpus("verse", (verse() * 3,))


def main():
    """Train and write."""
    member, out = Membership(**json.loads(sys.argv[1])), sys.argv[2]
    kind, fault, *_ = [*sys.argv[3:], "characters", ""] if len(sys.argv) == 3 else [*sys.argv[3:], ""]
    cluster.check()
    with meet(member) if member.size > 1 else Alone() as group:
        cluster.start(group, member)
        group.watch_closely()
        import numpy as np

        from textgen.training import distribution, feed
        from textgen.training.backend import keras
        from textgen.training.distribution import divide
        from textgen.training.fit import compiled
        from textgen.training.saver import training_variables
        from textgen.training.timing import training_feed

        of_model, of_training = KINDS[kind]
        model = ModelConfig(**(SMALL | of_model))
        training = TrainingConfig(batch_size=8, sequence_length=16, epochs=9, learning_rate=0.01, **of_training)
        plan = make_plan(corpus(kind), model, training)
        if fault == "rows":
            distribution._OnJax.deal = lambda self, streams: streams.dealt(0, self._own)
        if fault == "state":
            read = feed.Batches.__getitem__

            def without_state(self, index):
                inputs, targets = read(self, index)
                return inputs | {"carry": np.zeros_like(inputs["carry"])}, targets

            feed.Batches.__getitem__ = without_state
        division = divide(group, plan.streams, 1, is_asked=True)
        losses = []

        class Losses(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                losses.append(float(self.model.nats.result()))
                self.model.nats.reset_state()

        with division.scope():
            trained = compiled(plan.model, plan.training, division.rows, STEPS, 1, division.text_rows)
            trained.fit(training_feed(plan, division, 0, STEPS), callbacks=[Losses()], shuffle=False, verbose=0)
            found = division.fetch(training_variables(trained))
            held_out = feed.feed(division.deal(plan.held_out), 0)
            evaluated = trained.evaluate(held_out, verbose=0, return_dict=True)["nats"]
        if group.is_first:
            devices = len(division.layout.device_mesh.devices)
            np.savez(out, losses=losses, evaluated=evaluated, devices=devices, **found)
        group.gather("end", True)


if __name__ == "__main__":
    main()
