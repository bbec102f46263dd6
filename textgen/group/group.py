"""What the processes of a group do together, and a group of one: an ordinary training."""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Self, TypeVar

from textgen.errors import GroupError, TextgenError

T = TypeVar("T")


class Group(ABC):
    """What the processes of a group do together. All call the same methods in the same order.

    Attributes:
        index: the number of this process.
        size: how many processes there are.
        advice: how to go on after a failure; empty as long as nothing was saved.
        before_exit: called before a thread of the group ends the process.
    """

    def __init__(self, index: int, size: int) -> None:
        self.index, self.size, self.advice = index, size, ""
        self.before_exit: Callable[[], object] = lambda: None

    @property
    def is_first(self) -> bool:
        """Whether this is process 0, which alone writes and speaks."""
        return self.index == 0

    @abstractmethod
    def decide(self, what: str, value: T) -> T:
        """What process 0 decided: its value, whatever the others give. Plain JSON values.

        Args:
            what: what is decided, a word.
            value: of this process.

        Raises:
            GroupError: another process is lost.
        """

    @abstractmethod
    def gather(self, what: str, value: T) -> list[T]:
        """The values of all processes, in their order. Plain JSON values. Arguments and errors as of `decide`."""

    def clock(self) -> float:
        """Seconds from a fixed moment by the clock of process 0, the same in all processes."""
        return self.decide("clock", time.monotonic())

    def check_same(self, what: str, facts: dict[str, str]) -> None:
        """Raise GroupError in every process where the facts differ between any two, and name the first difference."""
        everyones = self.gather(what, facts)
        for index, others in enumerate(everyones):
            for name in sorted(everyones[0].keys() | others.keys()):
                first, other = everyones[0].get(name, "not given"), others.get(name, "not given")
                if first != other:
                    raise GroupError(
                        f"{self.name_of(index)} and {self.name_of(0)} differ in {name}: {other} and {first}; give all "
                        "processes the same"
                    )

    def watch_closely(self) -> None:
        """Begin to count on signs of life in time: the training begins."""
        return

    @abstractmethod
    def name_of(self, index: int) -> str:
        """A process in words, for messages."""

    @abstractmethod
    def verdict(self) -> GroupError | None:
        """Wait until it is known whether another process is lost, after a library failed here; None where none is."""

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """In the block, where an exchange with another process fails, raise a GroupError that says which was lost."""
        try:
            yield
        except Exception as error:
            is_ours = isinstance(error, TextgenError) and not isinstance(error, GroupError)
            if not is_ours and (lost := self.verdict()):
                raise lost from None
            raise

    @abstractmethod
    def leave(self, error: BaseException | None = None) -> None:
        """Leave the group. The others end too where an error says why."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.leave(error)


class Alone(Group):
    """A group of one process: an ordinary training."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def decide(self, what: str, value: T) -> T:
        """Return the value."""
        return value

    def gather(self, what: str, value: T) -> list[T]:
        """Return the value, in a list."""
        return [value]

    def name_of(self, index: int) -> str:
        """Return the one name."""
        return "process 0"

    def verdict(self) -> GroupError | None:
        """Return None: there is no other process."""
        return None

    def leave(self, error: BaseException | None = None) -> None:
        """Do nothing."""
