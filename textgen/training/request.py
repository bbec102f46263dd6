"""What `train` was asked for: its text, read and checked. Knows nothing of Keras."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from textgen import arguments
from textgen.corpus.documents import Corpus, LargeCorpus, read_for
from textgen.corpus.given import read_given
from textgen.errors import CorpusError, UsageError
from textgen.planning.plan import Plan, plan
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.system.wording import count
from textgen.tokens.base import Tokenizer
from textgen.training.hooks import Hooks
from textgen.training.session import Company, Reporter

PathLike: TypeAlias = str | os.PathLike[str]
CorpusLike: TypeAlias = PathLike | Sequence[PathLike] | Corpus

# Characters from which on a value with a space in it is no path but a text, where no file has that name.
TEXT_CHARACTERS = 100


@dataclass(frozen=True)
class Request:
    """What `train` was asked for; the attributes are its arguments, `texts` its `text`.

    `company` is the processes that train together.
    """

    corpus: CorpusLike | None
    texts: tuple[str, ...] | None
    out: PathLike | None
    from_run: PathLike | None
    encoding: str | None
    note: str
    overwrite: bool
    options: Mapping[str, Any]
    watch_gradients: bool
    tensorboard: str | None
    reporter: Reporter
    hooks: Hooks
    began: float
    company: Company = field(default_factory=Company)

    def with_text_of(self, paths: list[str], encoding: str | None, run: Path) -> "Request":
        """The request, with the text that a run was trained on where it names none.

        Args:
            paths: where that text was read.
            encoding: how it was decoded, if somebody said so.
            run: the run's folder.

        Raises:
            CorpusError: the text came from no file.
        """
        encoding = self.encoding or encoding
        if self.corpus is not None or self.texts is not None:
            return dataclasses.replace(self, encoding=encoding)
        if not paths:
            raise CorpusError(f"{run}: its text came from no file; give the same `text` or `corpus` again")
        return dataclasses.replace(self, corpus=paths, encoding=encoding)


def path_or_none(name: str, value: PathLike | None) -> PathLike | None:
    """Read a path, or None. Raises UsageError."""
    return None if value is None else arguments.path(name, value)


def checked_corpus(corpus: CorpusLike) -> CorpusLike:
    """A path, paths, or documents that a program made. Raises UsageError for anything else."""
    if isinstance(corpus, Corpus):
        documents = arguments.documents("corpus", corpus.documents)
        if not documents or not all(documents):
            raise arguments.refused("corpus", "documents that are not empty", documents)
        return corpus
    if isinstance(corpus, (str, os.PathLike)):
        return _path_of_text(corpus)
    return [_path_of_text(each) for each in arguments.items("corpus", corpus, "a path, paths, or a Corpus")]


def _path_of_text(value: PathLike) -> PathLike:
    """A path. Raises UsageError, and for what is obviously a text CorpusError with a hint."""
    if isinstance(value, str) and _looks_like_text(value):
        raise CorpusError(
            f"`corpus` takes paths, and this is a text of {count(len(value), 'character')}: {arguments.shown(value)}; "
            "give it as `text=...` in Python, or pipe it into textgen train -"
        )
    return arguments.path("corpus", value)


def _looks_like_text(value: str) -> bool:
    if "\n" not in value and (len(value) < TEXT_CHARACTERS or " " not in value):
        return False
    try:
        return not os.path.lexists(value)
    except ValueError:  # half a surrogate pair, or NUL
        return False


def checked_texts(text: str | Sequence[str], corpus: CorpusLike | None, encoding: str | None) -> tuple[str, ...]:
    """One text, or several. Raises UsageError."""
    for name, value in (("corpus", corpus), ("encoding", encoding)):
        if value is not None:
            raise UsageError(f"`text` is the text itself; leave out `{name}`, which is about files")
    return arguments.texts("text", text)


def read_text(request: Request, training: TrainingConfig) -> Corpus | LargeCorpus:
    """The text that is asked for, read with the options of a training. Raises CorpusError and UsageError."""
    if request.texts is not None:
        return read_given(training, request.texts)
    if request.corpus is None:
        raise UsageError("no text given: give `corpus`, a path or several, or `text`, the text itself")
    if isinstance(request.corpus, Corpus):  # documents that a program made: the options say what one is
        return dataclasses.replace(request.corpus, kind=training.documents)
    return read_for(training, request.corpus, request.encoding, may_stay=True)


def read_and_plan(
    request: Request, model: ModelConfig, training: TrainingConfig, extend_from: Tokenizer | None = None
) -> Plan:
    """The plan of a new run on the text that is asked for. Raises CorpusError and UsageError; see `plan`."""
    text = read_text(request, training)
    return plan(text, model, dataclasses.replace(training, documents=text.kind), extend_from=extend_from)


def configurations(options: Mapping[str, Any]) -> tuple[ModelConfig, TrainingConfig]:
    """Keyword options, split into the two configurations that they belong to."""
    of_model, of_training = ({field.name for field in dataclasses.fields(cls)} for cls in (ModelConfig, TrainingConfig))
    model = ModelConfig(**{name: options[name] for name in of_model & set(options)})
    training = TrainingConfig(**{name: options[name] for name in of_training & set(options)})
    if model.classify and model.classify not in training.label:
        training = dataclasses.replace(training, label=(*training.label, model.classify))
    return model, training
