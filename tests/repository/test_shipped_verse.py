"""The small model of English verse that comes with a clone: it keeps forms, knows themes, and holds no text."""

import re
import shutil

import pytest

from tests.conftest import ROOT
from textgen import Generator, train
from textgen.corpus.memory import contains, without_marks
from textgen.runs.folder import SHIPPED_VERSE as NAME
from textgen.runs.run import load_run
from textgen.verse import check, compose, compositions
from textgen.verse.readiness import warning

SHIPPED = ROOT / "checkpoints" / NAME
# The model knows " winter", with a space before it, and "milton" not at all, though its poems had it.
THEMES = ("milton", "the sea at night", "winter")


@pytest.fixture(scope="module")
def generator():
    return Generator.load(SHIPPED)


def test_it_is_small_says_how_it_was_made_and_is_no_state_of_a_training():
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert size <= 3_600_000
    run = load_run(SHIPPED)
    assert run.metadata["note"].startswith("made by: make verse-checkpoint")
    assert "\nverse-checkpoint:" in (ROOT / "Makefile").read_text()
    assert {path.name for path in SHIPPED.iterdir()} == {
        "best",
        "verse",
        "knowledge",
        "history.jsonl",
        "metadata.json",
        "samples.txt",
    }
    assert (run.training.documents, run.training.direction) == ("poem", "backward")
    assert warning(run) is None


def test_its_samples_are_its_own(generator):
    """No line of the samples, of five words or more, is a line that it learned."""
    samples = (SHIPPED / "samples.txt").read_text("utf-8")
    lines = [without_marks(line) for line in samples.splitlines() if not line.startswith("===")]
    lines = [line for line in lines if len(line.split()) >= 5]
    assert len(lines) > 20
    assert not [line for line in lines if contains(generator.memory["lines"], line)]


@pytest.mark.parametrize("form", ["sonnet", "couplets", "limerick", "elegiac"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_its_poems_hold_their_form(generator, form, seed):
    theme = THEMES[seed]
    poem = compose(generator, form=form, theme=theme, seed=seed)
    verdict = check(poem.lines, form)
    assert verdict.holds, [(line.text, line.breaks) for line in verdict.lines if line.breaks]
    assert not any(contains(generator.memory["lines"], without_marks(line)) for line in poem.lines)


@pytest.mark.parametrize("seed", [2, 15, 48, 58])
def test_each_line_has_its_terms_however_it_is_finished(generator, seed):
    """The score is of the line as it was written; in print "a" may be "an"."""
    assert all(compose(generator, form="couplets", temperature=1.2, seed=seed).terms)


def test_a_theme_is_told_once(generator):
    notes, _ = compositions(generator, form="couplets", theme="The Sea of zyzzyva", seed=1)
    assert notes == ["`theme` read as the sea of"]


@pytest.mark.slow
def test_a_theme_is_heard(generator):
    """Poems on the sea name it, or what belongs to it, more often than poems on another theme."""
    of_the_sea = re.compile(
        r"\b(sea|seas|wave|waves|shore|ocean|sail|ship|tide|deep|water|waters|storm|winds?)\b", re.I
    )
    counts = {
        theme: sum(
            len(of_the_sea.findall(compose(generator, form="elegiac", theme=theme, seed=seed).text))
            for seed in range(1, 7)
        )
        for theme in ("the sea", "a king and his crown")
    }
    assert counts["the sea"] > 2 * counts["a king and his crown"]


def test_the_command_writes_with_it_in_any_folder(empty_place, command):
    result = command("poem", NAME, "--form", "sonnet", "--theme", "winter", "--seed", 1)
    assert result.exit_code == 0
    assert "barely learned" not in result.stderr
    assert len(result.stdout.strip().splitlines()) == 14


def test_it_writes_verse_where_there_is_no_other_run(empty_place, command):
    result = command("poem", "--form", "couplets", "--seed", 1)
    assert result.exit_code == 0
    assert f"using {NAME}, which comes with textgen" in result.stderr
    assert len(result.stdout.strip().splitlines()) == 4


@pytest.mark.slow
def test_one_may_begin_with_it(empty_place):
    """`textgen train mine.txt --from NAME`: poems and the direction are as in the run."""
    shutil.copy(ROOT / "corpora" / "lamplighter.txt", "mine.txt")
    train("mine.txt", from_run=NAME, lowercase=True, epochs=1, quiet=True)
    run = load_run("mine")
    assert run.tokenizer.vocabulary_size > load_run(SHIPPED).tokenizer.vocabulary_size
    verdict = check(compose(Generator.load("mine"), form="couplets", seed=1).lines, "couplets")
    assert verdict.holds
