"""The server's log: a line for each request and for what goes wrong, as text or as JSON.

It never holds a key, and holds prompts only where they are asked for.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from textgen.shown import one_line


class Log:
    """Writes lines.

    Args:
        say: takes a line, from any thread.
        as_json: whether each line is a JSON object.
    """

    def __init__(self, say: Callable[[str], None], as_json: bool = False) -> None:
        self._say, self._as_json = say, as_json

    def write(self, what: str, **facts: Any) -> None:
        """Write a line: what happened, and facts by name. Those that are None are left out."""
        facts = {name: value for name, value in facts.items() if value is not None}
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
        if self._as_json:
            self._say(json.dumps({"time": stamp, "event": what} | facts))
        else:
            words = [f"{name}={_shown(value)}" for name, value in facts.items()]
            self._say(one_line(" ".join([stamp, what, *words])))

    def fault(self, trace: str) -> None:
        """Write down a fault of the server itself, with its traceback."""
        self.write("fault", trace=trace)


def _shown(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return json.dumps(text) if not text or " " in text or '"' in text else text
