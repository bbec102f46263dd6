"""The choice of a model's size, regularisation, rate and epochs."""

import pytest

from textgen.planning.sizes import REGULARISATION, REGULARISATION_TIED, SOFTMAX_SAMPLES, choose, regularisation
from textgen.runs.config import ModelConfig, TrainingConfig

LONG = 1_000_000  # symbols


def chosen(symbols=LONG, model=None, **training):
    return choose(ModelConfig(vocabulary_size=67, **model or {}), TrainingConfig(**training), symbols)


def test_more_minutes_take_a_larger_model():
    units = [chosen(minutes=minutes)[0].units for minutes in (0.3, 1.25, 5, 15)]
    assert units == sorted(units)
    assert len(set(units)) == 4
    assert chosen()[0].units == units[1]


def test_the_rate_follows_the_model_that_is_trained_and_not_the_name_of_its_size():
    # 1x384 at 0.008 and 1x512 at 0.006 were measured (docs/log.md).
    for units, layers, rate in ((384, 1, 0.008), (512, 1, 0.006), (64, 1, 0.01), (1024, 4, 0.0015)):
        assert chosen(model={"units": units, "layers": layers})[1].learning_rate == rate


def test_a_large_vocabulary_takes_a_smaller_model():
    """Logits take most of the time, so fewer steps fit."""
    words = ModelConfig(vocabulary_size=20_000)
    exact = choose(words, TrainingConfig(minutes=2.0, softmax_samples=0), LONG)
    assert exact[0].units < chosen(minutes=2.0)[0].units
    # Over some symbols of the vocabulary, as many steps fit as with a vocabulary of that size.
    sampled = choose(words, TrainingConfig(minutes=2.0), LONG)
    assert sampled[1].softmax_samples == SOFTMAX_SAMPLES
    assert (
        sampled[0].units
        == choose(ModelConfig(vocabulary_size=SOFTMAX_SAMPLES), TrainingConfig(minutes=2.0), LONG)[0].units
    )


def test_large_vocabularies_are_tied():
    def tied(**options):
        return choose(ModelConfig(**{"vocabulary_size": 5000} | options), TrainingConfig(minutes=5.0), LONG)[0]

    assert tied().tie
    assert tied().embedding_size == tied().units
    assert tied(projection=100).embedding_size == 100
    assert not tied(vocabulary_size=999).tie
    assert tied(vocabulary_size=999).embedding_size == 64
    for other in ({"encoder": "onehot"}, {"embedding_size": 32}, {"tie": False}):
        assert not tied(**other).tie
    assert tied(vocabulary_size=67, tie=True).embedding_size == tied(vocabulary_size=67, tie=True).units


@pytest.mark.parametrize(("passes", "row"), [(0, 0), (0.01, 0), (3.99, 0), (4, 1), (8.9, 1), (9, 2), (14, 3), (1e6, 3)])
def test_regularisation_is_that_of_the_last_row_reached(passes, row):
    assert regularisation(passes) is REGULARISATION[row]


@pytest.mark.parametrize(("passes", "row"), [(0, 0), (2.9, 0), (3, 1), (6.9, 1), (7, 2), (1e6, 2)])
def test_tied_models_are_regularised_sooner(passes, row):
    assert regularisation(passes, is_tied=True) is REGULARISATION_TIED[row]


def test_what_is_dropped_of_a_tied_model():
    model, training, _ = choose(ModelConfig(vocabulary_size=5000), TrainingConfig(epochs=8), LONG)
    assert (model.output_dropout, model.recurrent_dropconnect) == (0.5, 0.3)
    assert (model.input_dropout, model.embedding_dropout) == (0.5, 0.1)
    assert (training.activation_penalty, training.change_penalty) == (2, 1)
    own = ModelConfig(vocabulary_size=5000, input_dropout=0.0, embedding_dropout=0.0)
    model, training, reason = choose(own, TrainingConfig(epochs=8, activation_penalty=0.0), LONG)
    assert (model.input_dropout, model.embedding_dropout, training.activation_penalty) == (0, 0, 0)
    assert reason.endswith("; your own embedding_dropout 0, input_dropout 0")
    model, training, _ = choose(ModelConfig(vocabulary_size=5000, encoder="onehot"), TrainingConfig(epochs=8), LONG)
    assert (model.input_dropout, model.embedding_dropout, training.activation_penalty) == (0, 0, 0)


def test_the_more_often_a_text_is_read_the_more_is_dropped():
    short, medium, long = (chosen(symbols, minutes=5)[0] for symbols in (100_000, 1_000_000, 100_000_000))
    assert short.output_dropout > medium.output_dropout > long.output_dropout == 0
    assert short.recurrent_dropconnect > medium.recurrent_dropconnect >= long.recurrent_dropconnect == 0


def test_a_size_by_name_and_its_reason():
    small, _, _ = chosen(size="small", minutes=60)
    large, training, reason = chosen(size="large", minutes=0.5)
    assert small.units < large.units
    assert training.learning_rate < chosen(size="small")[1].learning_rate  # larger models learn at lower rates
    assert reason.startswith("large, as asked")
    assert chosen(minutes=5)[2].startswith("large, the best for 5 minutes")
    assert chosen()[2].startswith("medium, the best for about 2000 steps")
    assert chosen(epochs=2)[2].startswith("medium, the default with a number of epochs; about 2.0 passes")


def test_own_options_override_and_the_reason_names_them():
    model, training, reason = chosen(
        size="large", model={"units": 100, "output_dropout": 0.0}, minutes=5, learning_rate=0.02, patience=3
    )
    assert (model.units, model.output_dropout, training.learning_rate, training.patience) == (100, 0.0, 0.02, 3)
    assert reason.endswith("your own units 100, output_dropout 0")


def test_nothing_is_left_to_choose():
    for options in ({}, {"minutes": 2}, {"epochs": 3}):
        model, training, _ = chosen(**options)
        assert None not in model.to_json().values()
        assert training.learning_rate
        assert training.patience is not None
        assert (training.epochs is None) == ("minutes" in options)
    assert chosen(epochs=3)[1].patience == 5
    assert chosen(minutes=3)[1].patience == 0


@pytest.mark.parametrize(("symbols", "epochs"), [(40_000, 100), (1_000_000, 5), (100_000_000, 4)])
def test_epochs_make_about_two_thousand_steps(symbols, epochs):
    assert chosen(symbols)[1].epochs == epochs
