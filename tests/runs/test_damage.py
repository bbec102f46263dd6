"""Every byte of a run, flipped and cut: equal weights, or exit 4 and one line."""

import json
import shutil
import subprocess
import sys

from tests.conftest import ROOT


def test_no_damaged_byte_goes_unnoticed(tmp_path):
    """On the run that is kept of the present format; the large files at 400 places, the others at every byte."""
    run = tmp_path / "run"
    shutil.copytree(ROOT / "tests/data/format1/run", run)
    command = [sys.executable, "-W", "error", "-m", "tests.helpers.damage_worker", str(run), "400"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    for name, counts in told["counts"].items():
        print(f"{name}: {counts}")
        assert set(counts) <= {"equal", "refused"}, name
    loads = sum(sum(counts.values()) for counts in told["counts"].values())
    print(f"{loads} loads, slowest {told['slowest']:.3f} s, {told['memory']:.0f} MB")
    assert loads > 3000
    assert told["slowest"] < 2
    assert told["memory"] < 200
    # What writes text is vouched for to the byte; so is what a continuation needs.
    for name in ("model.safetensors", "tokenizer.json", "config.json", "state.safetensors", "state.json"):
        for path, counts in told["counts"].items():
            if path.endswith(name):
                assert set(counts) == {"refused"}, path
