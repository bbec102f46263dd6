"""What a command works with: the run that is named, or the newest, and the text that must not be copied."""

import os
from collections.abc import Sequence
from pathlib import Path

from textgen.cli.console import note
from textgen.runs.folder import SHIPPED, SHIPPED_RUNS, find_run, shipped_run, shown_runs_folder


def chosen_run(run: str | None, shipped_name: str = SHIPPED) -> Path:
    """The folder of the run that a command uses. Says so where that is a run that ships.

    Args:
        run: its path or name; None for the newest run.
        shipped_name: which of the runs that ship is used where there is no other.

    Raises:
        RunError: as `find_run`.
    """
    path = find_run(run)
    # The name is compared first, since an installation finds the shipped run in a list of its files.
    shipped = shipped_run(path.name) if run is None and path.name in SHIPPED_RUNS else None
    if shipped and os.path.samefile(path, shipped):
        path = shipped_run(shipped_name) or path
        note(f"note: no run of your own in {shown_runs_folder()} yet; using {path.name}, which comes with textgen")
    return path


def corpus_text(paths: Sequence[str]) -> str:
    """The text of the files that --corpus names, as `max_copy` compares with it; empty where there are none."""
    if not paths:
        return ""
    from textgen.corpus.documents import read_corpus  # here, since few commands are given one

    return "\n\n".join(read_corpus(list(paths)).documents)
