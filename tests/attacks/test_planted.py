"""Links, pipes, folders and a stranger's files in every place of a run folder that a command uses.

Here the commands that read meet everything, and training meets links. `benchmarks/planted.py` tries every command with
everything.
"""

import shutil

import pytest

from tests.conftest import TINY, verse
from tests.helpers import planted


@pytest.fixture(scope="session")
def gift(made_once):
    """A run of poems that has every file that a run can have, and its text beside it."""

    def learn(folder):
        from textgen import train

        (folder / "text.txt").write_text(verse())
        options = TINY | {"documents": "poem", "epochs": 1}
        train(folder / "text.txt", folder / "gift", quiet=True, watch_gradients=True, **options)

    return made_once("gift", learn) / "gift"


@pytest.fixture(scope="session")
def places(made_once, gift):
    def find(folder):
        (folder / "places.txt").write_text("\n".join(planted.used_places(gift, folder / "place")))

    return (made_once("places", find) / "places.txt").read_text().splitlines()


def test_the_trace_finds_what_a_run_holds(gift, places):
    """The places are found by watching; these must be among them."""
    whole = {str(path.relative_to(gift)) for path in gift.rglob("*")}
    # A best save is read again before it is replaced, but the older of two saves to resume from only if it must.
    assert whole - set(places) <= {path for path in whole if path.startswith("resume/00000001/")}
    assert {".lock", ".probe.tmp", "history.jsonl.tmp", "resume/00000003.tmp"} <= set(places)


def attack(gift, places, tmp_path, kind, command):
    """The places, of those that can be attacked, where something went wrong."""
    faults = []
    for number, where in enumerate(places):
        place = tmp_path / str(number)
        outcome = planted.attack(gift, place, where, kind, command, 60)
        if outcome and outcome.fault:
            faults.append(f"{where}: {outcome.fault}")
        shutil.rmtree(place)
    return faults


@pytest.mark.parametrize("kind", planted.KINDS)
def test_a_command_that_reads_touches_nothing_outside(gift, places, tmp_path, kind):
    assert attack(gift, places, tmp_path, kind, "sample") == []


@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "pipe"])
def test_training_touches_nothing_outside(gift, places, tmp_path, kind):
    """In the folder itself; there a training is refused before it begins."""
    top = [where for where in places if "/" not in where and not where.endswith(".tmp")]
    assert attack(gift, top, tmp_path, kind, "resume") == []
