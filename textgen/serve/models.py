"""The models that a server has, and loading a run again that was trained further. Knows nothing of HTTP."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textgen.errors import TextgenError, UsageError
from textgen.runs.folder import BEST
from textgen.serve.errors import ApiError
from textgen.shown import one_line
from textgen.system.wording import did_you_mean
from textgen.writing.generator import Generator


@dataclass
class Model:
    """A model that clients can name.

    Attributes:
        name: its name.
        generator: the run as it was loaded last.
        stamp: changes when the run's folder has new weights; None where that is not known.
    """

    name: str
    generator: Generator
    stamp: int | None

    @property
    def created(self) -> int:
        """When its weights were saved, in seconds since 1970; 0 where that is not known."""
        return (self.stamp or 0) // 10**9


class Shelf:
    """The models of a server, the first of which is written with where a request names none.

    Args:
        generators: at least one.
        watch: whether to load a run again that was trained further.
    """

    def __init__(self, generators: Sequence[Generator], watch: bool) -> None:
        if not generators:
            raise UsageError("a server needs a Generator, or several")
        self.models: dict[str, Model] = {}
        self._watch = watch
        for generator in generators:
            name = _name(generator)
            number = 2
            while name in self.models:
                name, number = f"{_name(generator)}-{number}", number + 1
            self.models[name] = Model(name, generator, _stamp(generator.run))

    def find(self, name: str | None) -> Model:
        """The model of that name, or the first. Raises ApiError 404."""
        if name is None:
            return next(iter(self.models.values()))
        if name not in self.models:
            hint = did_you_mean(name[:200], self.models, 3)
            raise ApiError(404, f"no model {one_line(name[:200])!r} here; {hint}", "model", "model_not_found")
        return self.models[name]

    def has_changed(self, model: Model) -> bool:
        """Whether the run of a model has new weights, and this server looks for them."""
        return self._watch and (stamp := _stamp(model.generator.run)) is not None and stamp != model.stamp

    def reload(self, model: Model) -> str | None:
        """Load the run of a model again. Texts that are being written go on with the weights that they began with.

        Returns:
            why it cannot be read, in which case the model stays as it is; None where it was loaded.
        """
        stamp = _stamp(model.generator.run)
        try:
            model.generator = Generator.load(model.generator.run)
        except TextgenError as error:
            return str(error)
        finally:
            model.stamp = stamp
        return None


def _name(generator: Generator) -> str:
    """The name of a run's folder; those of all runs of a mixture."""
    runs = [one.run for one in generator.mixed] or [generator.run]
    return "+".join(one_line(Path(run).absolute().name) if run else "model" for run in runs)


def _stamp(run: Path | None) -> int | None:
    """When a run last saved its best weights, in nanoseconds. Looking costs a few microseconds."""
    if run is None:
        return None
    try:
        return os.stat(run / BEST, follow_symlinks=False).st_mtime_ns
    except OSError:
        return None
