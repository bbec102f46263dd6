"""What a training came to. Knows nothing of Keras."""

from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textgen import arguments
from textgen.runs.diary import Line
from textgen.runs.run import load_run
from textgen.runs.verdict import Evidence, Verdict, verdict
from textgen.shown import one_line
from textgen.system.keywords import answers_keywords
from textgen.system.wording import count

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Curve:
    """A training over its epochs: arrays with one entry an epoch, float64; NaN where an epoch has no such figure.

    Attributes:
        epoch: 1, 2, 3, ...
        step: steps done by the end of the epoch.
        training_nats, validation_nats: losses, nats a symbol.
        training_bits_per_character, validation_bits_per_character: the same in bits a character.
        validation_bits_per_byte: the same in bits a byte of UTF-8.
        validation_bits_per_word: the same for each word and end of a line (`textgen.tokens.extent.Extent`).
        gradient_norm: mean of the gradient's norm before clipping.
        learning_rate: at the end of the epoch.
        steps_per_second: speed of the epoch.
        seconds: wall time by the end of the epoch.
    """

    epoch: NDArray[np.float64]
    step: NDArray[np.float64]
    training_nats: NDArray[np.float64]
    validation_nats: NDArray[np.float64]
    training_bits_per_character: NDArray[np.float64]
    validation_bits_per_character: NDArray[np.float64]
    validation_bits_per_byte: NDArray[np.float64]
    validation_bits_per_word: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    steps_per_second: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @classmethod
    def of(cls, epochs: list[Line]) -> "Curve":
        """The curve of the lines of a history."""
        names = [each.name for each in fields(cls)]
        return cls(**{name: np.array([line.get(name, np.nan) for line in epochs], np.float64) for name in names})


@dataclass(frozen=True, repr=False)
class History:
    """What a training did.

    Attributes:
        path: the run folder.
        epochs: one dict an epoch, as in the run's history.jsonl; `curve` has the same as arrays.
        best_nats: the best loss, nats a symbol, on held-out text (on the training text where none was held out).
        best_epoch: the epoch that reached it; its weights are the run's.
        stopped_early: whether the training stopped before its last epoch: the loss had stopped improving, or a callback
            set `stop_training`.
        seconds: wall time from start to end, the time before a resume included.
        gradients: one dict an epoch, as in the run's gradients.jsonl; empty without `watch_gradients`.
    """

    path: Path
    epochs: list[Line]
    best_nats: float | None
    best_epoch: int
    stopped_early: bool
    seconds: float
    gradients: list[dict[str, Any]] = field(default_factory=list)

    @property
    def curve(self) -> Curve:
        """The epochs as arrays."""
        return Curve.of(self.epochs)

    @property
    def verdict(self) -> Verdict | None:
        """How far the model is, why, and what would help most, read from the run folder; None without an epoch."""
        return verdict(Evidence.of(load_run(self.path)))

    @answers_keywords
    def plot(self, out: str | PathLike[str] | None = None, *, overwrite: bool = False) -> "Figure":
        """Draw losses, learning rate and gradients, as `textgen plot --out` does.

        Args:
            out: a file for the picture, .png or .svg; None to write none.
            overwrite: replace a file that exists.

        Returns:
            a figure of matplotlib. A notebook shows it.

        Raises:
            UsageError: matplotlib is not installed (extra `plots`), or a file of another kind.
            StorageError: the file exists, or cannot be written.
        """
        from textgen.inspection.plots.canvas import picture_file, save, shown_in_notebooks
        from textgen.inspection.plots.curves import Learned, draw

        overwrite = arguments.switch("overwrite", overwrite)
        target = None if out is None else picture_file(out, overwrite)
        figure = draw([Learned(one_line(self.path.name), self.epochs, self.gradients)])
        if target:
            save(figure, target)
        return shown_in_notebooks(figure)

    def __repr__(self) -> str:
        best = "" if self.best_nats is None else f", best {self.best_nats:.4f} nats in epoch {self.best_epoch}"
        ended = ", stopped early" if self.stopped_early else ""
        epochs = count(len(self.epochs), "epoch")
        return f"<History of {one_line(str(self.path))}: {epochs}{best}{ended}, {self.seconds:.1f} s>"
