"""What a program's hooks and Keras callbacks are told, in which order, and what an exception in one does."""

import dataclasses
import json
import logging

import numpy as np
import pytest

from tests.conftest import TINY, verse
from tests.helpers import forged_runs
from tests.helpers.models import best
from textgen import CorpusError, EpochInfo, Generator, RunError, StepInfo, StorageError, UsageError, train
from textgen.runs.folder import RESUME, STATE
from textgen.runs.run import load_run

OPTIONS = TINY | {"epochs": 3, "output_dropout": 0.2}
EVENTS = [
    f"on_{name}" for name in ("train_begin", "train_end", "epoch_begin", "epoch_end", "train_batch_begin",
                              "train_batch_end", "test_begin", "test_end", "test_batch_begin", "test_batch_end")
]  # fmt: skip


def callback(**events):
    """A Keras callback with these methods."""
    import keras

    methods = {name: (lambda self, *given, does=does: does(self, *given)) for name, does in events.items()}
    return type("Made", (keras.callbacks.Callback,), methods)()


def state_of(run):
    return json.loads((forged_runs.newest(run, RESUME) / STATE).read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted training, and all that it told: pairs of an event and what came with it."""
    told, path = [], tmp_path_factory.mktemp("whole") / "run"

    def watching(name):
        return lambda self, *given: told.append((name, given[0] if given else None))

    first = callback(**{name: watching(name) for name in EVENTS}, set_params=watching("set_params"))
    second = callback(on_epoch_end=watching("second"), on_train_batch_end=watching("second"))

    def on_epoch(info):
        samples = (info.path / "samples.txt").read_text()
        told.append(("on_epoch", info))
        assert samples.count("===") == 2 * info.epoch
        assert load_run(info.path).history()[-1]["epoch"] == info.epoch
        assert Generator.load(info.path).generate(length=3)

    hooks = {"on_step": lambda info: told.append(("on_step", info)), "on_epoch": on_epoch}
    history = train(text=verse(), out=path, callbacks=[first, second], quiet=True, **hooks, **OPTIONS)
    return history, told


def test_callbacks_are_told_of_one_training_in_the_order_of_the_guide(whole):
    history, told = whole
    names = [name for name, _ in told if name != "set_params"]
    assert names[0] == "on_train_begin"
    assert names[-1] == "on_train_end"
    assert names.count("on_train_begin") == names.count("on_train_end") == 1
    assert [value for name, value in told if name == "on_epoch_begin"] == [0, 1, 2]
    assert {value["epochs"] for name, value in told if name == "set_params"} == {3}
    for own, theirs in (("on_step", "on_train_batch_end"), ("on_epoch", "on_epoch_end")):
        places = [place for place, name in enumerate(names) if name == own]
        assert len(places) >= 3
        assert all(names[place : place + 3] == [own, theirs, "second"] for place in places)
    within = names[names.index("on_test_begin") : names.index("on_test_end")]
    assert {"on_test_batch_begin", "on_test_batch_end"} <= set(within)
    assert not history.stopped_early


def test_hooks_receive_what_the_history_notes(whole):
    history, told = whole
    steps = [info for _, info in told if isinstance(info, StepInfo)]
    epochs = [info for _, info in told if isinstance(info, EpochInfo)]
    last = history.epochs[-1]["step"]
    assert [info.step for info in steps] == sorted({info.step for info in steps})
    # Keras counts the last group of an epoch as a whole one; the hooks tell the steps that were made.
    assert {line["step"] for line in history.epochs} <= {info.step for info in steps}
    assert {(info.last_step, info.epochs) for info in steps + epochs} == {(last, 3)}
    assert all(0 < info.learning_rate <= 0.01 and info.characters_per_second > info.steps_per_second for info in steps)
    assert steps[0].seconds_left is None
    assert steps[1].seconds_left > 0 == steps[-1].seconds_left
    lasts = [next(info for info in reversed(steps) if info.epoch == epoch.epoch) for epoch in epochs]
    assert [info.training_nats for info in lasts] == [line["training_nats"] for line in history.epochs]
    for info, line in zip(epochs, history.epochs, strict=True):
        assert line.items() <= dataclasses.asdict(info).items()
    best_of = [info.epoch for info in epochs if info.is_best]
    assert (best_of[-1], epochs[-1].best_nats) == (history.best_epoch, history.best_nats)
    with pytest.raises(dataclasses.FrozenInstanceError):
        steps[0].step = 3


def test_an_exception_reaches_the_caller_and_nothing_is_lost(whole, tmp_path):
    """One training, stopped in every kind of the program's code and each time resumed, ends as the whole one."""
    error, pressed, path = LookupError("mine"), KeyboardInterrupt(), tmp_path / "run"
    error.__cause__ = cause = ValueError("why")

    def fail(*_):
        raise error

    def interrupt(*_):
        raise pressed

    def fail_of_epoch(line):
        if line.startswith("epoch "):
            raise error

    def stopped(raised, epoch, **given):
        start = {"out": path, **OPTIONS} if not path.exists() else {"resume": path}
        with pytest.raises(type(raised)) as caught:
            train(text=verse(), **{"quiet": True} | start | given)
        assert caught.value is raised
        assert error.__cause__ is cause
        assert error.__context__ is None
        assert state_of(path)["epoch"] == epoch
        return state_of(path)["step"]

    ends = [line["step"] for line in whole[0].epochs]
    assert 0 < stopped(pressed, 0, on_step=interrupt) < ends[0]
    # Of an evaluation, the end of its epoch is the first place where nothing is half done.
    assert stopped(error, 1, callbacks=[callback(on_test_batch_end=fail)]) == ends[0]
    assert ends[0] < stopped(error, 1, callbacks=[callback(on_epoch_begin=fail)]) < ends[1]
    assert stopped(error, 2, report=fail_of_epoch, quiet=False) == ends[1]
    assert stopped(error, 3, callbacks=[callback(on_train_end=fail)]) == ends[2]
    assert best(path) == best(whole[0].path)
    for name in ("training_nats", "validation_nats", "gradient_norm"):
        assert [line[name] for line in load_run(path).history()] == [line[name] for line in whole[0].epochs]
    with pytest.raises(RunError, match="its training has ended"):
        train(text=verse(), resume=path)


def test_a_callback_that_sets_stop_training_ends_the_training(tmp_path, capsys):
    def stop(self, batch, logs):
        if self.model.optimizer.iterations > 60:
            self.model.stop_training = True

    history = train(
        text=verse(), out=tmp_path / "run", quiet=True, progress=True, callbacks=[callback(on_train_batch_end=stop)],
        **OPTIONS,
    )  # fmt: skip
    assert history.stopped_early
    assert [line["epoch"] for line in history.epochs] == [1, 2]
    assert history.epochs[1]["step"] < 2 * history.epochs[0]["step"]
    assert "stopped early" in repr(history)
    assert capsys.readouterr().err  # the bar alone, where `quiet` and `progress` are both set
    with pytest.raises(CorpusError, match="its text came from no file; give the same `text` or `corpus` again"):
        train(resume=tmp_path / "run", epochs=1)


def test_a_history_has_its_curve_a_picture_and_a_short_form(whole, tmp_path):
    history, _ = whole
    for name, values in vars(history.curve).items():
        assert values.tolist() == [line[name] for line in history.epochs], name
    assert np.isnan(dataclasses.replace(history, epochs=[{"epoch": 1}]).curve.validation_nats).all()
    figure = history.plot(tmp_path / "curves.svg")
    assert figure.axes[0].lines[1].get_ydata().tolist() == history.curve.validation_nats.tolist()
    assert figure._repr_png_().startswith(b"\x89PNG")  # so a notebook shows it
    with pytest.raises(StorageError, match="the file exists"):
        history.plot(tmp_path / "curves.svg")
    with pytest.raises(UsageError, match=r"`out=curves\.jpg`: a picture's name ends in \.png or \.svg"):
        history.plot("curves.jpg")
    short = repr(history)
    assert short.startswith(f"<History of {history.path}: 3 epochs, best {history.best_nats:.4f} nats in epoch ")
    assert len(short) < len(str(history.path)) + 80


@pytest.mark.parametrize("text", ["Once upon a time\nthere was a river", "Once upon a time " * 20])
@pytest.mark.parametrize("wrapped", [str, lambda text: [text]])
def test_a_text_in_the_place_of_a_path_is_told(text, wrapped, empty_place):
    with pytest.raises(CorpusError, match=f"`corpus` takes paths.* text of {len(text)} characters.*give it as `text="):
        train(wrapped(text))
    assert list(empty_place.iterdir()) == []


def test_a_path_that_looks_like_text_is_a_path(empty_place):
    name = "a river and a bridge, " * 6 + "\nand a bell"
    (empty_place / name).write_text("short")
    with pytest.raises(CorpusError, match="give more text"):
        train(name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "a", "corpus": "b"}, "`text` is the text itself; leave out `corpus`"),
        ({"text": "a", "encoding": "latin-1"}, "leave out `encoding`"),
        ({"on_step": lambda: None}, "`on_step` takes a function of one argument, a StepInfo"),
        ({"on_epoch": lambda one, two: None}, "`on_epoch` takes a function of one argument, an EpochInfo"),
        ({"callbacks": [print]}, r"`callbacks` takes Keras callbacks: a list of keras\.callbacks\.Callback; got"),
        ({"on_stpe": print}, r"train\(\) has no option 'on_stpe'; did you mean 'on_step'\?"),
        ({"quite": True}, "did you mean 'quiet'"),
        ({"unit": "word"}, "no option 'unit'; did you mean 'tokenizer'"),  # as the command line calls it
    ],
)
def test_wrong_hooks_are_told_before_anything_is_made(given, message, empty_place):
    with pytest.raises(UsageError, match=message):
        train(**{"text": verse()} | given)
    assert list(empty_place.iterdir()) == []


def test_tensorflow_does_not_warn_of_several_trainings_in_one_process(caplog):
    from textgen.training.backend import without_retracing_warnings

    logger = logging.getLogger("tensorflow")
    with without_retracing_warnings():
        logger.warning(
            "%d out of the last 9 calls to %s triggered tf.function retracing. Tracing is expensive", 5, "it"
        )
        logger.warning("something else")
    logger.warning("tf.function retracing by the program itself")
    assert [record.getMessage() for record in caplog.records] == [
        "something else",
        "tf.function retracing by the program itself",
    ]
