"""What saving at the default interval costs a training.

    python benchmarks/saving.py TEXT [--rounds 2] [--epochs 4] [--units 512]

The same training with a save every 60 seconds and without any but at the epochs' ends, in processes of their own that
take turns; and, since a machine's moods are larger than the difference, the seconds that were spent inside saves.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NEVER = 1e9


def worker(text, save_every, epochs, units):
    from textgen import train
    from textgen.callbacks import RunSaver

    spent, original = [], RunSaver.save

    def timed(self, *arguments, **options):
        began = time.monotonic()
        original(self, *arguments, **options)
        # What an epoch's end saves would be saved without any interval.
        spent.append((time.monotonic() - began, self.state.epoch_end is not None))

    RunSaver.save = timed
    with tempfile.TemporaryDirectory() as folder:
        options = {"units": units, "layers": 1, "epochs": epochs, "sample_length": 0, "save_every": save_every}
        history = train(text, Path(folder) / "run", quiet=True, **options)
    within = [seconds for seconds, is_within in spent if is_within]
    print(json.dumps({"seconds": history.seconds, "saves": len(within), "saving": sum(within)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--worker", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        worker(arguments.text, arguments.worker, arguments.epochs, arguments.units)
        return
    told = {60.0: [], NEVER: []}
    for _ in range(arguments.rounds):
        for save_every, results in told.items():
            command = [sys.executable, __file__, arguments.text, "--worker", str(save_every)]
            command += ["--epochs", str(arguments.epochs), "--units", str(arguments.units)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results.append(json.loads(done.stdout.splitlines()[-1]))
            name = "60 seconds" if save_every == 60 else "epochs alone"
            one = results[-1]
            print(f"{name:<13} {one['seconds']:7.1f} s in all, {one['saves']} saves within epochs", end="")
            print(f", {one['saving']:.3f} s in them: {one['saving'] / one['seconds']:.3%} of the time", flush=True)
    with_saves, without = (statistics.median(one["seconds"] for one in results) for results in told.values())
    print(f"medians: {with_saves:.1f} s with, {without:.1f} s without, {with_saves / without - 1:+.2%}")


if __name__ == "__main__":
    main()
