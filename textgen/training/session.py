"""A training that is ready to run: what was planned, where it is kept, where it stands. Knows nothing of Keras."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.errors import StorageError
from textgen.group.group import Alone, Group
from textgen.group.membership import Membership
from textgen.planning.plan import Plan
from textgen.runs.state import TrainingState
from textgen.shown import one_line, visible_text
from textgen.system.files import write_atomically
from textgen.system.folders import Folder
from textgen.system.live import live_line, message_stream
from textgen.system.snapshots import Snapshot
from textgen.training.hooks import Hooks


class Reporter:
    """Says lines to the person who trains, and shows where the training stands in a line that is drawn again and again.

    What would act on a terminal is made visible. If standard error is gone, nothing is said and the training goes on.

    Args:
        sink: takes a line; None prints it on standard error (in a notebook, which would colour that as an error, on
            standard output).
        is_quiet: whether nothing is said at all.
        progress: whether the line is drawn; None draws it on a terminal and in a notebook unless `is_quiet`.

    Attributes:
        live: the line.
        call_sink: how the sink is called: a function of the sink and the line.
    """

    def __init__(
        self, sink: Callable[[str], object] | None = None, is_quiet: bool = False, progress: bool | None = None
    ) -> None:
        self._sink, self.is_quiet, self._stream = sink, is_quiet, message_stream()
        self.live = live_line(self._stream, False if is_quiet and progress is None else progress)
        self.call_sink: Callable[[Callable[[str], object], str], object] = lambda sink, line: sink(line)

    def say(self, line: str) -> None:
        """Say a line."""
        self.show(one_line(line))

    def show(self, text: str) -> None:
        """Show a text of several lines."""
        if self.is_quiet:
            return
        with self.lifted():
            if self._sink:
                self.call_sink(self._sink, visible_text(text))
            else:
                self._stream.write(f"{text}\n")
                self._stream.flush()  # a log that is followed shows each epoch as it ends

    def note(self, text: str) -> None:
        """Say something that the person might not expect."""
        self.say(f"note: {text}")

    def status(self, text: str) -> None:
        """Say what happens now, before there is any progress to show: in the live line, else as a line of its own."""
        if self.live.is_shown:
            self.live.draw(lambda width: f"{text} ..."[:width], is_urgent=True)
        else:
            self.say(f"{text} ...")

    @contextlib.contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """In the block, the live line says what happens; where there is none, nothing is said."""
        self.live.draw(lambda width: f"{text} ..."[:width])
        try:
            yield
        finally:
            self.live.clear()

    def close(self) -> None:
        """Take the live line away: the terminal is left as it was found."""
        self.live.clear()

    @contextlib.contextmanager
    def lifted(self) -> Iterator[None]:
        """In the block, the live line is out of the way of whatever else is printed."""
        self.live.lift()
        try:
            yield
        finally:
            self.live.lower()


@dataclass(frozen=True)
class Extension:
    """How much longer a run is trained than it was meant to: by epochs or by minutes."""

    epochs: int | None
    minutes: float | None


@dataclass(frozen=True)
class Company:
    """The processes that train together.

    Attributes:
        group: what they agree by.
        member: which of them this one is; None for an ordinary training in one process.
        average_every: after how many steps they average their weights; 1 for a sum of gradients at each step.
    """

    group: Group = field(default_factory=Alone)
    member: Membership | None = None
    average_every: int = 1

    def start(self) -> None:
        """Connect the processes for the numbers that they exchange. Raises GroupError."""
        if self.member is not None:
            from textgen.training import cluster  # here, since only groups need it

            with self.group.explained():
                cluster.start(self.group, self.member)
                self.group.watch_closely()


@dataclass
class Session:
    """One training, from its first step in this process to its last.

    Attributes:
        plan: what is trained on what.
        folder: the run folder, held open and locked. What is saved goes there even if it is renamed meanwhile.
        state: where the training stands; kept up to date.
        began: `time.monotonic()` when this process began it; a budget of minutes runs from here.
        reporter: says lines to the person.
        snapshot: the save whose tensors are restored; None for a new run, and where another process has it.
        resumes: whether a run is continued.
        extension: how much longer a resumed run is trained; None to keep to its plan.
        weights: what the model begins with in place of random weights: name to float32 array, shaped as the model's or,
            along the vocabulary, smaller.
        memory: hashes of the poems that are learned (`textgen.corpus.memory`); empty for other texts.
        knowledge: arrays of what is known of the poems that are learned (`textgen.verse.meaning.knowledge`); empty for
            other texts.
        replaces: whether the first save replaces another run in the folder.
        note: kept in the run's metadata.
        watch_gradients: whether to note the gradients after each epoch.
        tensorboard: the folder below which Keras writes a TensorBoard log; None for no log.
        hooks: what of the program's the training calls.
        company: the processes that train together.
        run_path: the run folder's path, where another process has the folder; `folder` is then an empty one.
    """

    plan: Plan
    folder: Folder
    state: TrainingState
    began: float
    reporter: Reporter
    snapshot: Snapshot | None = None
    resumes: bool = False
    extension: Extension | None = None
    weights: Mapping[str, NDArray[np.float32]] | None = None
    memory: dict[str, NDArray[np.uint64]] = field(default_factory=dict)
    knowledge: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    replaces: bool = False
    note: str = ""
    watch_gradients: bool = False
    tensorboard: str | None = None
    hooks: Hooks = field(default_factory=Hooks)
    company: Company = field(default_factory=Company)
    run_path: Path | None = None

    def __post_init__(self) -> None:
        self._seconds_before = self.state.seconds

    @property
    def path(self) -> Path:
        """The run folder's path; where it was renamed, the new one."""
        return self.run_path or self.folder.now_at()

    @property
    def group(self) -> Group:
        """The processes that train together."""
        return self.company.group

    def note_saved(self) -> None:
        """Note that there is something to go on from, should a process of the group be lost."""
        group, member = self.group, self.company.member
        if group.size == 1 or member is None:
            return
        every = self.company.average_every
        how = f"--processes {group.size}" if member.report else "and the options of the group, in every process"
        how = f"--average-every {every} {how}" if every > 1 else how
        group.advice = f"go on from the last save with: textgen train --resume {self.path} {how}"
        if member.report and group.is_first:
            with contextlib.suppress(StorageError):  # then a group that starts again begins anew
                write_atomically(member.report, [str(self.path.absolute()).encode()])

    @property
    def minutes(self) -> float | None:
        """The budget of minutes; None where epochs say how long."""
        return self.extension.minutes if self.extension else self.plan.training.minutes

    @property
    def is_within_epoch(self) -> bool:
        """Whether the training goes on in the middle of an epoch."""
        return self.resumes and self.state.epoch_end is not None

    def seconds(self) -> float:
        """Wall time of the training so far, that of earlier processes included."""
        return self._seconds_before + time.monotonic() - self.began
