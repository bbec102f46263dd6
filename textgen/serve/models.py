"""The models that a server has, and loading a run again that was trained further. Knows nothing of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textgen.errors import TextgenError
from textgen.runs.folder import newest_save
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
        saved: as of `textgen.runs.folder.newest_save`, when the run was loaded; None for a generator without a run.
    """

    name: str
    generator: Generator
    saved: tuple[str, int] | None

    @property
    def created(self) -> int:
        """When its weights were saved, in seconds since 1970; 0 where that is not known."""
        return self.saved[1] // 10**9 if self.saved else 0


class Shelf:
    """The models of a server, the first of which is written with where a request names none.

    Args:
        generators: at least one.
        watch: whether to load a run again that was trained further.
    """

    def __init__(self, generators: Sequence[Generator], watch: bool) -> None:
        self.models: dict[str, Model] = {}
        self._watch = watch
        for generator in generators:
            name = _name(generator)
            number = 2
            while name in self.models:
                name, number = f"{_name(generator)}-{number}", number + 1
            self.models[name] = Model(name, generator, _saved(generator))

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
        return self._watch and _saved(model.generator) != model.saved

    def reload(self, model: Model) -> str | None:
        """Load the run of a model again. Texts that are being written go on with the weights that they began with.

        Returns:
            why it cannot be read, in which case the model stays as it is; None where it was loaded.
        """
        saved = _saved(model.generator)
        try:
            model.generator = Generator.load(model.generator.run)
        except TextgenError as error:
            return str(error)
        finally:
            model.saved = saved
        return None


def _name(generator: Generator) -> str:
    """The name of a run's folder; those of all runs of a mixture."""
    runs = [one.run for one in generator.mixed] or [generator.run]
    return "+".join(one_line(Path(run).absolute().name) if run else "model" for run in runs)


def _saved(generator: Generator) -> tuple[str, int] | None:
    return newest_save(generator.run) if generator.run else None
