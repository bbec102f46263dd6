"""Save the weights of a run in half precision, so that its folder takes about half the space: for passing a run on.

    python -m textgen.runs.half checkpoints/wyatt

The state for resuming its training is not touched. A run in half precision is read, and trained further with
`from_run`, as any other.
"""

import sys
from pathlib import Path

import numpy as np

from textgen.errors import RunError
from textgen.runs.folder import open_run_folder
from textgen.runs.run import ModelDescription, load_run, save_best


def halve(path: Path) -> None:
    """Save the best weights of a run as float16.

    Args:
        path: the run folder.

    Raises:
        RunError: there is no such run, it is damaged, or a weight is too large for half precision.
        StorageError: the file system refused; the run is as it was.
    """
    run = load_run(path)
    largest = float(np.finfo(np.float16).max)
    for name, array in run.weights.items():
        if np.abs(array).max() > largest:
            raise RunError(f"{path}: {name} holds a weight above {largest:,.0f}, the largest number of half precision")
    halves = {name: array.astype(np.float16) for name, array in run.weights.items()}
    with open_run_folder(run.path) as folder:
        save_best(folder, ModelDescription(run.model, run.training, run.tokenizer), halves)


if __name__ == "__main__":
    halve(Path(sys.argv[1]))
