"""What a run knows of the poems that it learned, in its run folder: arrays by name, of fixed names and dtypes.

`textgen.verse.meaning.knowledge` says what they mean. Knows nothing of verse.
"""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from textgen.runs.diary import RETRY_ADVICE
from textgen.runs.folder import FILES, KEPT, KNOWLEDGE, POEMS, open_run_folder
from textgen.runs.tensors import TensorRule, Tensors, read_tensors, tensor_parts
from textgen.system import snapshots
from textgen.system.folders import Folder
from textgen.system.snapshots import Snapshot

# 6,000 symbols with vectors of some dozens of numbers, and the pairs of neighbours of millions of lines.
MAX_BYTES = 1 << 28

_VECTORS = [f"coherence.vectors.{name}" for name in ("topic", "before", "after", "upper", "lower")]
_VECTORS += ["themes.title", "themes.body"]
_NUMBERS = ("mean", "scale", "bias", "out", "direct", "shift")
# Those of Chinese poems.
_OF_CHARACTERS: dict[str, TensorRule] = {
    "neighbours.pairs": ((None,), "U64"),
    "neighbours.within": ((None,), "U16"),
    "neighbours.across": ((None,), "U16"),
    "neighbours.ends": ((None,), "U64"),
    "neighbours.read": ((None,), "U64"),
    "neighbours.level": ((None,), "F32"),
}
# Those that older versions of textgen did not learn.
_ADDED: dict[str, TensorRule] = {"themes.titled": ((None,), "U32"), "themes.repeated": ((None,), "U32")}
RULES: dict[str, TensorRule] = {
    "facts": ((None,), "U8"),
    "themes.counts": ((None,), "U32"),
    "coherence.perceptron.hidden": ((None, None), "F32"),
    **dict.fromkeys(_VECTORS, ((None, None), "F16")),
    **{f"coherence.perceptron.{name}": ((None,), "F32") for name in _NUMBERS},
    **_OF_CHARACTERS,
    **_ADDED,
}


class Arrays(dict[str, NDArray[Any]]):
    """Arrays by name. Only an object equals itself, so that what is made of the arrays can be kept by the object."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def save_knowledge(folder: Folder, knowledge: Tensors, advice: str = RETRY_ADVICE) -> None:
    """Save what a run knows of its poems. Raises as `textgen.runs.run.save_best` does."""
    snapshots.save(folder, KNOWLEDGE, {POEMS: tensor_parts(knowledge)}, KEPT[KNOWLEDGE], advice)


def read_knowledge(path: Path) -> Arrays:
    """What a run knows of its poems, arrays by name; empty for none.

    Args:
        path: the run folder.

    Raises:
        RunError: the folder or the file cannot be read, or holds other tensors.
    """
    with open_run_folder(path) as folder:
        if not snapshots.has_snapshot(folder, KNOWLEDGE):
            return Arrays()
        knowledge, _ = snapshots.latest_intact(folder, KNOWLEDGE, FILES[KNOWLEDGE], _read)
    return Arrays(knowledge)


def _read(snapshot: Snapshot) -> dict[str, NDArray[Any]]:
    snapshot.check_size(POEMS, MAX_BYTES)
    return read_tensors(snapshot.open(POEMS), RULES, optional=_OF_CHARACTERS | _ADDED)
