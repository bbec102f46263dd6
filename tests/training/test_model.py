import numpy as np
import pytest

from textgen.runs.config import ModelConfig
from textgen.tokens.layout import IGNORED
from textgen.training.model import LanguageModel, VariationalDropout


def make(batch=2, **options):
    config = ModelConfig(**({"vocabulary_size": 7, "units": 6, "layers": 1, "embedding_size": 4} | options))
    return LanguageModel(config, batch, seed=3)


def inputs(ids, carry):
    return {"ids": np.asarray(ids, np.int32), "carry": np.full((len(ids), 1), carry, np.float32)}


def logits(model, ids, carry, training=False):
    return batch_first(model.logits(model(inputs(ids, carry), training=training)))


def batch_first(lanes):
    return np.concatenate([np.asarray(lane) for lane in lanes], axis=1).transpose(1, 0, 2)


IDS = np.random.default_rng(0).integers(0, 7, (2, 12))


@pytest.mark.parametrize("encoder", ["onehot", "embedding"])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_state_is_carried_from_call_to_call(encoder, layers):
    model = make(encoder=encoder, layers=layers)
    whole = logits(model, IDS, 0.0)
    first = logits(model, IDS[:, :5], 0.0)
    second = logits(model, IDS[:, 5:], 1.0)
    assert np.abs(np.concatenate([first, second], axis=1) - whole).max() < 1e-6
    # And it matters: begun anew, the same symbols give other logits.
    assert np.abs(logits(model, IDS[:, 5:], 0.0) - second).max() > 1e-3


def test_carrying_is_decided_row_by_row():
    model = make()
    logits(model, IDS, 0.0)
    mixed = inputs(IDS, 0.0)
    mixed["carry"][1] = 1
    got = batch_first(model.logits(model(mixed)))
    assert np.abs(got[0] - logits(make(), IDS, 0.0)[0]).max() < 1e-6
    assert np.abs(got[1] - logits(make(), IDS, 0.0)[1]).max() > 1e-3


def test_the_reported_loss_weighs_each_target_once_however_batches_are_filled():
    model = make()
    rng = np.random.default_rng(2)
    batches = []
    for counted in (12, 1):
        targets = IDS.copy()
        targets[:, counted:] = IGNORED
        batches.append((targets, rng.normal(size=(12, 2, 6)).astype("float32")))
    losses = [float(model.compute_loss(y=targets, y_pred=[outputs])) for targets, outputs in batches]
    assert float(model.nats.result()) == pytest.approx((24 * losses[0] + 2 * losses[1]) / 26, rel=1e-5)


def test_forget_gate_bias_begins_at_one():
    bias = make().export_weights()["lstm.0.bias"]
    assert bias.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12


def test_names_and_shapes_are_the_configuration_s():
    for options in ({}, {"encoder": "onehot", "bias": False}, {"layers": 3}):
        model = make(**options)
        shapes = {name: tuple(variable.shape) for name, variable in model.named_weights().items()}
        assert shapes == model.config.weight_shapes()
        assert sum(np.prod(variable.shape) for variable in model.trainable_variables) == model.config.parameters()


def test_weights_out_and_in_again():
    one = make(layers=2)
    other = LanguageModel(one.config, 2, seed=99)
    assert np.abs(logits(one, IDS, 0.0) - logits(other, IDS, 0.0)).max() > 1e-2
    other.import_weights(one.export_weights())
    assert np.array_equal(logits(one, IDS, 0.0), logits(other, IDS, 0.0))


def test_equal_seeds_make_equal_models():
    same = make().export_weights()
    for name, array in make().export_weights().items():
        assert np.array_equal(array, same[name])
    assert not np.array_equal(LanguageModel(make().config, 2, seed=4).export_weights()["embedding"], same["embedding"])


def test_dropout_acts_in_training_only_and_not_after_the_last_layer():
    between = make(layers=2, dropout=0.5)
    assert np.array_equal(logits(between, IDS, 0.0), logits(between, IDS, 0.0))
    assert not np.array_equal(logits(between, IDS, 0.0, training=True), logits(between, IDS, 0.0))
    # One layer has nothing between layers, as in torch.nn.LSTM.
    single = make(layers=1, dropout=0.5)
    assert np.array_equal(logits(single, IDS, 0.0, training=True), logits(single, IDS, 0.0))
    output = make(output_dropout=0.5)
    assert not np.array_equal(logits(output, IDS, 0.0, training=True), logits(output, IDS, 0.0))


def test_one_hot_builds_no_tensor_of_batch_time_vocabulary():
    """The largest intermediate tensor with a vocabulary of 5,000 is the logits', which loss needs anyway."""
    import tensorflow as tf

    model = make(batch=2, encoder="onehot", vocabulary_size=5000)

    @tf.function
    def run(ids, carry):
        return model({"ids": ids, "carry": carry})

    graph = run.get_concrete_function(tf.TensorSpec((2, 12), tf.int32), tf.TensorSpec((2, 1), tf.float32)).graph
    large = [
        operation.name
        for operation in graph.get_operations()
        for output in operation.outputs
        if output.dtype == tf.float32 and output.shape.rank == 3 and output.shape[-1] == 5000
    ]
    assert all("logits" in name or name.startswith("Identity") for name in large), large


def test_dropconnect_drops_the_same_recurrent_connections_at_every_step_and_row():
    """Equal rows stay equal under it, which no dropout of single values would leave them; and only in training."""
    model = make(recurrent_dropconnect=0.5, units=16)
    twice = np.stack([IDS[0], IDS[0]])
    dropped = logits(model, twice, 0.0, training=True)
    assert np.array_equal(dropped[0], dropped[1])
    plain = logits(model, twice, 0.0)
    assert np.array_equal(plain, logits(make(units=16), twice, 0.0))
    # The first step reads no state, so nothing can be dropped from it yet.
    assert np.abs(dropped[:, 0] - plain[:, 0]).max() < 1e-6
    assert np.abs(dropped[:, 1:] - plain[:, 1:]).max() > 1e-3
    assert not np.array_equal(dropped, logits(model, twice, 0.0, training=True))


def test_dropconnect_drops_the_asked_share_and_keeps_the_mean():
    model = make(recurrent_dropconnect=0.25, units=64)
    kernel = np.asarray(model.recurrent[0].cell.recurrent_kernel)
    dropped = np.asarray(model._recurrent_kernels(training=True)[0])
    gone = dropped == 0
    assert gone.mean() == pytest.approx(0.25, abs=0.02)
    assert np.allclose(dropped[~gone], kernel[~gone] / 0.75)


def test_variational_dropout_drops_the_same_values_at_all_time_steps():
    layer = VariationalDropout(0.5, seed=1)
    found = np.asarray(layer(np.ones((6, 3, 40), np.float32), training=True))
    assert set(np.unique(found)) == {0, 2}
    assert (found == found[0]).all()
    assert len({row.tobytes() for row in found[0]}) == 3  # each row of the batch has its own
    assert np.array_equal(layer(np.ones((6, 3, 40))), np.ones((6, 3, 40)))
    locked = make(variational=True, output_dropout=0.5, units=16)
    outputs = np.asarray(locked(inputs(IDS, 0.0), training=True)[0])
    assert ((outputs == 0) == (outputs[0] == 0)).all()


@pytest.mark.parametrize("vocabulary", [7, 60])  # a table of all symbols, and of those that were read
def test_embedding_dropout_drops_whole_symbols(vocabulary):
    """A symbol whose embedding is dropped is read as a vector of zeros wherever it occurs in the step."""
    model = make(embedding_dropout=0.5, vocabulary_size=vocabulary, batch=1)
    row = np.random.default_rng(2).integers(0, vocabulary, (1, 12))
    seen = set()
    for _ in range(20):
        model.of_embedding.seed_generator.state.assign([1, len(seen)])
        scales = np.asarray(model._embedding_scales(training=True))
        model.of_embedding.seed_generator.state.assign([1, len(seen)])
        dropped = make(vocabulary_size=vocabulary, batch=1)
        weights = dropped.export_weights()
        dropped.import_weights(weights | {"embedding": weights["embedding"] * scales})
        found = logits(model, row, 0.0, training=True)
        assert np.abs(found - logits(dropped, row, 0.0)).max() < 1e-5
        seen.add(scales.tobytes())
    assert len(seen) > 1
    assert np.array_equal(logits(model, row, 0.0), logits(make(vocabulary_size=vocabulary, batch=1), row, 0.0))


def test_input_dropout_drops_values_of_each_place():
    model = make(input_dropout=0.5, units=16)
    twice = np.stack([IDS[0], IDS[0]])
    found = logits(model, twice, 0.0, training=True)
    assert np.abs(found[0, 0] - found[1, 0]).max() > 1e-3  # the same symbol, other values dropped
    assert np.array_equal(logits(model, twice, 0.0), logits(make(units=16), twice, 0.0))


def test_penalties_by_hand():
    targets = IDS.copy()
    outputs = [np.random.default_rng(5).normal(size=(12, rows, 6)).astype("float32") for rows in (1, 1)]
    config = make().config
    lanes = [slice(0, 1), slice(1, 2)]
    plain = LanguageModel(config, 2, seed=3, lanes=lanes)
    strict = LanguageModel(config, 2, seed=3, lanes=lanes, penalties=(2.0, 0.5))
    added = float(strict.compute_loss(y=targets, y_pred=outputs)) - float(plain.compute_loss(y=targets, y_pred=outputs))
    whole = np.concatenate(outputs, axis=1).astype(np.float64)
    wanted = 2 * np.mean(whole**2) + 0.5 * np.mean(np.diff(whole, axis=0) ** 2)
    assert added == pytest.approx(wanted, rel=1e-5)
    # Neither the reported loss nor an evaluation has them.
    assert float(strict.nats.result()) == pytest.approx(float(plain.nats.result()))
    assert float(strict.compute_loss(y=targets, y_pred=outputs, training=False)) == pytest.approx(
        float(plain.compute_loss(y=targets, y_pred=outputs, training=False))
    )
