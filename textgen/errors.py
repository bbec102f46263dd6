"""Every error textgen raises on purpose, each with the exit code the shell sees.

    TextgenError                 1   never raised itself
    |-- UsageError               2   an option or argument out of its range
    |   `-- NothingLeftError     2   the sampling options forbid every symbol
    |-- InputError               3   something about text
    |   |-- CorpusError          3   a text that cannot be trained on
    |   `-- PromptError          3   a prompt that cannot be read by the model
    |-- ModelError               4   something about a model
    |   |-- RunError             4   a run folder that is missing, damaged or no run at all
    |   |-- DivergenceError      4   training left the finite numbers
    |   `-- OutOfMemoryError     4   the model or its batch does not fit the memory
    `-- StorageError             5   the file system said no
        |-- RunExistsError       5   a run stands where another was to be written
        `-- RunInUseError        5   another process is training in that run

A message is one line: what, where, what was allowed, what to do. This module knows nothing of how errors are
printed: `textgen.cli` alone turns one into a line on standard error and an exit code.
"""


class TextgenError(Exception):
    """Base of every error raised on purpose. `exit_code` is what the shell sees."""

    exit_code = 1


class UsageError(TextgenError):
    """An option or argument out of its range: says the rule, the value received and the choices."""

    exit_code = 2


class NothingLeftError(UsageError):
    """The sampling options forbid every symbol."""


class InputError(TextgenError):
    """Something about text, read from a file or given as a prompt."""

    exit_code = 3


class CorpusError(InputError):
    """A text that cannot be trained on."""


class PromptError(InputError):
    """A prompt that the model cannot read."""


class ModelError(TextgenError):
    """Something about a model or its run folder."""

    exit_code = 4


class RunError(ModelError):
    """A run folder that is missing, damaged, or no run at all."""


class DivergenceError(ModelError):
    """Training left the finite numbers; the last finite weights are kept."""


class OutOfMemoryError(ModelError):
    """The model or its batch does not fit the memory of the device."""


class StorageError(TextgenError):
    """The file system refused: no space, no permission, no such folder."""

    exit_code = 5


class RunExistsError(StorageError):
    """A run stands where another was to be written. Nothing was changed."""


class RunInUseError(StorageError):
    """Another process is training in that run."""
