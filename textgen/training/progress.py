"""Where a training stands and how long it still takes, as one line of any width. Knows nothing of Keras or of
terminals.
"""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

# The inner width of the bar, at least and at most.
MIN_BAR, MAX_BAR = 5, 24
# Between two fields.
GAP = "  "


@dataclass(frozen=True)
class Standing:
    """Where a training stands. What is not known yet is None.

    Attributes:
        step, last_step: steps done, and of the whole training.
        epoch, epochs: the epoch that runs, from 1, and how many there are.
        loss: the training loss of the epoch so far, nats.
        best: the best loss of an epoch so far, nats.
        seconds_left: until the whole training ends.
        learning_rate: the optimizer's.
        speed: characters a second.
        doing: what it does besides training steps, a few words; empty for training.
    """

    step: int
    last_step: int
    epoch: int
    epochs: int
    loss: float | None = None
    best: float | None = None
    seconds_left: float | None = None
    learning_rate: float | None = None
    speed: float | None = None
    doing: str = ""


class Pace:
    """How long steps and the ends of epochs take. The first step of all, which builds the graph, is left out."""

    def __init__(self) -> None:
        self._steps, self._seconds = 0, 0.0
        self._ends: list[float] = []
        self._latest: tuple[float, int] | None = None  # when the latest steps of the epoch ended, and how many it had

    def begin_epoch(self, now: float) -> None:
        """Note that an epoch begins."""
        if self._latest:
            self._ends.append(now - self._latest[0])
            self._latest = now, 0

    def follow(self, now: float, done: int) -> None:
        """Note that so many steps of the epoch are done."""
        if self._latest:
            self._seconds += now - self._latest[0]
            self._steps += done - self._latest[1]
        self._latest = now, done

    def seconds_left(self, steps: int, ends: int) -> float | None:
        """What so many steps and ends of epochs will take; None where no step was timed."""
        if self._steps <= 0:
            return None
        end = statistics.median_low(self._ends) if self._ends else 0.0
        return self._seconds / self._steps * steps + end * ends


def progress_line(standing: Standing, width: int) -> str:
    """The line for a terminal of `width` columns: never longer, with as many of the fields as fit.

    The loss and the time left are the last to go.
    """
    done = min(max(standing.step / max(standing.last_step, 1), 0.0), 1.0)
    percent = _Field(f"{math.floor(100 * done)}%", len("100%"))
    for has_bar, has_percent, fields in _layouts(standing):
        fields = [percent, *fields] if has_percent else fields
        widths = [max(field.width, len(field.text)) for field in fields]
        room = width - sum(widths) - len(GAP) * (len(fields) - 1)
        if has_bar:
            room -= len("[]" + GAP)
        if room < (MIN_BAR if has_bar else 0):
            continue
        shown = [field.text.ljust(space) for field, space in zip(fields, widths, strict=True)]
        bar = [_bar(done, min(room, MAX_BAR))] if has_bar else []
        return GAP.join(bar + shown).rstrip()
    return ""


def time_left(seconds: float) -> str:
    """How long something still takes: "0:45 left", "1:02:03 left", "3 days left"."""
    whole = max(round(seconds), 0)
    if whole >= 100 * 3600:
        return f"{whole // 86400:,} days left"
    hours, minutes = divmod(whole // 60, 60)
    clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{clock}:{whole % 60:02} left"


class _Field(NamedTuple):
    """What one place of the line shows, and the columns kept for it, so that nothing jumps as numbers change."""

    text: str
    width: int


def _layouts(standing: Standing) -> Iterator[tuple[bool, bool, list[_Field]]]:
    """What the line may hold, the fullest first: whether there is a bar, whether a percentage, and the fields."""
    epochs, doing = standing.epochs, standing.doing
    epoch = _Field(f"epoch {standing.epoch}/{epochs}", len(f"epoch {epochs}/{epochs}"))
    loss, best = (_named(name, value, ".3f", 5) for name, value in (("loss", standing.loss), ("best", standing.best)))
    left = _Field("-:-- left" if standing.seconds_left is None else time_left(standing.seconds_left), len("10:00 left"))
    rate, long_rate = (_named(name, standing.learning_rate, ".2g", 7) for name in ("rate", "learning rate"))
    speed = _Field("" if standing.speed is None else f"{standing.speed:,.0f} characters/s", len("10,000 characters/s"))
    if standing.loss is None:  # nothing is known yet
        yield True, True, [epoch, _Field(doing, 0)]
        yield False, True, [_Field(doing, 0)]
    if doing:
        speed, rate, long_rate = (_Field("", speed.width), *(_Field(doing, each.width) for each in (rate, long_rate)))
    yield True, True, [epoch, loss, best, left, long_rate, speed]
    yield True, True, [epoch, loss, best, left, long_rate]
    yield True, True, [epoch, loss, best, left, rate]
    yield True, True, [loss, best, left, rate]
    yield True, False, [loss, best, left, rate]
    yield False, True, [loss, best, left]
    yield False, True, [loss, left]
    yield False, True, [loss]
    yield False, True, []


def _named(name: str, value: float | None, form: str, width: int) -> _Field:
    return _Field(f"{name} -" if value is None else f"{name} {value:{form}}", len(name) + 1 + width)


def _bar(done: float, width: int) -> str:
    """A bar in ASCII: any other sign for it is two columns wide in some terminals, or unknown to their encoding."""
    filled = int(done * width)
    head = ">" if 0 < filled < width else ""
    return f"[{('=' * max(filled - len(head), 0) + head):<{width}}]"
