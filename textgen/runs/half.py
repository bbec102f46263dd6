"""Save the weights of a run in half precision, so that its folder takes about half the space: for passing a run on.

    from textgen.runs.half import halve
    halve("checkpoints/wyatt")

The state for resuming its training is not touched. A run in half precision is read, and trained further with
`from_run`, as any other.
"""

import os
from pathlib import Path

import numpy as np

from textgen.errors import RunError
from textgen.runs.folder import open_run_folder
from textgen.runs.run import ModelDescription, load_run, save_best
from textgen.system.locks import locked


def halve(path: str | os.PathLike[str]) -> None:
    """Save the best weights of a run as float16.

    Args:
        path: the run folder.

    Raises:
        RunError: there is no such run, it is damaged or in use, or a weight is too large for half precision.
        StorageError: the file system refused; the run is as it was.
    """
    with open_run_folder(Path(path)) as folder, locked(folder):
        run = load_run(folder.path)
        largest = float(np.finfo(np.float16).max)
        for name, array in run.weights.items():
            if np.abs(array).max() > largest:
                raise RunError(
                    f"{path}: {name} holds a weight above {largest:,.0f}, the largest number of half precision"
                )
        halves = {name: array.astype(np.float16) for name, array in run.weights.items()}
        save_best(folder, ModelDescription(run.model, run.training, run.tokenizer), halves)
