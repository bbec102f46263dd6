"""The models that a server has, and loading a run again that was trained further. Knows nothing of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgen.engine.label_config import LabelConfig, label_config
from textgen.errors import TextgenError
from textgen.page.model import PageModel
from textgen.runs.folder import newest_save
from textgen.serve import schema
from textgen.serve.errors import ApiError
from textgen.shown import one_line
from textgen.system.wording import did_you_mean
from textgen.writing.generator import Generator

# Kinds of labelled texts that are kept ready.
MAX_TOLD = 64
MAX_LABELS, MAX_LABEL = 8, 2_000

_LABEL: schema.Schema = {"type": "string", "minLength": 1, "maxLength": MAX_LABEL}
# What a request may say of its texts' labels.
LABELS: dict[str, schema.Schema] = {
    "label": {
        "description": "Tell the model this label of the texts: NAME=LABEL, or NAME=LABEL:0.6,LABEL:0.4. Or a list.",
        "anyOf": [_LABEL, {"type": "array", "items": _LABEL, "maxItems": MAX_LABELS}],
        "x-words": f"text NAME=LABEL, or a list of at most {MAX_LABELS}",
    }
} | schema.of_config(LabelConfig, ["guidance"])


@dataclass
class Model:
    """A model that clients can name.

    Attributes:
        name: its name.
        generator: the run as it was loaded last.
        saved: as of `textgen.runs.folder.newest_save`, when the run was loaded; None for a generator without a run.
        page: what a page needs of it, once one has asked.
    """

    name: str
    generator: Generator
    saved: tuple[str, int] | None
    page: PageModel | None = None
    # Those whose texts have labels, the latest last: texts of one of them are written together.
    _told: dict[tuple[Generator, LabelConfig], Generator] = field(default_factory=dict)

    def told(self, values: Mapping[str, Any]) -> Generator:
        """The generator for a request that has the properties LABELS. Raises UsageError: an unknown label."""
        config = label_config(values)
        if config is None:
            return self.generator
        key = self.generator, config
        found = self._told.pop(key, None) or self.generator.with_labels(config.label, config.guidance)
        self._told[key] = found
        if len(self._told) > MAX_TOLD:
            del self._told[next(iter(self._told))]
        return found

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
            model._told.clear()
            model.page = None
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
