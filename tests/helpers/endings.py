"""How a call of the library ends, told as a command would tell it."""

from types import SimpleNamespace

from textgen.errors import TextgenError


def ending(call):
    """The exit code and the line of a call: those of its TextgenError, or 0 and nothing."""
    try:
        call()
    except TextgenError as error:
        return SimpleNamespace(exit_code=error.exit_code, stderr=str(error))
    return SimpleNamespace(exit_code=0, stderr="")
