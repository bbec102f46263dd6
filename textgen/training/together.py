"""What the processes of a group tell each other before they train: what was asked for, the plan, the text.

Process 0 plans, has the run folder and says what the others need; they compare it with what they were asked for and
with their own copy of the text. Nothing of a run has to lie on the other machines.
"""

import contextlib
import hashlib
import json
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from textgen.errors import GroupError
from textgen.planning.plan import Plan
from textgen.planning.plan import plan as make_plan
from textgen.runs.config import ModelConfig, TrainingConfig
from textgen.runs.run import FORMAT
from textgen.runs.state import TrainingState
from textgen.system.folders import Folder
from textgen.system.safejson import check_type
from textgen.tokens import load_tokenizer
from textgen.training.hooks import Hooks
from textgen.training.request import PathLike, Request, configurations, read_and_plan, read_text
from textgen.training.session import Extension, Reporter, Session

# What must be the same in all processes, besides textgen itself.
PACKAGES = ("keras", "jax", "jaxlib", "numpy")


@dataclass(frozen=True)
class _Told:
    """What process 0 tells of a training, as plain JSON values.

    Attributes:
        path: the run folder.
        model, training, tokenizer: of the run.
        state: where its training stands.
        resumes: whether it is continued.
        epochs, minutes: how much longer it is trained; None where not.
    """

    path: str
    model: dict[str, Any]
    training: dict[str, Any]
    tokenizer: dict[str, Any]
    state: dict[str, Any]
    resumes: bool
    epochs: int | None
    minutes: float | None


def asked(request: Request, resume: PathLike | None, average_every: int) -> dict[str, str]:
    """What a process was asked for and what it runs on, in words: the same in all processes of a group."""
    begins = "a run to resume" if resume is not None else "a run to begin from" if request.from_run else "a new run"
    facts = {f"`{name}`": str(value) for name, value in request.options.items()}
    facts |= {"what it trains": begins, "`average_every`": str(average_every)}
    facts |= {f"the version of {name}": metadata.version(name) for name in PACKAGES}
    return facts | {"the version of Python": platform.python_version().rpartition(".")[0]}


def led(session: Session) -> Session:
    """Tell the other processes of a training, and compare. Raises GroupError where they have another text."""
    group, plan = session.group, session.plan
    longer = session.extension or Extension(None, None)
    told = _Told(
        str(session.path),
        plan.model.to_json(),
        plan.training.to_json(),
        plan.tokenizer.to_json(),
        session.state.to_json(),
        session.resumes,
        longer.epochs,
        longer.minutes,
    )
    group.decide("the plan", asdict(told))
    group.check_same("the text", _facts(plan))
    if session.resumes and session.extension is None:  # else the command says how much longer
        session.note_saved()
    return session


@contextlib.contextmanager
def following(request: Request, is_new: bool) -> Iterator[Session]:
    """The session of a process that is not process 0: what process 0 tells, on this process's copy of the text.

    Args:
        request: what this process was asked for.
        is_new: whether a run begins from nothing. Then this process plans it too, while process 0 does.

    Raises:
        GroupError: the text is another one, or process 0 sent something that is not a training.
        CorpusError: the text cannot be read.
    """
    group, plan = request.company.group, None
    if is_new:
        plan = read_and_plan(request, *configurations(request.options))
    try:
        told = check_type(group.decide("the plan", None), _Told)
        state = check_type(told.state, TrainingState)
        if plan is None:
            model, training = ModelConfig.from_json(told.model, FORMAT), TrainingConfig.from_json(told.training, FORMAT)
            tokenizer = load_tokenizer(told.tokenizer)
            given = request.with_text_of(state.paths, state.encoding, Path(told.path))
            plan = make_plan(read_text(given, training), model, training, tokenizer=tokenizer)
    except ValueError as error:
        raise GroupError(f"{group.name_of(0)} sent something that is not a training: {error}") from None
    group.check_same("the text", _facts(plan))
    is_longer = told.epochs is not None or told.minutes is not None
    with tempfile.TemporaryDirectory(prefix="textgen-") as path, Folder.opened(path) as folder:
        session = Session(
            plan=plan,
            folder=folder,
            state=state,
            began=request.began,
            reporter=Reporter(is_quiet=True),
            resumes=told.resumes,
            extension=Extension(told.epochs, told.minutes) if is_longer else None,
            hooks=Hooks(),
            company=request.company,
            run_path=Path(told.path),
        )
        if told.resumes and not is_longer:
            session.note_saved()
        yield session


def _facts(plan: Plan) -> dict[str, str]:
    """What must be the same of a text and of what is made of it: short, since it is shown where it differs."""
    values = [plan.model.to_json(), plan.training.to_json(), plan.tokenizer.to_json()]
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return {
        "the text": f"{plan.text.characters:,} characters to train on (SHA-256 {plan.text.fingerprint[:12]})",
        "the plan": f"{plan.model.parameters():,} parameters ({digest[:12]})",
    }
