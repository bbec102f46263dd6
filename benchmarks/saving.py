"""What saving at the default interval costs a training.

    python benchmarks/saving.py TEXT [--rounds 2] [--epochs 2] [--units 1024]

The same training with saves every 60 seconds and at the epochs' ends, as it is by default, and with a single one at the
end, in processes of their own that take turns; and, since a machine's moods are larger than the difference, the seconds
that were spent inside saves. Epochs must be longer than a minute for the interval to matter.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def worker(text, saves, epochs, units):
    from textgen import train
    from textgen.training.saver import Checkpointer

    spent, original = [], Checkpointer.save

    def timed(self, *arguments, **options):
        if saves or self.state.epoch == epochs:
            began = time.monotonic()
            original(self, *arguments, **options)
            spent.append(time.monotonic() - began)

    Checkpointer.save = timed
    with tempfile.TemporaryDirectory() as folder:
        options = {"units": units, "layers": 1, "epochs": epochs, "sample_length": 0}
        history = train(text, Path(folder) / "run", quiet=True, **options)
    print(json.dumps({"seconds": history.seconds, "saves": len(spent), "saving": sum(spent)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--units", type=int, default=1024)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        worker(arguments.text, arguments.worker, arguments.epochs, arguments.units)
        return
    told = {True: [], False: []}
    for _ in range(arguments.rounds):
        for saves, results in told.items():
            command = [sys.executable, __file__, arguments.text, "--worker", str(int(saves))]
            command += ["--epochs", str(arguments.epochs), "--units", str(arguments.units)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            one = json.loads(done.stdout.splitlines()[-1])
            results.append(one)
            print(
                f"{'by default' if saves else 'at the end':<11} {one['seconds']:7.1f} s in all, {one['saves']} saves, "
                f"{one['saving']:.3f} s in them: {one['saving'] / one['seconds']:.3%} of the time",
                flush=True,
            )
    with_saves, without = (statistics.median(one["seconds"] for one in results) for results in told.values())
    print(f"medians: {with_saves:.1f} s with, {without:.1f} s without, {with_saves / without - 1:+.2%}")


if __name__ == "__main__":
    main()
