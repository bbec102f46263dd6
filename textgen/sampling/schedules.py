"""Temperatures: one number, several in turn, or a line from one to another.

An option gives a temperature in one of three forms: 0.8, (0.5, 1.0, 0.7) or "1.2:0.6". `parse_schedule` turns each into
a value with a method `at`. This module knows nothing of logits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from textgen.arguments import refused, spelled_number

MAX_TEMPERATURE = 100


@dataclass(frozen=True)
class Constant:
    """The same temperature everywhere."""

    value: float

    def at(self, position: int, length: int | None) -> float:
        """The temperature."""
        return self.value

    def option(self) -> float:
        """The form in which a configuration keeps it: 0.8."""
        return self.value


@dataclass(frozen=True)
class Cycle:
    """Several temperatures, used in turn."""

    values: tuple[float, ...]

    def at(self, position: int, length: int | None) -> float:
        """The temperature at a position: 0 is the first symbol written."""
        return self.values[position % len(self.values)]

    def option(self) -> tuple[float, ...]:
        """The form in which a configuration keeps it: (0.5, 1.0, 0.7)."""
        return self.values


@dataclass(frozen=True)
class Ramp:
    """A straight line from one temperature to another over the length of the text."""

    start: float
    end: float

    def at(self, position: int, length: int | None) -> float:
        """The temperature at a position (0 is the first symbol written) of a text of `length` symbols.

        Raises:
            ValueError: no length.
        """
        if length is None:
            raise ValueError("a temperature that changes along the text needs the text's length")
        return self.start + (self.end - self.start) * min(position / max(length - 1, 1), 1)

    def option(self) -> str:
        """The form in which a configuration keeps it: "1.2:0.6"."""
        return f"{self.start:g}:{self.end:g}"


Schedule: TypeAlias = Constant | Cycle | Ramp


def parse_schedule(name: str, value: object) -> Schedule:
    """The schedule that an option gives.

    Args:
        name: the parameter's, for the message.
        value: a number, a sequence of numbers, or text: "0.8", "0.5,1,0.7" or "1.2:0.6".

    Raises:
        UsageError: anything else, or a temperature outside 0 to MAX_TEMPERATURE.
    """
    parts: Sequence[object] = [value]
    is_ramp = isinstance(value, str) and ":" in value
    if isinstance(value, str):
        parts = value.split(":" if is_ramp else ",")
    elif isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        parts = value
    numbers = tuple(map(spelled_number, parts))
    if not numbers or (is_ramp and len(numbers) != 2) or not all(0 <= each <= MAX_TEMPERATURE for each in numbers):
        wanted = (
            f"a number from 0 to {MAX_TEMPERATURE}, several taken in turn (0.5,1,0.7), or start:end over the length"
        )
        raise refused(name, wanted, value)
    if is_ramp:
        # As the option is kept: to six digits.
        return Ramp(float(f"{numbers[0]:g}"), float(f"{numbers[1]:g}"))
    return Cycle(numbers) if len(numbers) > 1 else Constant(numbers[0])
