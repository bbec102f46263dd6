"""What happens inside a run: traces, gradients, units, pictures and a page.

    from textgen.inspection import trace

Each name is imported when it is first used. Type checkers and editors see the same names as ordinary imports.
"""

from typing import TYPE_CHECKING

from textgen.lazy import attributes

__all__ = ["Trace", "trace", "trace_ids"]

# Where each public name is defined.
_HOMES = dict.fromkeys(__all__, "textgen.inspection.tracing")

if TYPE_CHECKING:
    from textgen.inspection.tracing import Trace, trace, trace_ids

else:  # hidden from type checkers, which would otherwise accept any name
    __getattr__ = attributes(__name__, _HOMES)
