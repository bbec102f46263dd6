"""What happens inside a run: traces, gradients, units, pictures and a page.

    from textgen.inspection import trace

Each name is imported when it is first used. Type checkers and editors see the same names as ordinary imports.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Trace", "trace", "trace_ids"]

# Where each public name is defined.
_HOMES = dict.fromkeys(__all__, "textgen.inspection.tracing")

if TYPE_CHECKING:
    from textgen.inspection.tracing import Trace, trace, trace_ids

else:  # hidden from type checkers, which would otherwise accept any name

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'textgen.inspection' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
