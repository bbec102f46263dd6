"""What happens inside a run: traces, gradients, units, pictures and a page.

    from textgen.inspection import trace

Names are imported at first use.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Trace": "textgen.inspection.tracing",
    "trace": "textgen.inspection.tracing",
    "trace_ids": "textgen.inspection.tracing",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'textgen.inspection' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
