"""A completions server: one run or several, to clients that speak the completions API.

    from textgen import Generator
    from textgen.serve import app

    application = app([Generator.load("story")])   # for any ASGI server: uvicorn module:application

It needs the extra `serve`. Each name is imported when it is first used. The package knows the generator, and nothing of
the command line or of Keras.
"""

from typing import TYPE_CHECKING

from textgen.lazy import attributes

__all__ = ["ServeConfig", "app"]

# Where each public name is defined.
_HOMES = {"ServeConfig": "textgen.serve.config", "app": "textgen.serve.application"}

if TYPE_CHECKING:
    from textgen.serve.application import app
    from textgen.serve.config import ServeConfig

else:  # hidden from type checkers, which would otherwise accept any name
    __getattr__ = attributes(__name__, _HOMES)
