"""The compiled step and the one in NumPy: the equations, a row's bits in any company, and what is refused."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, examples, missing
from tests.helpers.models import random_weights
from textgen.engine import compiled, forward, network
from textgen.engine.mixture import Mixture
from textgen.engine.network import NUMPY, VARIABLE, Engine, State
from textgen.errors import UsageError
from textgen.runs.config import ModelConfig
from textgen.system import threads
from textgen.tokens.chars import CharTokenizer

WAYS = [*compiled.VARIANTS, NUMPY]
needs_compiled = pytest.mark.usefixtures("compiled_step")


@pytest.fixture
def compiled_step():
    """The compiled step is there: `make test` installs textgen with a compiler."""
    if not compiled.VARIANTS:
        missing("no compiled step on this machine: textgen was installed without a compiler")


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Each way to compute a step that this machine has."""
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param


@needs_compiled
def test_the_compiled_step_is_taken_where_it_is_there(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert Engine(CONFIG, random_weights(CONFIG)).variant == compiled.VARIANTS[0]


# ---- the equations

CONFIG = ModelConfig(vocabulary_size=9, embedding_size=5, units=6, layers=2)


def by_hand(config, weights, ids):
    """The equations of textgen.engine.network, one gate at a time, in float64."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    units = config.units
    h, c = np.zeros((config.layers, config.projection or units)), np.zeros((config.layers, units))
    for index in ids:
        x = weights.get("embedding", np.eye(config.vocabulary_size))[index].astype(np.float64)
        for layer in range(config.layers):
            kernel, recurrent = weights[f"lstm.{layer}.kernel"], weights[f"lstm.{layer}.recurrent_kernel"]
            bias = weights.get(f"lstm.{layer}.bias", np.zeros(4 * units))
            i, f, g, o = (
                x @ kernel[:, first:last] + h[layer] @ recurrent[:, first:last] + bias[first:last]
                for first, last in pairwise(range(0, 5 * units, units))
            )
            c[layer] = sigmoid(f) * c[layer] + sigmoid(i) * np.tanh(g)
            h[layer] = sigmoid(o) * np.tanh(c[layer]) @ weights.get(f"lstm.{layer}.projection", np.eye(units))
            x = h[layer]
    kernel = weights["embedding"].T if config.tie else weights["output.kernel"]
    return x @ kernel + weights["output.bias"]


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "onehot"},
        {"embedding_size": 5},
        {"embedding_size": 5, "projection": 4},
        {"embedding_size": 5, "tie": True, "projection": 5},
    ],
)
@pytest.mark.parametrize("table", [0, forward.MAX_TABLE_SYMBOLS])
@pytest.mark.parametrize("bias", [True, False])
def test_equal_to_the_equations(way, options, table, bias, monkeypatch):
    monkeypatch.setattr(forward, "MAX_TABLE_SYMBOLS", table)
    for units, vocabulary in ((6, 9), (16, 16), (37, 67)):  # less than a vector, whole panels, parts of both
        config = ModelConfig(vocabulary_size=vocabulary, units=units, layers=2, bias=bias, **options)
        weights, ids = random_weights(config), [3, 1, 4, 1, 5, 8, 2, 6]
        logits, _ = Engine(config, weights).read(ids)
        assert np.abs(logits - by_hand(config, weights, ids)).max() < 1e-5


def test_the_given_weights_come_back_bit_for_bit(way):
    for bias in (True, False):
        for options in ({"encoder": "onehot"}, {"projection": 3}, {"projection": 5, "tie": True}):
            config = ModelConfig(
                **{"vocabulary_size": 35, "embedding_size": 5, "units": 7, "layers": 2, "bias": bias} | options
            )
            weights = random_weights(config)
            again = Engine(config, weights).named_weights()
            assert set(again) == set(weights)
            for name, array in weights.items():
                assert again[name].shape == array.shape
                assert again[name].tobytes() == array.tobytes()


def test_a_damaged_number_is_seen_in_the_logits(way):
    """Every gate, cell and logit passes NaN on."""
    weights = random_weights(CONFIG)
    weights["lstm.0.recurrent_kernel"][2, 20] = np.nan
    logits, state = Engine(CONFIG, weights).read([1, 2, 3])
    assert np.isnan(state.h).any()
    assert np.isnan(logits).all()


# ---- a row's bits

ROWS = 33
SHAPES = st.fixed_dictionaries(
    {
        "vocabulary_size": st.integers(3, 90),
        "encoder": st.sampled_from(["onehot", "embedding"]),
        "embedding_size": st.integers(1, 20),
        "units": st.integers(1, 70),
        "layers": st.integers(1, 3),
        "bias": st.booleans(),
    }
)
# What part of the units a projection has, in fifths; 0 for no projection.
FIFTHS = st.integers(0, 4)


def bits(logits, state, row):
    """Everything that a step says of a row."""
    states = getattr(state, "states", (state,))
    return [logits[row].tobytes(), *(part[:, row].tobytes() for one in states for part in (one.h, one.c))]


def assert_alone_as_in_company(net, state, ids):
    """Each row has the bits that it has alone, in pairs, and in the whole, at any place."""
    with threads.limited():
        alone = [bits(*net.step(state.rows([row]), ids[[row]]), 0) for row in range(len(ids))]
        for rows in (np.arange(len(ids)), np.arange(len(ids))[::-1], *np.array_split(np.arange(len(ids)), 9)):
            work = net.workspace(len(rows))
            logits, after = net.step(state.rows(rows), ids[rows], work)
            for place, row in enumerate(rows):
                assert bits(logits, after, place) == alone[row]


@given(SHAPES, FIFTHS, st.sampled_from([2, 4096]), st.sampled_from(WAYS), st.integers(1, ROWS))
@settings(max_examples=examples(60))
def test_a_row_has_the_same_bits_in_any_company(shape, fifths, table, way, rows):
    config = ModelConfig(**shape, projection=shape["units"] * fifths // 5)
    rng = np.random.default_rng(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forward, "MAX_TABLE_SYMBOLS", table)
        patch.setenv(VARIABLE, way)
        engine = Engine(config, random_weights(config))
    h, c = (
        rng.normal(0, 1, (config.layers, rows, size)).astype(np.float32) for size in (config.sizes.output, config.units)
    )
    assert_alone_as_in_company(engine, State(h, c), rng.integers(0, config.vocabulary_size, rows))


@pytest.mark.parametrize(("units", "vocabulary"), [(256, 67), (40, 5001), (130, 1000)])
def test_a_row_of_a_large_network_has_the_same_bits_in_any_company(way, units, vocabulary):
    config = ModelConfig(vocabulary_size=vocabulary, embedding_size=16, units=units, layers=1)
    rng = np.random.default_rng(0)
    engine = Engine(config, random_weights(config, 0.05))
    h, c = rng.normal(0, 1, (2, 1, ROWS, units)).astype(np.float32)
    assert_alone_as_in_company(engine, State(h, c), rng.integers(0, vocabulary, ROWS))


def test_a_row_of_a_mixture_has_the_same_bits_in_any_company(way):
    alphabets = ("abcdefg", "cdefghijklmnopq")
    configs = [
        ModelConfig(vocabulary_size=len(symbols) + 2, units=units, layers=1)
        for symbols, units in zip(alphabets, (13, 20), strict=True)
    ]
    engines = [Engine(config, random_weights(config)) for config in configs]
    mixture = Mixture(engines, [CharTokenizer(list(symbols)) for symbols in alphabets], [1, 3])
    ids = np.random.default_rng(0).integers(0, mixture.tokenizer.vocabulary_size, (3, 21))
    state = mixture.initial_state(21)
    for read in ids[:2]:
        _, state = mixture.step(state, read)
    assert_alone_as_in_company(mixture, state, ids[2])


def test_variants_with_fused_sums_agree_to_the_bit(monkeypatch):
    """So a text is the same on every machine that has them. SSE2 rounds between a product and its sum."""
    fused = [name for name in compiled.VARIANTS if name != "sse2"]
    wanted = None
    for name in fused:
        monkeypatch.setenv(VARIABLE, name)
        logits, state = Engine(CONFIG, random_weights(CONFIG)).read([1, 2, 3, 4])
        wanted = wanted or (logits.tobytes(), state.h.tobytes())
        assert (logits.tobytes(), state.h.tobytes()) == wanted


# ---- the choice


def test_a_way_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setenv(VARIABLE, "fast")
    with pytest.raises(UsageError, match=r"^TEXTGEN_KERNEL is 'fast'; set it to one of: .*numpy$"):
        Engine(CONFIG, random_weights(CONFIG))


def test_without_the_compiled_step_numpy_takes_its_place(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(network, "VARIANTS", ())
    assert Engine(CONFIG, random_weights(CONFIG)).variant == NUMPY


@pytest.mark.skipif(sys.platform == "win32", reason="the name of the compiler is not read from CC")
def test_without_a_compiler_the_installation_succeeds(tmp_path):
    command = [sys.executable, "setup.py", "build_ext", "--build-lib", tmp_path, "--build-temp", tmp_path / "objects"]
    environment = {"CC": "false", "PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "failed" in done.stdout + done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


# ---- tanh


@needs_compiled
@pytest.mark.parametrize("variant", compiled.VARIANTS)
def test_tanh_at_every_magnitude(variant):
    """A network whose recurrent weights are 0: its candidates are tanh of the rows of its table."""
    step, rows, units = compiled._step.Step, 512, 64
    highest = int(np.float32(np.inf).view(np.uint32))
    # Positive floats of all exponents, those where tanh bends, and what is no number.
    places = np.linspace(0, highest, rows * units // 2).astype(np.uint32).view(np.float32)
    values = np.concatenate([places, np.linspace(1e-3, 12, len(places), dtype=np.float32)])
    values[-1] = np.nan

    def tanh(values):
        table = np.zeros((rows, 4 * units), np.float32)
        table[:, 3 * units :] = values.reshape(rows, units)
        kernel, output = (compiled.pack(np.zeros((units, n), np.float32)) for n in (4 * units, 1))
        layers = ((None, kernel, np.zeros(4 * units, np.float32), None),)
        network = step(variant, units, units, table, layers, output, np.zeros(1, np.float32))
        zeros = np.zeros((1, rows, units), np.float32)
        gates, given = np.empty((1, rows, 4 * units), np.float32), np.empty((rows, units), np.float32)
        new_h, new_c, logits = np.empty_like(zeros), np.empty_like(zeros), np.empty((rows, 1), np.float32)
        none = np.empty((0, 4 * units), np.float32)
        network.step(np.arange(rows), zeros, zeros, none, new_h, new_c, gates, given, logits)
        assert np.array_equal(gates[..., : 3 * units], np.full_like(gates[..., : 3 * units], 0.5))  # sigmoid(0)
        return gates[0, :, 3 * units :].ravel()

    found, wanted = tanh(values), np.tanh(values.astype(np.float64))
    assert np.isnan(found[-1])
    assert found[0] == 0
    assert found[len(places) - 1] == 1  # infinity
    assert np.abs(found - wanted)[:-1].max() < 1e-7
    assert (np.abs(found - wanted) <= 3 * np.spacing(wanted.astype(np.float32)))[:-1].all()
    assert np.array_equal(tanh(-values)[:-1], -found[:-1])


# ---- what arrays are refused


class Call:
    """A call of the compiled step whose arguments can be spoilt one by one."""

    rows, units, size, vocabulary = 3, 6, 4, 9

    def __init__(self):
        rows, units, size = self.rows, self.units, self.size
        self.network = {
            "variant": compiled.VARIANTS[0],
            "units": units,
            "size": size,
            "lookup": np.zeros((9, 4 * units), np.float32),
            "layers": (
                (
                    None,
                    np.zeros((2, size, 16), np.float32),
                    np.zeros(4 * units, np.float32),
                    np.zeros((1, units, 16), np.float32),
                ),
            ),
            "output": np.zeros((1, size, 16), np.float32),
            "output_bias": np.zeros(self.vocabulary, np.float32),
        }
        self.arrays = {
            "ids": np.zeros(rows, np.int64),
            **{name: np.zeros((1, rows, width), np.float32) for name, width in (("h", size), ("c", units))},
            "offsets": np.zeros((rows, 4 * units), np.float32),
            **{name: np.zeros((1, rows, width), np.float32) for name, width in (("new_h", size), ("new_c", units))},
            "gates": np.zeros((1, rows, 4 * units), np.float32),
            "given": np.zeros((rows, units), np.float32),
            "logits": np.zeros((rows, self.vocabulary), np.float32),
        }

    def run(self):
        compiled._step.Step(*self.network.values()).step(*self.arrays.values())


def read_only(array):
    array.flags.writeable = False
    return array


def unaligned(array):
    return np.frombuffer(bytearray(array.nbytes + 1), array.dtype, array.size, offset=1).reshape(array.shape)


SPOILT = {
    "too short": lambda array: array[:-1],
    "too narrow": lambda array: np.ascontiguousarray(array[..., :-1]),
    "another type": lambda array: array.astype(np.float64 if array.dtype == np.float32 else np.int32),
    "other bytes": lambda array: array.astype(array.dtype.newbyteorder()),
    "not contiguous": lambda array: np.repeat(array, 2, -1)[..., ::2],
    "one dimension more": lambda array: array[None],
    "not aligned": unaligned,
    "not an array": lambda array: array.tolist(),
}
OUTPUTS = ("new_h", "new_c", "gates", "given", "logits")
REFUSALS = (TypeError, ValueError, BufferError)


@needs_compiled
def test_a_right_call_is_not_refused():
    Call().run()


@needs_compiled
@pytest.mark.parametrize("how", [*SPOILT, "read only"])
@pytest.mark.parametrize("name", ["ids", "h", "c", "offsets", *OUTPUTS])
def test_arrays_of_a_step_that_do_not_fit_are_refused(name, how):
    if (how == "read only" and name not in OUTPUTS) or (how == "too short" and name == "ids"):
        return  # that fits
    call = Call()
    call.arrays[name] = (SPOILT | {"read only": read_only})[how](call.arrays[name])
    with pytest.raises(REFUSALS):
        call.run()


@needs_compiled
@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", ["lookup", "output", "output_bias", "recurrent", "bias", "projection"])
def test_weights_that_do_not_fit_are_refused(name, how):
    call, spoil = Call(), SPOILT[how]
    if (name, how) == ("lookup", "too short"):
        return  # a smaller vocabulary
    if name in call.network:
        call.network[name] = spoil(call.network[name])
    else:
        layer = list(call.network["layers"][0])
        place = ("kernel", "recurrent", "bias", "projection").index(name)
        layer[place] = spoil(layer[place])
        call.network["layers"] = (tuple(layer),)
    with pytest.raises(REFUSALS):
        call.run()


@needs_compiled
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("variant", "avx9"),
        ("units", 0),
        ("units", -1),
        ("units", 2**62),
        ("units", 7),
        ("size", 0),
        ("size", 2**62),
        ("size", 6),
        ("layers", ()),
        ("layers", [1]),
        ("layers", (1,)),
        ("layers", ((None, None),)),
        ("layers", ((None, None, None),)),
        ("layers", ((None, np.zeros((2, 4, 16), np.float32), np.zeros(24, np.float32), None),)),
        ("lookup", np.zeros((0, 24), np.float32)),
        ("lookup", None),
    ],
)
def test_a_network_that_does_not_fit_is_refused(name, value):
    call = Call()
    call.network[name] = value
    with pytest.raises(REFUSALS):
        call.run()


@needs_compiled
@pytest.mark.parametrize("index", [-1, 9, 2**40, -(2**63)])
def test_an_id_outside_of_the_vocabulary_is_refused(index):
    call = Call()
    call.arrays["ids"][1] = index
    with pytest.raises(IndexError, match=r"^ids: not all from 0 to 8$"):
        call.run()


@needs_compiled
@pytest.mark.parametrize(
    ("x", "panels", "out"),
    [
        ((2, 6), (2, 6, 16), (3, 20)),
        ((3, 5), (2, 6, 16), (3, 20)),
        ((3, 6), (1, 6, 16), (3, 20)),
        ((3, 6), (2, 6, 16), (3, 33)),
        ((3, 6), (2, 6, 8), (3, 20)),
        ((3, 6), (12, 16), (3, 20)),
    ],
)
def test_products_that_do_not_fit_are_refused(x, panels, out):
    arrays = (np.zeros(shape, np.float32) for shape in (x, panels, out))
    with pytest.raises(ValueError, match=r"^(x|panels|out): "):
        compiled._step.add_product(compiled.VARIANTS[0], *arrays)


@needs_compiled
@pytest.mark.parametrize("arguments", [(), (None, None, None, None), ("avx9", None, None, None)])
def test_a_product_of_something_else_is_refused(arguments):
    with pytest.raises(REFUSALS):
        compiled._step.add_product(*arguments)


def test_a_step_without_rows_does_nothing(way):
    none = State(*np.zeros((2, 2, 0, 6), np.float32))
    logits, state = Engine(CONFIG, random_weights(CONFIG)).step(none, np.zeros(0, np.intp))
    assert logits.shape == (0, 9)
    assert state.h.shape == (2, 0, 6)
