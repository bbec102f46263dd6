"""The configurations: ranges, JSON, keyword options and weight shapes."""

import dataclasses
import json
import math
import re
import typing

import numpy as np
import pytest

from textgen.errors import UsageError
from textgen.options import given_fields, option_of
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.train_options import ModelOptions, TrainingOptions, TrainOptions
from textgen.sampling.config import SamplingConfig
from textgen.tokens.labels import LabelSet


@pytest.mark.parametrize(
    ("config", "values", "rule"),
    [
        (ModelConfig, {"units": 0}, "`units` takes a whole number at least 1"),
        (ModelConfig, {"layers": 0}, "`layers` takes a whole number at least 1"),
        (ModelConfig, {"layers": 1.5}, "got 1.5"),
        (ModelConfig, {"layers": True}, "got True"),
        (ModelConfig, {"dropout": 1.0}, "`dropout` takes a number at least 0 and below 1"),
        (ModelConfig, {"tokenizer": "syllable"}, "`tokenizer` takes one of char, word, subword; got 'syllable'"),
        (ModelConfig, {"bias": 1}, "`bias` takes True or False"),
        (ModelConfig, {"vocabulary_size": 2}, "at least 3"),
        (TrainingConfig, {"learning_rate": 0.0}, "above 0"),
        (TrainingConfig, {"learning_rate": math.nan}, "got nan"),
        (TrainingConfig, {"epochs": 0}, "`epochs`"),
        (TrainingConfig, {"validation": 0.9}, "at most 0.5"),
        (SamplingConfig, {"temperature": -1.0}, "`temperature` takes a number from 0 to 100"),
        (SamplingConfig, {"temperature": math.inf}, "got inf"),
        (SamplingConfig, {"length": -1}, "`length` takes a whole number at least 0; got -1"),
        (SamplingConfig, {"length": 2**63}, "at least 0 and at most 9223372036854775807; got 9223372036854775808"),
        (SamplingConfig, {"seed": -3}, "`seed`"),
    ],
)
def test_a_value_out_of_range_names_the_option_the_rule_and_the_value(config, values, rule):
    with pytest.raises(UsageError) as caught:
        config(**values)
    assert rule in str(caught.value)


def test_numbers_of_numpy_become_plain_ones():
    config = ModelConfig(units=np.int64(8), dropout=np.float32(0.5))
    assert type(config.units) is int
    assert type(config.dropout) is float
    assert SamplingConfig(temperature=1).temperature == 1.0


@pytest.mark.parametrize(
    "config", [ModelConfig(vocabulary_size=9, units=3), TrainingConfig(epochs=2), SamplingConfig()]
)
def test_json_and_back(config):
    assert type(config).from_json(config.to_json()) == config


def test_unknown_and_missing_entries_are_refused():
    values = SamplingConfig().to_json()
    with pytest.raises(UsageError, match="unknown entries 'voice'"):
        SamplingConfig.from_json(values | {"voice": "low"})
    del values["length"]
    with pytest.raises(UsageError, match="missing entries 'length'"):
        SamplingConfig.from_json(values)
    with pytest.raises(UsageError, match="missing"):
        SamplingConfig.from_json([])


def test_every_field_says_what_it_is():
    for config in (ModelConfig, TrainingConfig, SamplingConfig):
        for field in dataclasses.fields(config):
            assert option_of(field).help.endswith((".", "]")), field.name


def test_every_field_of_a_run_has_its_group_in_the_help():
    for config in (ModelConfig, TrainingConfig):
        for field in dataclasses.fields(config):
            assert option_of(field).group in ("Text", "Model", "Training", "Output", "Advanced"), field.name


@pytest.mark.parametrize(("options", "config"), [(ModelOptions, ModelConfig), (TrainingOptions, TrainingConfig)])
def test_keyword_options_are_the_fields_of_their_configuration(options, config):
    fields = {field.name: field.type for field in given_fields(config)}
    hints = typing.get_type_hints(options)
    for name in fields | hints:
        assert name in hints, f"{options.__name__} has no entry for {config.__name__}.{name}: add it"
        assert name in fields, f"{config.__name__} has no field for {options.__name__}'s entry {name}: remove it"
        assert hints[name] == fields[name], f"{options.__name__}.{name} is {hints[name]}, the field is {fields[name]}"
    assert not options.__required_keys__, f"{options.__name__} must be declared with total=False"


def test_the_options_of_train_are_those_of_both_configurations():
    both = typing.get_type_hints(ModelOptions) | typing.get_type_hints(TrainingOptions)
    assert typing.get_type_hints(TrainOptions) == both
    assert not TrainOptions.__required_keys__


@pytest.mark.parametrize("name", ["vocabulary_size", "units", "layers"])
def test_a_model_without_a_size_has_no_weights(name):
    sizes = {"vocabulary_size": 5, "units": 3, "layers": 2}
    assert ModelConfig(**sizes).sizes == (5, 3, 2, 3)
    assert ModelConfig(**sizes, projection=2).sizes == (5, 3, 2, 2)
    with pytest.raises(UsageError, match=f"`{name}`"):
        ModelConfig(**sizes | {name: None}).weight_shapes()


def test_weight_shapes_and_parameters_by_hand():
    config = ModelConfig(vocabulary_size=5, encoder="embedding", embedding_size=2, units=3, layers=2)
    assert config.weight_shapes() == {
        "embedding": (5, 2),
        "lstm.0.kernel": (2, 12),
        "lstm.0.recurrent_kernel": (3, 12),
        "lstm.0.bias": (12,),
        "lstm.1.kernel": (3, 12),
        "lstm.1.recurrent_kernel": (3, 12),
        "lstm.1.bias": (12,),
        "output.kernel": (3, 5),
        "output.bias": (5,),
    }
    assert config.parameters() == 10 + 24 + 36 + 12 + 36 + 36 + 12 + 15 + 5
    onehot = ModelConfig(vocabulary_size=5, encoder="onehot", units=3, layers=1, bias=False)
    assert set(onehot.weight_shapes()) == {"lstm.0.kernel", "lstm.0.recurrent_kernel", "output.kernel", "output.bias"}
    assert onehot.weight_shapes()["lstm.0.kernel"] == (5, 12)


def test_weight_shapes_of_a_projected_model_with_tied_weights_by_hand():
    config = ModelConfig(vocabulary_size=5, units=3, layers=2, projection=2, tie=True)
    assert config.weight_shapes() == {
        "embedding": (5, 2),
        "lstm.0.kernel": (2, 12),
        "lstm.0.recurrent_kernel": (2, 12),
        "lstm.0.bias": (12,),
        "lstm.0.projection": (3, 2),
        "lstm.1.kernel": (2, 12),
        "lstm.1.recurrent_kernel": (2, 12),
        "lstm.1.bias": (12,),
        "lstm.1.projection": (3, 2),
        "output.bias": (5,),
    }
    # Multiply-adds of a symbol: R, P, K, R, P and the logits; two operations each, once forward and twice back.
    assert config.arithmetic() == 6 * (24 + 6 + 24 + 24 + 6 + 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tie": True, "encoder": "onehot"}, '`encoder="embedding"`'),
        (
            {"tie": True, "embedding_size": 4, "units": 3},
            "the LSTM gives, 3 numbers; `embedding_size=4` is not: leave it out",
        ),
        ({"tie": True, "embedding_size": 3, "units": 3, "projection": 2}, "the LSTM gives, 2 numbers"),
        ({"projection": 3, "units": 3}, "`projection=3` is not smaller than `units=3`"),
        ({"projection": -1}, "`projection"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        ModelConfig(**options)


def test_an_older_run_is_read_as_what_it_was():
    """Without the fields that came later: they did not have today's defaults, which textgen chooses."""
    values = ModelConfig(vocabulary_size=5, units=3, layers=1, embedding_size=4).to_json()
    older = [
        "tokenizer",
        "vocabulary_size",
        "encoder",
        "embedding_size",
        "units",
        "layers",
        "dropout",
        "output_dropout",
    ]
    older += ["recurrent_dropconnect", "bias"]
    read = ModelConfig.from_json({name: values[name] for name in older}, 3)
    assert (read.tie, read.projection, read.embedding_dropout, read.variational) == (False, 0, 0, False)
    assert (read.labels, read.classify, TrainingConfig.from_json(TrainingConfig().to_json()).label) == ((), "", ())
    assert "output.kernel" in read.weight_shapes()
    training = TrainingConfig().to_json()
    later = ("softmax_samples", "activation_penalty", "change_penalty", "label", "label_dropout", "classify_weight")
    for name in (*later, "heading", "title_field"):
        del training[name]
    older_training = TrainingConfig.from_json(training, 3)
    assert (older_training.softmax_samples, older_training.heading, older_training.title_field) == (0, "none", None)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("who", "pairs of a name and its labels"),
        ({"who": ["Ann"]}, "pairs of a name and its labels"),
        ([["who"]], "expected pairs"),
        ([["who", "Ann"]], "expected pairs"),
        ([["who", ["Ann"], 3]], "expected pairs"),
        ([["who", []]], "needs 1 to 10,000 labels"),
        ([["who", ["Ann", "Ann"]]], "each once"),
        ([["who", [3]]], "takes text"),
        ([[3, ["Ann"]]], "takes text"),
        ([["who", ["\ud800"]]], "half a character"),
        ([["who", ["Ann"]], ["who", ["Bob"]]], "a name is there twice"),
        ([["who", list(map(str, range(10_001)))]], "needs 1 to 10,000 labels"),
        (None, "pairs of a name and its labels"),
        (7, "pairs of a name and its labels"),
    ],
)
def test_labels_of_a_stranger_s_run(labels, message):
    values = ModelConfig(vocabulary_size=5, units=3, layers=1).to_json() | {"labels": labels}
    with pytest.raises(UsageError) as caught:
        ModelConfig.from_json(values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_are_read_as_they_were_written():
    config = ModelConfig(vocabulary_size=5, units=3, layers=1, labels=(LabelSet("who", ("Ann", "")),), classify="who")
    read = ModelConfig.from_json(json.loads(json.dumps(config.to_json())))
    assert read == config
    assert (read.classes, read.weight_shapes()["classifier.kernel"]) == (2, (3, 2))
    assert ModelConfig(vocabulary_size=5, units=3, layers=1, classify="who").classes == 0
