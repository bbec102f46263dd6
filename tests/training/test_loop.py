"""The compiled loop over time steps, called as TensorFlow calls it: equations, gradient, bits, and what is refused.

Nothing here needs TensorFlow, so that `make sanitize` can run it.
"""

import threading
from itertools import product

import numpy as np
import pytest

loop = pytest.importorskip(
    "textgen.training._recurrence", reason="no compiled loop on this machine: textgen was installed without a compiler"
)

# Units, rows and steps: less than a vector, a vector and a part, several panels and a part; blocks of rows and a rest.
SIZES = [(1, 1, 1), (3, 5, 4), (17, 33, 3), (65, 5, 6), (16, 6, 2), (70, 13, 1)]


class Case:
    """Random weights and inputs of a layer: inputs are the sum of a table's rows, of vectors, and of a bias."""

    def __init__(self, units, batch, steps, projection=0, seed=0):
        rng = np.random.default_rng(seed)
        self.units, self.batch, self.steps, self.size = units, batch, steps, projection or units
        shapes = {
            "table": (5, 4 * units),
            "vectors": (steps, batch, 4 * units),
            "bias": (1, 4 * units),
            "kernel": (self.size, 4 * units),
            "h0": (batch, self.size),
            "c0": (batch, units),
            "d_outputs": (steps, batch, self.size),
            "d_h": (batch, self.size),
            "d_c": (batch, units),
        }
        shapes |= {"projection": (units, self.size)} if projection else {}
        scale = {"kernel": self.size**-0.5, "projection": units**-0.5}
        self.arrays = {
            name: rng.normal(0, scale.get(name, 0.7), shape).astype(np.float32) for name, shape in shapes.items()
        }
        self.ids = rng.integers(0, 5, (steps, batch)).astype(np.int32)

    def __getattr__(self, name):
        return self.arrays.get(name)

    def sources(self):
        return ((self.table, self.ids), (self.vectors.reshape(-1, 4 * self.units), None), (self.bias, None))

    def room(self, variant):
        return empty((loop.room(variant, self.units, self.size, self.projection is not None),))

    def forward(self, variant, threads=1):
        h, c = empty((self.steps + 1, *self.h0.shape)), empty((self.steps + 1, *self.c0.shape))
        h[0], c[0] = self.h0, self.c0
        gates = empty((self.steps, self.batch, 4 * self.units))
        given = None if self.projection is None else empty((self.steps, self.batch, self.units))
        room = self.room(variant)
        loop.forward(variant, threads, self.sources(), h, c, self.kernel, self.projection, gates, given, room)
        return h, c, gates, given

    def backward(self, variant, found, threads=1):
        _, c, gates, _ = found
        d_x, d_h0, d_c0 = empty(gates.shape), empty(self.h0.shape), self.d_c.copy()
        d_table, d_bias = empty(self.table.shape), empty(self.bias.shape)
        d_seen = None if self.projection is None else empty(self.d_outputs.shape)
        tables = ((d_table, self.ids), (d_bias, None))
        others = (c, self.kernel, self.projection, gates, self.d_outputs, self.d_h, d_x, d_h0, d_c0, d_seen)
        loop.backward(variant, threads, tables, *others, self.room(variant))
        return [d_x, d_h0, d_c0, d_table, d_bias, *([] if d_seen is None else [d_seen])]


def empty(shape):
    """An array in which a number that is not written is seen."""
    return np.full(shape, np.nan, np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(case, changes=None):
    """The equations in float64: h after each step, and the last c. `changes` replaces arrays."""
    arrays = {name: array.astype(np.float64) for name, array in case.arrays.items()} | (changes or {})
    h, c, outputs = arrays["h0"], arrays["c0"], []
    for step in range(case.steps):
        x = arrays["table"][case.ids[step]] + arrays["vectors"][step] + arrays["bias"]
        i, f, g, o = np.split(x + h @ arrays["kernel"], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        h = h @ arrays["projection"] if "projection" in arrays else h
        outputs.append(h)
    return np.array(outputs).reshape(case.steps, case.batch, case.size), h, c


def loss(case, changes):
    outputs, h, c = by_hand(case, changes)
    return (outputs * case.d_outputs).sum() + (h * case.d_h).sum() + (c * case.d_c).sum()


def nudged(case, name, nudge=1e-6):
    """The gradient of the loss by an array, by differences of the equations."""
    array = case.arrays[name].astype(np.float64)
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        sides = []
        for sign in (1, -1):
            moved = array.copy()
            moved[index] += sign * nudge
            sides.append(loss(case, {name: moved}))
        gradient[index] = (sides[0] - sides[1]) / (2 * nudge)
    return gradient


def relative(a, b):
    return np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-30)


@pytest.fixture(params=loop.VARIANTS)
def variant(request):
    """Each set of vector instructions that this machine has."""
    return request.param


@pytest.mark.parametrize(("units", "batch", "steps"), SIZES)
@pytest.mark.parametrize("is_projected", [False, True])
def test_equal_to_the_equations(variant, units, batch, steps, is_projected):
    case = Case(units, batch, steps, projection=(units + 2) // 3 if is_projected else 0)
    h, c, _, _ = case.forward(variant)
    outputs, _, last_c = by_hand(case)
    assert np.allclose(h[1:], outputs, rtol=1e-5, atol=1e-6)
    assert np.allclose(c[-1], last_c, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("units", "batch", "steps", "projection"), [(3, 2, 4, 0), (1, 1, 1, 0), (5, 3, 3, 2), (17, 1, 2, 0)]
)
def test_the_gradient_is_that_of_the_equations(variant, units, batch, steps, projection):
    case = Case(units, batch, steps, projection, seed=1)
    found = case.forward(variant)
    h, given = found[0], found[3]
    d_x, d_h0, d_c0, d_table, d_bias, *d_seen = case.backward(variant, found)
    got = {"vectors": d_x, "h0": d_h0, "c0": d_c0, "table": d_table, "bias": d_bias}
    # The gradients of the matrices are products of what was seen, which TensorFlow takes.
    got["kernel"] = np.einsum("tbs,tbg->sg", h[:-1], d_x)
    if projection:
        got["projection"] = np.einsum("tbu,tbs->us", given, d_seen[0])
    for name, gradient in got.items():
        assert relative(gradient, nudged(case, name)) < 1e-5, name


@pytest.mark.parametrize(("units", "batch", "steps"), SIZES)
@pytest.mark.parametrize("is_projected", [False, True])
def test_the_number_of_threads_changes_no_bit(variant, units, batch, steps, is_projected):
    case = Case(units, batch, steps, projection=(units + 1) // 2 if is_projected else 0, seed=2)
    results = []
    for threads in (1, 2, 3, 100):
        found = case.forward(variant, threads)
        found = [*(each for each in found if each is not None), *case.backward(variant, found, threads)]
        results.append([each.tobytes() for each in found])
    assert all(result == results[0] for result in results[1:])
    assert not any(np.isnan(np.frombuffer(each, np.float32)).any() for each in results[0])


def test_a_row_has_the_same_bits_in_any_company(variant):
    whole = Case(19, 14, 5, seed=3)
    found = whole.forward(variant)
    gradient = whole.backward(variant, found)
    for rows in (slice(0, 1), slice(3, 10), slice(13, 14)):
        part = Case(19, 14, 5, seed=3)
        part.batch = rows.stop - rows.start
        for name in ("vectors", "d_outputs"):
            part.arrays[name] = np.ascontiguousarray(part.arrays[name][:, rows])
        for name in ("h0", "c0", "d_h", "d_c"):
            part.arrays[name] = part.arrays[name][rows].copy()
        part.ids = np.ascontiguousarray(part.ids[:, rows])
        again = part.forward(variant)
        for a, b in zip(found[:3], again[:3], strict=True):
            assert a[:, rows].tobytes() == b.tobytes()
        d_x, d_h0, d_c0, *_ = part.backward(variant, again)
        assert gradient[0][:, rows].tobytes() == d_x.tobytes()
        assert gradient[1][rows].tobytes() == d_h0.tobytes()
        assert gradient[2][rows].tobytes() == d_c0.tobytes()


def test_calls_beside_each_other_do_not_meet(variant):
    cases = [Case(33, 9, 6, seed=seed) for seed in range(4)]
    wanted = [case.forward(variant)[0].tobytes() for case in cases]
    got = [None] * len(cases)

    def work(place):
        got[place] = cases[place].forward(variant, threads=2)[0].tobytes()

    workers = [threading.Thread(target=work, args=(place,)) for place in range(len(cases))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert got == wanted


def test_no_steps_and_no_rows(variant):
    case = Case(7, 3, 0)
    found = case.forward(variant)
    _, d_h0, d_c0, d_table, d_bias = case.backward(variant, found)
    assert d_h0.tobytes() == case.d_h.tobytes()
    assert d_c0.tobytes() == case.d_c.tobytes()
    assert not d_table.any()
    assert not d_bias.any()
    Case(7, 0, 3).forward(variant, threads=2)


NUMBERS = [0.0, 1e-30, -1e-6, 0.3, -2.0, 9.0, -30.0, 85.0, -85.0, 1e30, -1e30, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("number", NUMBERS)
def test_activations_of_all_kinds_of_numbers(variant, number):
    """Gates of a layer without recurrence: sigmoid and tanh of the input, NaN for NaN."""
    case = Case(16, 1, 1)
    case.arrays |= {name: np.zeros_like(case.arrays[name]) for name in ("table", "bias", "kernel")}
    case.vectors[:] = number
    i, f, g, o = np.split(case.forward(variant)[2][0, 0].astype(np.float64), 4)
    with np.errstate(over="ignore"):
        wanted, wanted_g = sigmoid(np.float64(np.float32(number))), np.tanh(np.float64(np.float32(number)))
    for gate in (i, f, o):
        assert np.allclose(gate, wanted, rtol=3e-7, atol=2e-35, equal_nan=True)
    assert np.allclose(g, wanted_g, rtol=3e-7, atol=0, equal_nan=True)
    assert np.isnan(g).all() or np.abs(g).max() <= 1


def test_a_damaged_weight_is_seen(variant):
    case = Case(5, 2, 3)
    case.kernel[2, 7] = np.nan
    h, *_ = case.forward(variant)
    assert np.isnan(h[1:]).any(axis=(1, 2)).all()


# ---- what is refused


@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("wrong", [-1, 5, 2**31 - 1, -(2**31)])
def test_ids_outside_of_their_table(variant, way, wrong):
    case = Case(6, 4, 3)
    found = case.forward(variant)
    case.ids[1, 2] = wrong
    with pytest.raises(IndexError, match=r"^ids: not all in their table$"):
        case.forward(variant) if way == "forward" else case.backward(variant, found)


def arguments(case, variant, way):
    """The positional arguments of a call that is right, by name."""
    h, c, gates, _ = case.forward(variant)
    shared = {"c": c, "kernel": case.kernel, "projection": None, "gates": gates}
    if way == "forward":
        others = {"variant": variant, "threads": 1, "sources": case.sources(), "h": h, **shared, "given": None}
    else:
        others = {
            "variant": variant,
            "threads": 1,
            "tables": ((empty(case.table.shape), case.ids), (empty(case.bias.shape), None)),
            **shared,
            "d_outputs": case.d_outputs,
            "d_h": case.d_h,
            "d_x": empty(gates.shape),
            "d_h0": empty(case.h0.shape),
            "d_c0": case.d_c.copy(),
            "d_seen": None,
        }
    return others | {"room": case.room(variant)}


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_every_array_must_have_its_type_and_shape(way):
    variant, case = loop.VARIANTS[0], Case(6, 4, 3)
    call = getattr(loop, way)
    right = arguments(case, variant, way)
    call(*right.values())
    for name, array in right.items():
        if not isinstance(array, np.ndarray):
            continue
        wrong = {
            "type": array.astype(np.float64),
            "dimensions": array[None],
            "longer": np.zeros([size + 1 for size in array.shape], np.float32),
            "shorter": np.zeros([size - 1 for size in array.shape], np.float32),
            "strided": np.zeros([2 * size for size in array.shape], np.float32)[(slice(None, None, 2),) * array.ndim],
            "unaligned": np.zeros(4 * array.size + 1, np.uint8)[1:].view(np.float32).reshape(array.shape),
        }
        if name == "room":  # as large as either call needs it
            wrong = {kind: array for kind, array in wrong.items() if kind not in ("longer", "shorter")}
        for bad in wrong.values():
            with pytest.raises((TypeError, ValueError, BufferError)):
                call(*(right | {name: bad}).values())


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_arrays_that_are_written_must_be_writable(way):
    variant, case = loop.VARIANTS[0], Case(6, 4, 3)
    right = arguments(case, variant, way)
    written = ("h", "c", "gates", "room") if way == "forward" else ("d_x", "d_h0", "d_c0", "room")
    for name in written:
        sealed = right[name].copy()
        sealed.flags.writeable = False
        with pytest.raises((BufferError, ValueError)):
            getattr(loop, way)(*(right | {name: sealed}).values())


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_sources_must_be_pairs_that_fit(way):
    variant, case = loop.VARIANTS[0], Case(6, 4, 3)
    right = arguments(case, variant, way)
    key = "sources" if way == "forward" else "tables"
    table = empty((5, 24))
    bad = [
        [(table, case.ids)],
        (table,),
        ((table,),),
        ((table, case.ids, None),),
        ((table, None),),  # five rows for twelve places
        ((empty((0, 24)), case.ids),),
        ((empty((5, 23)), case.ids),),
        ((table, case.ids.astype(np.int64)),),
        ((table, case.ids[:2]),),
        ((empty((1, 24)), None),) * (loop.MOST_SOURCES + 1),
    ]
    for sources in bad:
        with pytest.raises((TypeError, ValueError, IndexError)):
            getattr(loop, way)(*(right | {key: sources}).values())


def test_other_arguments_that_are_refused():
    variant, case = loop.VARIANTS[0], Case(6, 4, 3)
    right = arguments(case, variant, "forward")
    with pytest.raises(ValueError, match="no variant 'mmx'"):
        loop.forward(*(right | {"variant": "mmx"}).values())
    with pytest.raises(TypeError):
        loop.forward(*list(right.values())[:-1])
    with pytest.raises(ValueError, match="needs a projection"):
        loop.forward(*(right | {"kernel": empty((5, 24))}).values())
    with pytest.raises(ValueError, match="room: 1 floats"):
        loop.forward(*(right | {"room": empty((1,))}).values())
    for units, size in product((0, -1, 2**40), (1, 6)):
        with pytest.raises(ValueError, match="units and size"):
            loop.room(variant, units, size, False)
