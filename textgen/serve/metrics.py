"""What the server counts, in the text format that Prometheus reads (exposition format 0.0.4)."""

import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

# Upper bounds of the seconds until the first symbol.
BOUNDS = (0.005, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Metrics:
    """Counters that threads may add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * len(BOUNDS)
        self._seconds, self._firsts = 0.0, 0
        self.symbols = 0
        self.prompt_symbols = 0

    def add_request(self, route: str, status: int) -> None:
        """Count a request that was answered, by its route and status."""
        with self._lock:
            self._requests[route, status] += 1

    def add_symbols(self, written: int, read: int = 0) -> None:
        """Count symbols that were written, and symbols of prompts."""
        with self._lock:
            self.symbols += written
            self.prompt_symbols += read

    def add_first(self, seconds: float) -> None:
        """Count the time between a request and its first symbol."""
        with self._lock:
            self._firsts += 1
            self._seconds += seconds
            for at, bound in enumerate(BOUNDS):
                self._buckets[at] += seconds <= bound

    def text(self, gauges: Iterable[tuple[str, str, float]]) -> str:
        """All values, with those of this moment: (name, what it is, value)."""
        with self._lock:
            lines = [*_head("requests_total", "Requests that were answered.", "counter")]
            for (route, status), number in sorted(self._requests.items()):
                lines.append(f'textgen_requests_total{{route="{route}",status="{status}"}} {number}')
            lines += _single("symbols_total", "Symbols that were written.", "counter", self.symbols)
            lines += _single("prompt_symbols_total", "Symbols of prompts.", "counter", self.prompt_symbols)
            name = "first_symbol_seconds"
            lines += _head(name, "Seconds from a request to its first symbol.", "histogram")
            bounds = [*map(str, BOUNDS), "+Inf"]
            for bound, number in zip(bounds, [*self._buckets, self._firsts], strict=True):
                lines.append(f'textgen_{name}_bucket{{le="{bound}"}} {number}')
            lines += [f"textgen_{name}_sum {self._seconds:.6f}", f"textgen_{name}_count {self._firsts}"]
        for name, about, value in gauges:
            lines += _single(name, about, "gauge", value)
        return "\n".join(lines) + "\n"


def _head(name: str, about: str, kind: str) -> list[str]:
    return [f"# HELP textgen_{name} {about}", f"# TYPE textgen_{name} {kind}"]


def _single(name: str, about: str, kind: str, value: Any) -> list[str]:
    return [*_head(name, about, kind), f"textgen_{name} {value:g}" if kind == "gauge" else f"textgen_{name} {value}"]
