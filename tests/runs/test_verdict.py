"""How far a model is, judged by its curve: real ones, and whatever Hypothesis can think of."""

import dataclasses
import json
import math
import shutil
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, examples
from tests.helpers import forged_runs
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.losses import choices, uncertainty
from textgen.runs.run import Baselines, load_run
from textgen.runs.verdict import Evidence, Level, verdict
from textgen.training.history import History

# Trainings on the texts of corpora/, as docs/log.md (2026-11-24) describes them, with the level that they deserve.
CURVES = json.loads((ROOT / "tests/data/curves.json").read_text("utf-8"))


def evidence(history, baselines=None, noun="character", patience=0, **model):
    """Evidence of epochs: steps, training loss, validation loss (or None), learning rate."""
    lines = []
    for epoch, (step, training, validation, rate) in enumerate(history, 1):
        line = {"epoch": epoch, "step": step, "training_nats": training, "learning_rate": rate}
        lines.append(line if validation is None else line | {"validation_nats": validation})
    return Evidence(
        lines,
        ModelConfig(**{"vocabulary_size": 60, "units": 64, "layers": 1} | model),
        TrainingConfig(epochs=max(len(lines), 1), learning_rate=0.01, patience=patience),
        noun,
        baselines,
    )


def of_curve(name):
    curve = CURVES[name]
    found = evidence(
        curve["history"], Baselines(**curve["baselines"]), curve["noun"], curve["patience"], **curve["model"]
    )
    training = dataclasses.replace(found.training, learning_rate=curve["learning_rate"])
    return dataclasses.replace(found, training=training)


@pytest.mark.parametrize("name", CURVES)
def test_real_trainings(name):
    found = verdict(of_curve(name))
    assert found.level is Level[CURVES[name]["level"]], found
    assert CURVES[name]["advice"] in found.advice


@pytest.mark.parametrize("name", CURVES)
def test_runs_of_an_older_textgen_get_a_line_too(name):
    """Without baselines no model is known to have barely learned, and a falling curve looks flatter."""
    expected = verdict(of_curve(name)).level
    found = verdict(dataclasses.replace(of_curve(name), baselines=None)).level
    flatter = (Level.MODEL, Level.TEXT) if expected is Level.LEARNING else ()
    assert found in (expected, *flatter) or expected in (Level.NOTHING, Level.BARELY)


def test_a_text_learned_by_heart_from_the_first_epoch_needs_no_smaller_learning_rate():
    """Few poems in words: no better than counting on held-out text, while the training text is predicted well."""
    history = [(130, 4.7, 6.07, 0.01), (265, 3.1, 6.29, 0.001)]
    found = evidence(history, Baselines(6.02, 5.62, 12_000), "word", vocabulary_size=2_500)
    judged = verdict(found)
    assert judged.level is Level.NOTHING
    assert judged.reason.endswith("the model has 6.070; on the training text it has 3.100, which it learns by heart")
    assert judged.advice.startswith("more text")
    assert "minutes" not in judged.advice
    training = dataclasses.replace(found.training, epochs=None, minutes=1.5)
    assert verdict(dataclasses.replace(found, training=training)).advice.endswith(", or fewer `minutes`")


numbers = st.floats(0, 20)
histories = st.lists(st.tuples(st.integers(1, 500), numbers, numbers, st.floats(1e-5, 1)), min_size=1, max_size=12).map(
    lambda lines: [(sum(line[0] for line in lines[: place + 1]), *lines[place][1:]) for place in range(len(lines))]
)
scales = st.none() | st.tuples(st.floats(0.01, 12), st.floats(0, 1), st.integers(0, 10**9)).map(
    lambda drawn: Baselines(drawn[0], drawn[0] * drawn[1], drawn[2])
)
anything = st.builds(
    lambda history, is_held_out, baselines, noun, patience, output_dropout: evidence(
        [line if is_held_out else (*line[:2], None, line[3]) for line in history],
        baselines,
        noun,
        patience,
        output_dropout=output_dropout,
    ),
    histories,
    st.booleans(),
    scales,
    st.sampled_from(["character", "word"]),
    st.integers(0, 5),
    st.sampled_from([None, 0.0, 0.4]),
)


@settings(max_examples=examples(120))
@given(anything)
def test_the_verdict_is_one_line_with_a_level(found):
    judged = verdict(found)
    assert judged.level in Level
    assert judged.reason
    assert judged.advice
    assert str(judged).isprintable()
    assert str(judged).startswith(judged.level.value)
    assert not {"nan", "inf"} & set(str(judged).replace(";", " ").replace("%", " ").split())


@settings(max_examples=examples(120))
@given(anything)
def test_the_worst_levels_are_exactly_those_of_losses_above_what_counts_give(found):
    assume(found.baselines)
    best = min(line.get("validation_nats", line["training_nats"]) for line in found.history)
    level = verdict(found).level
    assert (level is Level.NOTHING) == (best >= found.baselines.unigram_nats)
    if level is Level.BARELY:
        assert best >= found.baselines.bigram_nats
    if best < found.baselines.bigram_nats:
        assert level not in (Level.NOTHING, Level.BARELY)


@settings(max_examples=examples(120))
@given(anything)
def test_a_lower_loss_in_every_epoch_is_never_judged_to_have_learned_less(found):
    """The order of the levels that compare with counts: nothing, barely, more."""

    def rank(judged):
        return [Level.NOTHING, Level.BARELY].index(judged) if judged in (Level.NOTHING, Level.BARELY) else 2

    lower = [
        line | {name: value * 0.9 for name, value in line.items() if name.endswith("nats")} for line in found.history
    ]
    before, after = verdict(found).level, verdict(dataclasses.replace(found, history=lower)).level
    assume(Level.DIVERGED not in (before, after))
    assert rank(after) >= rank(before)


@settings(max_examples=examples(80))
@given(anything)
def test_nothing_is_said_of_held_out_text_where_there_is_none(found):
    assume("validation_nats" not in found.history[0])
    judged = verdict(found)
    assert judged.level in (Level.NOTHING, Level.BARELY, Level.DIVERGED, Level.UNMEASURED)
    assert "held-out text is" not in judged.reason


def test_no_epoch_has_no_verdict():
    assert verdict(evidence([])) is None


def test_a_training_that_was_cut_short_should_go_on():
    whole = evidence([(100, 2.5, 2.0, 0.01), (200, 1.9, 1.8, 0.009)], Baselines(3.0, 2.4, 1000))
    cut = dataclasses.replace(whole, is_finished=False)
    assert verdict(whole).level is verdict(cut).level is Level.LEARNING
    assert "longer training" in verdict(whole).advice
    assert verdict(cut).advice == "to train it to its end (`resume`)"


def test_an_early_stop_is_told_as_what_it_is():
    early = [(100, 2.5, 2.0, 0.01), (200, 1.9, 2.0, 0.009), (300, 1.8, 2.01, 0.008)]
    stopped = verdict(evidence(early, Baselines(3.0, 2.4, 1000), patience=2))
    assert stopped.level is Level.TEXT
    assert "since epoch 1" in stopped.reason


def test_a_model_with_few_weights_for_its_text_should_be_larger():
    curve = [(100, 2.5, 2.2, 0.01), (200, 2.1, 2.0, 0.009)]
    for symbols, is_small in [(100_000, False), (200_000, True)]:  # it has 40,764 weights
        found = verdict(evidence(curve, Baselines(3.0, 2.4, symbols)))
        assert found.level is Level.LEARNING
        assert ("a larger model (more than `units=64`), or longer" in found.advice) == is_small


def test_a_run_that_can_be_resumed_is_not_finished(tiny_run, tmp_path):
    shutil.copytree(tiny_run, tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert run.is_finished()
    newest = forged_runs.newest(tmp_path / "run", "resume")
    forged_runs.edit(newest, "state.json", lambda state: state.update(finished=False))
    assert not run.is_finished()
    (newest / "state.json").write_text("{")
    assert run.is_finished()  # `info` works with what there is
    shutil.rmtree(tmp_path / "run/resume")
    assert run.is_finished()


def test_regularisation_is_advised_where_there_is_little_of_it():
    curve = [(100, 2.5, 2.0, 0.01), (200, 1.5, 2.3, 0.005), (300, 1.0, 2.6, 0.0001)]
    for dropout, is_advised in [(0.0, True), (0.4, False)]:
        found = verdict(evidence(curve, Baselines(3.0, 2.4, 1000), output_dropout=dropout))
        assert found.level is Level.BY_HEART
        assert ("`output_dropout`" in found.advice) == is_advised
        assert "(40,764 weights learn 1,000 characters)" in found.advice


@pytest.mark.parametrize(
    ("nats", "noun", "words"),
    [
        (math.log(5), "character", "5.0 equally likely characters"),
        (0, "word", "1.0 equally likely words"),
        (math.log(2000), "word", "2,000 equally likely words"),
        (1e39, "word", f"{math.exp(700):.3g} equally likely words"),
    ],
)
def test_a_loss_in_words(nats, noun, words):
    assert uncertainty(nats, noun) == f"as unsure as among {words}"
    assert choices(nats) == words.split()[0]


def test_info_and_runs_say_how_far_a_run_is(command, empty_place, tiny_run):
    shutil.copytree(tiny_run, empty_place / "checkpoints/tiny")
    run = load_run("tiny")
    judged = verdict(Evidence.of(run))
    history = History(run.path, run.history(), None, 0, stopped_early=False, seconds=0.0)
    assert history.verdict == judged
    said = dict(line.split(maxsplit=1) for line in command("info", "tiny").stdout.splitlines() if line[0] != " ")
    lines = command("info", "tiny").stdout.splitlines()
    assert f"how far      {judged.level.value}: {judged.reason}" in lines
    assert said["run"] == "checkpoints/tiny"
    best = min(line["validation_nats"] for line in run.history())
    assert f"meaning      {uncertainty(best, 'character')}" in lines
    assert any(line.startswith("counting     alone gives") for line in lines)
    assert not any("`" in line for line in lines)
    rows = command("runs").stdout.splitlines()
    place = rows[0].index("unsure among")
    assert rows[1][place:].startswith(f"{choices(best)} characters")


@pytest.mark.parametrize("folder", ["format1", "format2"])
def test_info_of_an_older_run(command, folder):
    for path in filter(Path.is_dir, (ROOT / "tests/data" / folder).iterdir()):
        result = command("info", path)
        assert result.exit_code == 0, result.output
        assert ("how far" in result.stdout) == bool(load_run(path).history())


@pytest.mark.parametrize(
    ("baselines", "complaint"),
    [
        ({"unigram_nats": "3", "bigram_nats": 2, "symbols": 5}, "unigram_nats"),
        ({"unigram_nats": -1.0, "bigram_nats": 2, "symbols": 5}, "unigram_nats"),
        ({"unigram_nats": 3.0}, "missing entries"),
        (7, "expected"),
    ],
)
def test_damaged_baselines_are_named(refused, empty_place, tiny_run, baselines, complaint):
    shutil.copytree(tiny_run, empty_place / "run")
    path = empty_place / "run/metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"baselines": baselines}))
    line = refused(4, "info", "run")
    assert "metadata.json: damaged" in line
    assert complaint in line
