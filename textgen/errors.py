"""Every error that textgen raises on purpose, with the exit code that the shell sees.

    TextgenError                 1   the base class, never raised itself
    |-- UsageError               2   an option or argument out of its range
    |   `-- NothingLeftError     2   the sampling options forbid every symbol
    |-- InputError               3   the base class of errors about text
    |   |-- CorpusError          3   a text that cannot be trained on
    |   `-- PromptError          3   a prompt that the model cannot read
    |-- ModelError               4   an error about a model
    |   |-- RunError             4   a run folder that is missing, unusable or not a run
    |   |   `-- DamagedError     4   a file in a run folder is missing or damaged
    |   |-- DivergenceError      4   training produced numbers that are not finite
    |   `-- OutOfMemoryError     4   the model or its batch does not fit the memory
    |-- GroupError               1   a process of a group failed, or the group cannot form
    `-- StorageError             5   the file system refused
        |-- RunExistsError       5   the folder for a new run is not empty
        `-- RunInUseError        5   another process is training in that run

A message is one line: what is wrong, where, what is allowed, what to do. This module does not know how errors are
printed: only `textgen.cli` turns one into a line on standard error and an exit code.
"""

from textgen.shown import one_line

# Characters of a message. Names and values in it may be a stranger's, and as long as he likes.
MAX_CHARACTERS = 2000


class TextgenError(Exception):
    """The base class of every error raised on purpose. `exit_code` is what the shell sees.

    Args:
        message: one line; an end of a line and what acts on a terminal become escapes. Of a very long one the middle is
            left out: what is wrong stands first, what to do last.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        if len(message) > MAX_CHARACTERS:
            message = f"{message[: MAX_CHARACTERS * 2 // 3]} ... {message[-MAX_CHARACTERS // 4 :]}"
        super().__init__(one_line(message))


class UsageError(TextgenError):
    """An option or argument out of its range. The message names the rule, the value and the choices."""

    exit_code = 2


class NothingLeftError(UsageError):
    """The sampling options forbid every symbol."""


class InputError(TextgenError):
    """An error about text, read from a file or given as a prompt."""

    exit_code = 3


class CorpusError(InputError):
    """A text that cannot be trained on."""


class PromptError(InputError):
    """A prompt that the model cannot read."""


class ModelError(TextgenError):
    """An error about a model or its run folder."""

    exit_code = 4


class RunError(ModelError):
    """A run folder that is missing, unusable or not a run."""


class DamagedError(RunError):
    """A file in a run folder is missing or damaged: it is not what was written there."""


class DivergenceError(ModelError):
    """Training produced numbers that are not finite. The last finite weights are kept."""


class OutOfMemoryError(ModelError):
    """The model or its batch does not fit the memory of the device."""


class GroupError(TextgenError):
    """Another process of a group that trains together failed, or the group cannot form."""


class StorageError(TextgenError):
    """The file system refused: no space, no permission or no such folder."""

    exit_code = 5


class RunExistsError(StorageError):
    """The folder for a new run is not empty. Nothing was changed."""


class RunInUseError(StorageError):
    """Another process is training in that run."""
