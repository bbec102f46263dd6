"""Every byte of a run is flipped, and every file cut: the run gives equal weights or is refused in one line."""

import json
import shutil
import subprocess
import sys

from tests.conftest import ROOT


def test_no_damaged_byte_goes_unnoticed(tmp_path):
    """With the kept run of format 1: large files are damaged at 200 places, the others at every byte."""
    run = tmp_path / "run"
    shutil.copytree(ROOT / "tests/data/format1/run", run)
    command = [sys.executable, "-W", "error", "-m", "tests.helpers.damage_worker", str(run), "200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout)
    for name, counts in report["counts"].items():
        print(f"{name}: {counts}")
        assert set(counts) <= {"equal", "refused"}, name
    loads = sum(sum(counts.values()) for counts in report["counts"].values())
    print(f"{loads} loads, slowest {report['slowest']:.3f} s, {report['memory']:.0f} MB")
    assert loads > 3000
    assert report["slowest"] < 2
    assert report["memory"] < 200
    # A manifest covers every byte of what writing needs and of what resuming needs.
    for name in ("model.safetensors", "tokenizer.json", "config.json", "state.safetensors", "state.json"):
        for path, counts in report["counts"].items():
            if path.endswith(name):
                assert set(counts) == {"refused"}, path
