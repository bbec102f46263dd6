"""The types of the compiled step, `_step.c`."""

from textgen.engine.weights import Floats
from textgen.tokens.layout import Ids

VARIANTS: tuple[str, ...]
PANEL: int

def add_product(variant: str, x: Floats, panels: Floats, out: Floats, /) -> None: ...

class Step:
    def __init__(
        self,
        variant: str,
        units: int,
        size: int,
        lookup: Floats,
        layers: tuple[tuple[Floats | None, Floats, Floats, Floats | None], ...],
        output: Floats,
        output_bias: Floats,
        /,
    ) -> None: ...
    def step(
        self,
        ids: Ids,
        h: Floats,
        c: Floats,
        offsets: Floats,
        new_h: Floats,
        new_c: Floats,
        gates: Floats,
        given: Floats,
        logits: Floats,
        /,
    ) -> None: ...
