"""Runs in words."""

from textgen.runs.config import ModelConfig
from textgen.runs.describe import shape, table
from textgen.runs.diary import best_epoch


def test_a_model_in_a_few_words():
    assert shape(ModelConfig(layers=3, units=128)) == "embedding 64, LSTM 3 x 128"
    assert shape(ModelConfig(encoder="onehot", units=256, layers=1)) == "one-hot, LSTM 1 x 256"


def test_the_best_epoch_is_the_one_of_lowest_validation_loss_if_text_was_held_out():
    training = [{"epoch": 1, "training_nats": 1.0}, {"epoch": 2, "training_nats": 2.0}]
    assert best_epoch(training)["epoch"] == 1
    both = [line | {"validation_nats": nats} for line, nats in zip(training, (3.0, 2.5), strict=True)]
    assert best_epoch(both)["epoch"] == 2


def test_an_empty_table():
    assert table([]) == []
