"""Training on another text, begun with a run's weights."""

import numpy as np
import pytest

from tests.conftest import TINY, verse
from textgen import Generator, train
from textgen.corpus.documents import read_for
from textgen.errors import UsageError
from textgen.planning.plan import plan
from textgen.runs.run import load_run
from textgen.tokens.layout import RESERVED
from textgen.training.fit import import_older
from textgen.training.model import LanguageModel

NEW = verse().replace("hen", "jäy").replace("fox", "Ox")


@pytest.fixture
def other(tmp_path):
    path = tmp_path / "other.txt"
    path.write_text(NEW)
    return path


def again(text, out, run, **options):
    return train(text, out, from_run=run, quiet=True, **{"epochs": 1, "sample_length": 0, "batch_size": 8} | options)


def test_it_begins_where_the_other_ended_which_stays_as_it_is(tiny_run, other, tmp_path):
    before = {path: path.read_bytes() for path in tiny_run.rglob("*") if path.is_file()}
    fresh = train(other, tmp_path / "fresh", quiet=True, **TINY | {"epochs": 1})
    begun = again(other, tmp_path / "begun", tiny_run, sequence_length=16)
    assert begun.epochs[0]["training_nats"] < fresh.epochs[0]["training_nats"] - 0.3
    assert {path: path.read_bytes() for path in tiny_run.rglob("*") if path.is_file()} == before


def test_the_vocabulary_grows_and_old_symbols_keep_their_ids(tiny_run, other, tmp_path, capsys):
    train(other, tmp_path / "begun", from_run=tiny_run, epochs=1, sample_length=0, sequence_length=16)
    old, new = load_run(tiny_run), load_run(tmp_path / "begun")
    size = len(old.tokenizer.symbols)
    assert new.tokenizer.symbols[:size] == old.tokenizer.symbols
    assert set(new.tokenizer.symbols[size:]) == set(NEW) - set(old.tokenizer.symbols) == {"j", "ä", "O"} - set(verse())
    told = capsys.readouterr().err
    assert f"begins with the weights of {tiny_run}" in told
    assert f"{len(new.tokenizer.symbols) - size} new characters" in told
    assert new.model.units == old.model.units
    assert "ä" in Generator.load(tmp_path / "begun").generate("jäy", length=3)


@pytest.mark.parametrize("encoder", ["embedding", "onehot"])
def test_old_rows_are_untouched_and_new_ones_are_those_of_chance(encoder):
    from textgen.runs.config import ModelConfig

    small = ModelConfig(vocabulary_size=7, encoder=encoder, embedding_size=3, units=4, layers=2)
    large = ModelConfig(vocabulary_size=10, encoder=encoder, embedding_size=3, units=4, layers=2)
    draw = np.random.default_rng(0)
    older = {name: draw.normal(size=shape).astype(np.float32) for name, shape in small.weight_shapes().items()}
    model = LanguageModel(large, 2, seed=1)
    chance = model.export_weights()
    import_older(model, older)
    for name, array in model.export_weights().items():
        part = tuple(slice(0, size) for size in older[name].shape)
        assert np.array_equal(array[part], older[name])
        rest = np.ones(array.shape, bool)
        rest[part] = False
        assert np.array_equal(array[rest], chance[name][rest])
        grows = name in ("embedding" if encoder == "embedding" else "lstm.0.kernel", "output.kernel", "output.bias")
        assert rest.any() == grows


def test_new_symbols_begin_with_their_frequencies(word_run, tmp_path):
    """The old biases have become logarithms of frequencies: a new symbol at 0 would be likelier than all of them."""
    text = tmp_path / "other.txt"
    text.write_text(NEW)
    again(text, tmp_path / "begun", word_run, sequence_length=16, learning_rate=1e-12)
    old, new = load_run(word_run), load_run(tmp_path / "begun")
    planned = plan(read_for(new.training, str(text)), new.model, new.training, tokenizer=new.tokenizer)
    size = old.model.vocabulary_size
    bias = new.weights["output.bias"]
    assert np.abs(bias[:size] - old.weights["output.bias"]).max() < 1e-6
    assert len(bias) > size
    shares = (planned.counts + 1) / (planned.counts.sum() + len(bias))
    assert bias[size:] == pytest.approx(np.log(shares[size:]), abs=1e-5)
    assert bias[size:].max() < -2


def test_words_and_documents_go_along(word_run, other, tmp_path):
    again(other, tmp_path / "begun", word_run, sequence_length=16)
    old, new = load_run(word_run), load_run(tmp_path / "begun")
    assert new.model.tokenizer == "word"
    assert new.training.documents == old.training.documents == "block"
    assert set(new.tokenizer.symbols) - set(old.tokenizer.symbols) == {" jäy", " Ox"}
    assert new.model.vocabulary_size == RESERVED + len(old.tokenizer.symbols) + 2


def test_a_model_of_another_shape_cannot_be_begun_from(tiny_run, other, tmp_path):
    with pytest.raises(UsageError, match="leave out `layers`, `units`"):
        again(other, tmp_path / "begun", tiny_run, units=99, layers=2)
    assert not (tmp_path / "begun").exists()
    history = again(other, tmp_path / "begun", tiny_run, output_dropout=0.2, sequence_length=16, units=24)
    assert load_run(history.path).model.output_dropout == 0.2


def test_a_resumed_training_does_not_begin_from_elsewhere(tiny_run):
    with pytest.raises(UsageError, match="leave out `from_run`"):
        train(resume=tiny_run, from_run=tiny_run)
