"""What several processes compute, against what one does: `make test-machines` installs JAX and runs these."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT, environment
from tests.helpers.groups import group_of

pytestmark = pytest.mark.machines


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What so many processes come to (tests/helpers/division_worker.py), each asked once: name to array."""
    found = {}

    def ask(size, kind="characters", fault="", devices=1):
        key = size, kind, fault, devices
        if key not in found:
            out = tmp_path_factory.mktemp("division") / "found.npz"
            command = [sys.executable, "-m", "tests.helpers.division_worker"]
            started = [
                subprocess.Popen(
                    [*command, json.dumps(membership), str(out), kind, fault],
                    cwd=ROOT,
                    stderr=subprocess.PIPE,
                    env=environment(JAX_NUM_CPU_DEVICES=str(devices)),
                )
                for membership in group_of(size)
            ]
            try:
                for process in started:
                    _, errors = process.communicate(timeout=300)
                    assert process.returncode == 0, errors.decode()[-3000:]
            finally:
                for process in started:
                    process.kill()
            with np.load(out) as arrays:
                found[key] = dict(arrays)
        return found[key]

    return ask


def furthest(found, expected):
    """The largest relative difference of losses, and the largest differences of weights and of the carried state.

    A cell state has no bound, so the difference of a number above 1 is relative.
    """
    assert found.keys() == expected.keys()
    losses = np.abs(found["losses"] / expected["losses"] - 1).max()
    largest = {"weight.": 0.0, "state.": 0.0}
    for kind in largest:
        for name in [name for name in found if name.startswith(kind)]:
            sizes = np.maximum(np.abs(expected[name].astype(float)), 1)
            largest[kind] = max(largest[kind], (np.abs(found[name].astype(float) - expected[name]) / sizes).max())
    return losses, largest["weight."], largest["state."]


@pytest.mark.parametrize(
    ("size", "kind"), [(2, "characters"), (4, "characters"), (2, "words"), (3, "padded"), (2, "labels")]
)
def test_so_many_processes_come_to_the_numbers_of_one(together, size, kind):
    """Losses of 200 steps and the evaluation within 1e-5, weights and carried state within 1e-4; with dropout."""
    found, expected = together(size, kind), together(1, kind)
    assert len(expected["losses"]) == 200
    assert expected["losses"][-20:].mean() < 0.8 * expected["losses"][:20].mean()  # it did learn
    losses, weights, state = furthest(found, expected)
    print(f"{size} processes, {kind}: losses {losses:.1e}, weights {weights:.1e}, state {state:.1e}")
    assert losses < 1e-5
    assert weights < 1e-4
    assert state < 1e-4
    assert found["evaluated"] == pytest.approx(expected["evaluated"], rel=1e-5)


def test_one_process_drives_all_its_devices(together):
    """As on a machine with several GPUs."""
    found, expected = together(1, devices=2), together(1)
    assert (found["devices"], expected["devices"]) == (2, 1)
    losses, weights, state = furthest(found, expected)
    print(f"two devices: losses {losses:.1e}, weights {weights:.1e}, state {state:.1e}")
    assert losses < 1e-5
    assert max(weights, state) < 1e-4


@pytest.mark.parametrize("fault", ["state", "rows"])
def test_the_comparison_finds_a_state_that_is_not_carried_and_rows_that_are_read_twice(together, fault):
    losses, weights, _ = furthest(together(2, fault=fault), together(1))
    assert losses > 1e-3
    assert weights > 1e-2
