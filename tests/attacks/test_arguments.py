"""Wrong arguments of every public function: each ends in an error that names the parameter, at once.

Two tables make the attacks: VALUES, and every parameter of every public function with the values that it may take. All
other pairs must be refused: TypeError, ValueError or TextgenError, one line, the parameter's name in it. A new field of
a configuration is attacked without a change here; its kind follows from its type.
"""

import dataclasses
import inspect
import re
import resource
import signal
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textgen
from tests.conftest import examples
from tests.helpers.models import fixed, untaught
from textgen import (
    CoWriter,
    Generator,
    ModelConfig,
    SamplingConfig,
    TextgenError,
    TrainingConfig,
    UsageError,
    train,
    verse,
)
from textgen.corpus.documents import Corpus, read_corpus
from textgen.inspection import Trace, trace, trace_ids
from textgen.inspection.looks import look
from textgen.options import given_fields, option_of
from textgen.tokens.chars import CharTokenizer
from textgen.verse.config import Rules

HUGE = "x" * 1_000_000
SECONDS = 20  # of waiting for a call that does not end; what ends must end within one


class Plain:
    """Nothing that any function takes."""

    def __len__(self):
        raise RuntimeError("no length")

    def __repr__(self):
        raise RuntimeError("no repr")


def generated():
    """An iterator that ends only after very long."""
    yield from range(10**18)


# Name and maker of each value, so that a test cannot change what the next one gets.
VALUES = {
    "None": lambda: None,
    "True": lambda: True,
    "-1": lambda: -1,
    "0": lambda: 0,
    "1": lambda: 1,
    "10**400": lambda: 10**400,
    "-10**400": lambda: -(10**400),
    "10**5000": lambda: 10**5000,
    "0.5": lambda: 0.5,
    "-0.0": lambda: -0.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "complex": lambda: 1 + 0j,
    "Fraction": lambda: Fraction(1, 2),
    "Fraction of 400 digits": lambda: Fraction(10**400),
    "Decimal": lambda: Decimal("0.5"),
    "Decimal NaN": lambda: Decimal("NaN"),
    "Decimal sNaN": lambda: Decimal("sNaN"),
    "empty text": lambda: "",
    "text": lambda: "a",
    "lone surrogate": lambda: "a\ud800",
    "undecodable byte": lambda: "a\udcff",
    "escape code": lambda: "\x1b]0;x\x07",
    "NUL": lambda: "a\0b",
    "5,000 digits": lambda: "1" * 5000,
    "huge text": lambda: HUGE,
    "bytes": lambda: b"bytes",
    "empty bytes": lambda: b"",
    "bytearray": lambda: bytearray(b"ab"),
    "empty list": list,
    "nested list": lambda: [[[]]],
    "list of None": lambda: [None],
    "list of half texts": lambda: ["a", 3],
    "list of surrogates": lambda: ["\udfff"],
    "list of huge numbers": lambda: [10**5000],
    "list of NaN": lambda: [float("nan")],
    "list of pairs": lambda: [("a", "b", "c")],
    "dict": dict,
    "dict of itself": lambda: {"a": {"a": {}}},
    "set": lambda: set(),
    "object": object,
    "object that fails": Plain,
    "function": lambda: lambda: None,
    "class": lambda: Plain,
    "module": lambda: textgen,
    "generator": generated,
    "path": lambda: Path("no/such/place"),
    "array of no dimensions": lambda: np.array(1.0),
    "whole array of no dimensions": lambda: np.array(1),
    "array of one number": lambda: np.array([0.5]),
    "array of ints": lambda: np.arange(3),
    "array of two dimensions": lambda: np.ones((2, 2)),
    "array of objects": lambda: np.array([None, object()], object),
    "array of texts": lambda: np.array(["a", "b"]),
    "empty array": lambda: np.zeros(0),
    "NumPy int": lambda: np.int64(1),
    "NumPy float": lambda: np.float32(0.5),
    "NumPy NaN": lambda: np.float64("nan"),
    "NumPy complex": lambda: np.complex64(1),
    "NumPy bool": lambda: np.True_,
    "NumPy text": lambda: np.str_("a"),
    "NumPy bytes": lambda: np.bytes_(b"a"),
    "NumPy time": lambda: np.timedelta64(1, "s"),
}

# Which values a parameter of a kind may take. What a bound or a vocabulary adds is checked against the parameter: such
# a value may be refused, and then as any other.
TEXT = {"empty text", "text", "escape code", "NUL", "5,000 digits", "huge text", "NumPy text"}
ITEMS = {"empty list", "array of texts", "empty array"}
# A name that is not UTF-8 is a name on Linux.
PATHS = TEXT - {"NUL"} | {"path", "undecodable byte"}
WHOLE = {"-1", "0", "1", "10**400", "-10**400", "10**5000", "NumPy int"}
ALLOWED = {
    "whole": WHOLE,
    "number": WHOLE | {"0.5", "-0.0", "Fraction", "Decimal", "NumPy float"},
    "switch": {"True", "NumPy bool"},
    "text": TEXT,
    "one text": TEXT,
    "texts": TEXT | ITEMS,
    "path": PATHS,
    "paths": PATHS | ITEMS,
    "function": {"function"},
    "thing": set(),  # of one class, none of which is among VALUES
    "things": {"empty list", "empty array"},
    "mapping": {"dict"},
}
# Options with a form of their own.
TEMPERATURE = ALLOWED["number"] | {"5,000 digits"}
BIASES = ITEMS | {"dict"}
SPECIAL = {"temperature": TEMPERATURE, "bias": BIASES}


def kind_of(annotation):
    """The kind of a field's value, from its type."""
    words = str(annotation)
    for word, kind in (("tuple", "texts"), ("int", "whole"), ("float", "number"), ("bool", "switch"), ("str", "text")):
        if word in words:
            return kind
    raise AssertionError(annotation)


@dataclasses.dataclass(frozen=True)
class Place:
    """A parameter of a function: how to call it with a value, and which values it may take."""

    label: str
    parameter: str
    call: object
    allowed: frozenset

    @property
    def reads(self):
        """Whether the parameter is a text that the function reads to its end."""
        return self.parameter in ("text", "prompt", "prompts", "corpus", "lines", "acrostic")

    def __str__(self):
        return f"{self.label}({self.parameter})"


def place(label, parameter, call, kind, also=()):
    return Place(label, parameter, call, frozenset(ALLOWED.get(kind, set()) | set(also)))


def fields(label, config, call):
    """Every field of a configuration, given as a keyword."""
    for field in given_fields(config):
        optional = {"None"} if "None" in str(field.type) else set()
        special = SPECIAL.get(field.name) if config is not ModelConfig and not label.startswith("train") else None
        if config is verse.PoemConfig and field.name == "temperature":
            special = None
        allowed = frozenset((special or ALLOWED[kind_of(field.type)]) | optional)
        yield Place(label, field.name, lambda value, name=field.name: call(**{name: value}), allowed)


def places(folder):
    """Every parameter of every public function."""
    forward = fixed({}, symbols="ab ")
    poet = untaught("abc \n", documents="poem")
    text = "ab ab ab ab ab ab"
    seen = trace(forward, text)
    model, training, tokenizer = forward.engine.config, TrainingConfig(), CharTokenizer(list("ab "))
    weights = forward.engine.named_weights()
    corpus = Corpus("given", ("a",))

    for config in (ModelConfig, TrainingConfig, SamplingConfig, verse.PoemConfig, Rules):
        yield from fields(config.__name__, config, config)
    # Without a text, a training ends before it begins.
    for config in (ModelConfig, TrainingConfig):
        yield from fields("train", config, train)
    for parameter, kind in {
        "corpus": "paths",
        "text": "texts",
        "out": "path",
        "resume": "path",
        "from_run": "path",
        "tensorboard": "path",
        "encoding": "text",
        "note": "text",
        "overwrite": "switch",
        "quiet": "switch",
        "watch_gradients": "switch",
        "report": "function",
        "on_step": "function",
        "on_epoch": "function",
        "callbacks": "things",
        "progress": "switch",
    }.items():
        may = {"None"} if inspect.signature(train).parameters[parameter].default is None else set()
        yield place(
            "train", parameter, lambda value, name=parameter: train(**{name: value}, minutes=1, epochs=1), kind, may
        )
    # What is half a surrogate pair in a document is told with the document's number.
    yield place(
        "Corpus", "documents", lambda value: Corpus("x", value), "things", {"array of texts", "list of surrogates"}
    )
    yield place("Corpus", "name", lambda value: Corpus(value, ("a",)), "text")

    yield place("Generator.load", "run", Generator.load, "path", {"None"})
    parts = {"model": model, "training": training, "tokenizer": tokenizer, "weights": weights, "memory": None}
    for parameter in parts:
        kind, may = ("mapping", {"None"}) if parameter == "memory" else ("thing", ())
        if parameter == "weights":
            kind = "thing"
        yield place(
            "Generator.from_parts",
            parameter,
            lambda value, name=parameter: Generator.from_parts(**parts | {name: value}),
            kind,
            may,
        )
    yield place("Generator.mix", "generators", Generator.mix, "thing")
    yield place("Generator.mix", "weights", lambda value: Generator.mix([forward], value), "thing", {
        "None", "array of one number", "array of ints", "empty list", "empty array",
    })  # fmt: skip

    short = {"length": 2, "seed": 1, "unknown": "skip"}
    calls = {
        "generate": lambda **given: forward.generate(**short | given),
        "stream": lambda **given: "".join(forward.stream(**short | given)),
        "generate_many": lambda **given: forward.generate_many(**short | given),
        "write": lambda **given: forward.write(**short | given).finish(),
    }
    for name, call in calls.items():
        many = name in ("generate_many", "write")
        yield place(
            f"Generator.{name}",
            "prompts" if many else "prompt",
            lambda value, call=call, many=many: call(**{"prompts" if many else "prompt": value}),
            "texts" if many else "one text",
        )
        for parameter, kind, may in (
            ("config", "thing", {"None"}),
            ("transforms", "things", ()),
            ("corpus", "text", ()),
        ):
            yield place(
                f"Generator.{name}", parameter, lambda value, call=call, at=parameter: call(**{at: value}), kind, may
            )
    for parameter in ("measured", "keep"):
        yield place("Generator.write", parameter, lambda value, at=parameter: calls["write"](**{at: value}), "switch")
    # The same reader serves the four; the texts stay empty, so that what may be written takes no time.
    yield from fields("Generator.generate", SamplingConfig, lambda **given: forward.generate(**{"length": 0} | given))
    yield place("Generator.score", "text", forward.score, "texts")
    yield place("Generator.read_prompt", "prompt", lambda value: forward.read_prompt(value, "skip"), "one text")
    yield place("Generator.read_prompt", "unknown", lambda value: forward.read_prompt("a", value), "text")
    yield place("Generator.encode", "text", forward.encode, "text")

    yield place("CoWriter", "generator", CoWriter, "thing")
    yield place("CoWriter", "prompt", lambda value: CoWriter(forward, value, unknown="skip"), "text")
    for parameter in ("words", "ways"):
        yield place("CoWriter", parameter, lambda value, at=parameter: CoWriter(forward, **{at: value}), "whole")
        yield place("CoWriter", parameter, lambda value, at=parameter: setattr(CoWriter(forward), at, value), "whole")
    yield from fields("CoWriter", SamplingConfig, lambda **given: CoWriter(forward, **given))
    yield place("CoWriter.temperature", "temperature", lambda value: setattr(CoWriter(forward), "temperature", value),
                "", TEMPERATURE)  # fmt: skip
    yield place("CoWriter.take", "proposal", CoWriter(forward).take, "thing")
    yield place("CoWriter.add", "text", CoWriter(forward).add, "text")

    yield place("check", "lines", lambda value: verse.check(value, "free"), "thing", ITEMS)
    yield place("check", "form", lambda value: verse.check(["a"], value), "text", {"None"})
    yield from fields("check", Rules, lambda **given: verse.check(["a"], "free", **given))
    yield place("compose", "generator", lambda value: verse.compose(value), "thing")
    yield place("compositions", "generator", lambda value: verse.compositions(value), "thing")
    yield place("compositions", "config", lambda value: verse.compositions(poet, value), "thing", {"None"})
    yield from fields("compositions", verse.PoemConfig, lambda **given: verse.compositions(poet, **given))

    yield place("trace", "generator", lambda value: trace(value, text), "thing")
    yield place("trace", "text", lambda value: trace(forward, value, 0, 1), "texts")
    yield place("trace", "start", lambda value: trace(forward, text, value), "whole")
    yield place("trace", "stop", lambda value: trace(forward, text, 0, value), "whole", {"None"})
    yield place("trace_ids", "generator", lambda value: trace_ids(value, [0, 1]), "thing")
    yield place("trace_ids", "ids", lambda value: trace_ids(forward, value), "thing", {"array of ints"})
    yield place("Trace.likeliest", "step", seen.likeliest, "whole")
    yield place("Trace.likeliest", "count", lambda value: seen.likeliest(0, value), "whole")
    yield place("look", "generator", lambda value: look(value, text), "thing")
    yield place("look", "text", lambda value: look(forward, value), "texts")
    yield place("look", "name", lambda value: look(forward, text, value), "text")
    yield place("look", "start", lambda value: look(forward, text, "", value), "whole")
    yield place("look", "count", lambda value: look(forward, text, "", 0, value), "whole")
    yield place("look", "units", lambda value: look(forward, text, units=value), "things")
    follow = textgen.gradients.gradients
    yield place("gradients", "generator", lambda value: follow(value, seen), "thing")
    yield place("gradients", "seen", lambda value: follow(forward, value), "thing")
    yield place("gradients", "farthest", lambda value: follow(forward, seen, value), "whole")
    yield place("gradients", "places", lambda value: follow(forward, seen, 1, value), "whole")
    yield place("followers", "generator", lambda value: textgen.properties.followers(value, text), "thing")
    yield place("followers", "text", lambda value: textgen.properties.followers(forward, value), "texts")
    yield place(
        "followers", "limit", lambda value: textgen.properties.followers(forward, text, value), "whole", {"None"}
    )

    line = {"step": 1, "training_nats": 1.0, "validation_nats": 1.0}
    history = textgen.History(folder, [line], None, 0, False, 0.0)
    yield place("History.plot", "out", history.plot, "path", {"None"})
    yield place("History.plot", "overwrite", lambda value: history.plot(overwrite=value), "switch")

    yield place("read_corpus", "paths", read_corpus, "paths")
    file = folder / "a.txt"
    for parameter, kind, may in (
        ("documents", "text", ()),
        ("encoding", "text", {"None"}),
        ("selection", "thing", {"None"}),
        ("may_stay", "switch", ()),
        ("column", "text", {"None"}),
        ("lowercase", "switch", ()),
        ("normalise", "text", {"None"}),
    ):
        yield place("read_corpus", parameter, lambda value, at=parameter: read_corpus(file, **{at: value}), kind, may)
    assert corpus.documents


def ending(parameter, call, value):
    """How a call ended: "taken", "refused", or what is wrong with how it ended."""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        call(value)
    except (TypeError, ValueError, TextgenError) as error:
        message = str(error)
        if len(message) > 1000:
            return f"a message of {len(message)} characters"
        # Python's own errors name parameters without backquotes.
        quote = "`" if isinstance(error, TextgenError) else r"\b"
        found = "refused" if re.search(rf"{quote}{parameter}\b", message) else f"does not name it: {message}"
        if found == "refused" and not message.isprintable():
            return f"not one line: {message!r}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    else:
        found = "taken"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    seconds = time.process_time() - began
    return found if seconds < 1 else f"took {seconds:.1f} s"


# What may be taken may still be refused for what is in it: no such file, no such run, symbols that no model has.
def is_right(pair, found):
    name, place = pair
    if name not in place.allowed:
        return found == "refused"
    return found in ("taken", "refused") or found.startswith("does not name it")


def too_long(number, frame):
    raise AssertionError(f"still at work after {SECONDS} s")


@pytest.fixture
def every_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("some text\n" * 20)
    before = signal.signal(signal.SIGALRM, too_long)
    yield list(places(tmp_path))
    signal.signal(signal.SIGALRM, before)


def test_wrong_arguments_are_refused_by_name(every_place, capsys):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wrong, refused, taken, tried = [], 0, 0, 0
    for place in every_place:
        for name, make in VALUES.items():
            if name == "huge text" and place.reads and name in place.allowed:
                continue  # reading so much is work, not a fault
            found = ending(place.parameter, place.call, make())
            tried += name not in place.allowed
            refused += name not in place.allowed and found == "refused"
            taken += found == "taken"
            if not is_right((name, place), found):
                wrong.append(f"{place} = {name}: {found}")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with capsys.disabled():
        print(f"\n{len(every_place)} parameters, {tried} wrong arguments: {refused} refused by name; {taken} taken")
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(wrong)
    assert refused >= 2000
    assert taken >= 300  # the table is not so strict that it proves nothing of what is right
    assert grown < 300  # MB


def test_numbers_of_numpy_and_of_other_kinds_are_taken_as_pythons_own():
    config = SamplingConfig(
        length=np.int32(7), top_p=np.float32(0.5), min_p=Fraction(1, 4), typical=Decimal("0.5"),
        include_prompt=np.False_, unknown=np.str_("skip"), temperature=np.float64(0.5),
    )  # fmt: skip
    values = (config.length, config.top_p, config.min_p, config.typical, config.include_prompt, config.unknown)
    assert values == (7, 0.5, 0.25, 0.5, False, "skip")
    assert [type(value) for value in values] == [int, float, float, float, bool, str]
    assert config.temperature == 0.5


def array_of_objects(values):
    """A NumPy array of one dimension, whatever the values are."""
    array = np.empty(len(values), object)
    for place, value in enumerate(values):
        array[place] = value
    return array


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.complex_numbers(),
    st.fractions(),
    st.decimals(),
    st.text(st.characters(), max_size=20),
    st.binary(max_size=20),
)
ANYTHING = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3),
        st.tuples(inner, inner),
        st.builds(array_of_objects, st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)


@settings(max_examples=examples(250))
@given(st.sampled_from([ModelConfig, TrainingConfig, SamplingConfig, verse.PoemConfig]), st.data())
def test_anything_at_all_is_taken_or_refused_by_name(config, data):
    field = data.draw(st.sampled_from(given_fields(config)))
    value = data.draw(ANYTHING)
    found = ending(field.name, lambda given: config(**{field.name: given}), value)
    assert found in ("taken", "refused"), found


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda generator: generator.generate(temprature=1), ("generate()", "'temprature'", "'temperature'")),
        (lambda generator: generator.stream(lenght=1), ("stream()", "'lenght'", "'length'")),
        (lambda generator: generator.generate_many(cuont=1), ("generate_many()", "'cuont'", "'count'")),
        (lambda generator: generator.write(sed=1), ("write()", "'sed'", "'seed'")),
        (lambda generator: CoWriter(generator, temprature=1), ("CoWriter()", "'temprature'", "'temperature'")),
        (lambda generator: verse.compose(generator, froms="x"), ("compose()", "'froms'", "'form'")),
        (lambda generator: verse.compositions(generator, tires=3), ("compositions()", "'tires'", "'tries'")),
        (lambda generator: verse.check(["a"], "free", tone="off"), ("check()", "'tone'", "'tones'")),
        (lambda generator: generator.generate(42), ("`prompt`", "42")),
        (lambda generator: generator.generate(promt="a"), ("generate()", "'promt'", "'prompt'")),
        (lambda generator: CoWriter(generator, wrods=1), ("CoWriter()", "'wrods'", "'words'")),
        (lambda generator: ModelConfig(unitz=3), ("ModelConfig()", "'unitz'", "'units'")),
        (lambda generator: trace(generator, txt="a"), ("trace()", "'txt'", "'text'")),
    ],
)
def test_a_wrong_keyword_names_the_function_and_the_nearest_one(call, words):
    with pytest.raises(TextgenError) as caught:
        call(fixed({}))
    assert all(word in str(caught.value) for word in words), caught.value


def public_functions():
    """Everything that programs call: functions, methods, and classes that they make instances of."""
    made = (CoWriter, Corpus, Generator, ModelConfig, SamplingConfig, TrainingConfig, verse.PoemConfig)
    yield from made
    for module in (textgen, verse, textgen.inspection):
        yield from filter(inspect.isfunction, (getattr(module, name) for name in module.__all__))
    yield from (textgen.gradients.gradients, textgen.properties.followers)
    yield from (look, read_corpus)
    for kind in (Generator, CoWriter, textgen.History, Trace):
        for method in filter(callable, (getattr(kind, name) for name in dir(kind) if not name.startswith("_"))):
            if set(inspect.signature(method).parameters) - {"self"}:
                yield method


def test_every_public_function_answers_a_keyword_that_it_does_not_take():
    found = {each.__qualname__: each for each in public_functions()}
    assert {"train", "compose", "check", "trace", "Generator.load", "History.plot", "CoWriter"} <= set(found)
    for each in found.values():
        with pytest.raises(UsageError, match=rf"{each.__name__}\(\) has no option 'no_such_keyword'; ") as caught:
            each(no_such_keyword=1)
        assert "self" not in str(caught.value)
        assert "cls" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "configs"),
    [
        (Generator.generate, [SamplingConfig]),
        (textgen.train, [ModelConfig, TrainingConfig]),
        (verse.compose, [verse.PoemConfig]),
    ],
)
def test_help_lists_the_options_of_a_function(function, configs):
    for config in configs:
        for field in given_fields(config):
            assert f"\n    {field.name}: {option_of(field).help}" in function.__doc__
