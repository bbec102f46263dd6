"""The types of the compiled loop, `_recurrence.c`."""

from numpy import int32
from numpy.typing import NDArray

from textgen.engine.weights import Floats

VARIANTS: tuple[str, ...]
MOST_SOURCES: int

def forward(
    variant: str,
    threads: int,
    sources: tuple[tuple[Floats, NDArray[int32] | None], ...],
    h: Floats,
    c: Floats,
    kernel: Floats,
    projection: Floats | None,
    gates: Floats,
    given: Floats | None,
    room: Floats,
    /,
) -> None: ...
def backward(
    variant: str,
    threads: int,
    tables: tuple[tuple[Floats, NDArray[int32] | None], ...],
    c: Floats,
    kernel: Floats,
    projection: Floats | None,
    gates: Floats,
    d_outputs: Floats,
    d_h: Floats,
    d_x: Floats,
    d_h0: Floats,
    d_c0: Floats,
    d_seen: Floats | None,
    room: Floats,
    /,
) -> None: ...
def room(variant: str, units: int, size: int, is_projected: bool, /) -> int: ...
