"""A run that a stranger made: what stands in the place of its files never does harm, and each ending is one line."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from tests.conftest import shell
from tests.helpers.forged_runs import edit, newest, seal
from tests.helpers.limits import within
from textgen import Generator, train
from textgen.errors import TextgenError


@pytest.fixture
def gift(tmp_path, tiny_run, text_file, monkeypatch):
    """A stranger's run in an otherwise empty place, with its text and a file that is precious."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_run, tmp_path / "gift")
    shutil.copyfile(text_file, tmp_path / "text.txt")
    (tmp_path / "precious.txt").write_text("dear")
    return tmp_path / "gift"


RESUME = ["train", "text.txt", "--resume", "gift", "--epochs", 1]
OVERWRITE = ["train", "text.txt", "--out", "gift", "--overwrite", "--epochs", 1, "--units", 8, "--sample-length", 0]


def symbolic(place, target):
    place.symlink_to(target)


def hard(place, target):
    os.link(target, place)


@pytest.mark.parametrize("name", ["samples.txt", "history.jsonl", "metadata.json", "gradients.jsonl", ".lock"])
@pytest.mark.parametrize("link", [symbolic, hard])
@pytest.mark.parametrize("what", [RESUME, OVERWRITE], ids=["resume", "overwrite"])
def test_a_link_in_the_place_of_a_file(command, gift, ends, name, link, what):
    (gift / name).unlink(missing_ok=True)
    precious = gift.parent / "precious.txt"
    link(gift / name, precious)
    result = command(*what)
    line = ends(1, f"{name} is a {link.__name__} link, {what[2]}", result, 4)
    assert name in line
    assert precious.read_text() == "dear"


def test_links_in_the_places_of_temporary_files(command, gift, ends):
    targets = {}
    for name in ("history.jsonl", "metadata.json", "gradients.jsonl", "samples.txt", ".probe"):
        targets[name] = gift.parent / f"precious{name}"
        targets[name].write_text("dear")
        (gift / f"{name}.tmp").symlink_to(targets[name])
    ends(1, "every NAME.tmp is a link, --resume", command(*RESUME), 0)
    ends(1, "every NAME.tmp is a link, --overwrite", command(*OVERWRITE), 0)
    assert {target.read_text() for target in targets.values()} == {"dear"}


@pytest.mark.parametrize("kind", ["best", "resume", "verse", "knowledge"])
@pytest.mark.parametrize("what", [RESUME, OVERWRITE, ["sample", "gift", "--length", 1]], ids=lambda what: str(what[2]))
def test_a_link_in_the_place_of_a_folder(command, gift, ends, kind, what):
    mine = gift.parent / "mine"
    shutil.copytree(newest(gift).parent, mine / "best")
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    if (gift / kind).exists():
        shutil.rmtree(gift / kind)
    (gift / kind).symlink_to("../mine/best")
    result = command(*what)
    line = ends(
        1, f"{kind} is a link to another run, {what[0]} {what[2]}", result, {0} if _reads_not(kind, what) else 4
    )
    assert result.exit_code == 0 or f"{kind}: a symbolic link" in line
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def _reads_not(kind, what):
    return what[0] == "sample" and kind in ("resume", "knowledge")


@pytest.mark.parametrize("name", ["samples.txt", "gradients.jsonl", ".lock", "best/00000002/manifest.json"])
def test_a_pipe_never_hangs(command, gift, ends, name):
    place = newest(gift) / "manifest.json" if "/" in name else gift / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    with within(30):
        result = command(*(["sample", "gift"] if "/" in name else RESUME))
    assert "a pipe" in ends(1, f"{name} is a pipe", result, 4)


def test_names_of_snapshots(command, gift, ends):
    folder = newest(gift, "resume")
    # Arabic digits are digits to Python's int and to `\d`, but no name that a save has.
    folder.rename(folder.with_name("\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667"))
    shutil.copytree(newest(gift), gift / "best/\u0669\u0669\u0669\u0669\u0669\u0669\u0669\u0669")
    ends(4, "a folder named by Arabic digits", command(*RESUME), 0)
    best = newest(gift)
    assert best.name.isascii()
    assert json.loads((best / "config.json").read_text())["model"]["units"] == 24
    last = newest(gift, "resume")
    last.rename(last.with_name("99999999"))
    ends(4, "saves after number 99999999", command(*RESUME), 0)
    newer = newest(gift, "resume")
    assert int(newer.name) == 100000001  # the end of the epoch, and the end of the training
    assert json.loads((newer / "state.json").read_text())["epoch"] == 4  # two were trained before, one above
    assert "its training has ended" in ends(4, "a save after number 99999999 is read", command(*RESUME[:4]), 4)


def test_no_number_is_left(command, gift, ends):
    newest(gift, "resume").rename(gift / "resume" / ("9" * 18))
    line = ends(4, "the last number there is", command(*RESUME), 5)
    assert "no number is left" in line


def test_sparse_files_are_refused_before_they_are_read(command, gift, ends):
    for name, size in [("history.jsonl", 1 << 40), ("samples.txt", 1 << 40), ("metadata.json", 1 << 40)]:
        before = (gift / name).read_bytes()
        os.truncate(gift / name, size)
        with within(30):
            result = command("info", "gift") if name != "samples.txt" else command(*RESUME)
        assert name in ends(9, f"{name} of a terabyte", result, 4)
        assert "smaller" not in result.stderr  # the model is not too large
        (gift / name).write_bytes(before)
    for kind, name, what in [
        ("best", "model.safetensors", ["sample", "gift"]),
        ("resume", "state.safetensors", RESUME),
    ]:
        folder = newest(gift, kind)
        manifest = json.loads((folder / "manifest.json").read_text())
        os.truncate(folder / name, 192 << 30)
        manifest["files"][name]["size"] = 192 << 30
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with within(30):
            result = command(*what)
        if kind == "best":
            line = ends(6, f"{name} of 192 GiB", result, 4)
        else:
            assert result.exit_code == 0  # continues from the save before
            (line,) = [line for line in result.stderr.splitlines() if f"{name}: 206,158,430,208 bytes" in line]
        assert "206,158,430,208 bytes" in line
        assert "configuration" in line


HUGE = 10**400
NUMBERS = {
    "history.jsonl": [{"epoch": HUGE}, {"seconds": HUGE}, {"training_nats": -HUGE}, {"step": 1e308}, {"odd": HUGE}],
    "metadata.json": [{"characters": HUGE}, {"odd": HUGE}],
}


@pytest.mark.parametrize(("name", "change"), [(name, change) for name in NUMBERS for change in NUMBERS[name]])
@pytest.mark.parametrize("what", [["info", "gift"], ["plot", "gift"]], ids=["info", "plot"])
def test_numbers_beyond_every_bound(command, gift, ends, name, change, what):
    lines = [json.loads(line) for line in (gift / name).read_text().splitlines()] if "jsonl" in name else None
    if lines:
        lines[-1] |= change
        (gift / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    else:
        (gift / name).write_text(json.dumps(json.loads((gift / name).read_text()) | change))
    reads = name == "history.jsonl" or what[0] == "info"
    shown = {key: "10^400" if abs(value) == HUGE else value for key, value in change.items()}
    ends(9, f"{what[0]}: {shown} in {name}", command(*what), 4 if reads else 0)


def test_numbers_in_what_is_not_a_number(command, gift, ends):
    history = (gift / "history.jsonl").read_text()
    for text in ("NaN", "-Infinity", "1e999", "9" * 5000, "[[[[", '"\\ud800"'):
        (gift / "history.jsonl").write_text(history.rstrip("}\n") + f', "odd": {text}}}\n')
        ends(9, f"plot: {text[:20]} in history.jsonl", command("plot", "gift"), 4)
    for name, change in [
        ("config.json", lambda values: values["model"].update(units=HUGE)),
        ("config.json", lambda values: values["training"].update(minutes=HUGE, epochs=None)),
        ("config.json", lambda values: values["training"].update(warmup=-HUGE)),
    ]:
        folder = newest(gift)
        before = (folder / name).read_text()
        edit(folder, name, change)
        ends(9, "10^400 in config.json", command("info", "gift"), 4)
        (folder / name).write_text(before)
        seal(folder)
    for entry in ("seconds", "best_nats", "step", "epoch", "best_epoch"):
        for folder in sorted((gift / "resume").iterdir()):
            edit(folder, "state.json", lambda values, entry=entry: values.update({entry: HUGE}))
        ends(9, f"10^400 as {entry} in state.json", command(*RESUME), 4)
        for folder in sorted((gift / "resume").iterdir()):
            edit(folder, "state.json", lambda values, entry=entry: values.update({entry: 1}))


def test_junk_in_the_gradients_is_refused_before_an_epoch(command, gift, ends):
    (gift / "gradients.jsonl").write_text('{"epoch": 1}\n')
    samples = (gift / "samples.txt").read_text()
    line = ends(10, "junk in gradients.jsonl", command(*RESUME), 4)
    assert "gradients.jsonl" in line
    assert (gift / "samples.txt").read_text() == samples  # no epoch was trained
    (gift / "gradients.jsonl").write_text(f'{{"epoch": 1{"0" * 400}, "step": 1, "weights": {{}}}}\n')
    ends(9, "10^400 in gradients.jsonl", command(*RESUME), 4)


def test_a_damaged_run_among_others(command, gift, ends, tiny_run):
    for name in ("a", "b", "c"):
        shutil.copytree(tiny_run, gift.parent / "checkpoints" / name)
    (newest(gift.parent / "checkpoints/b") / "config.json").write_text("{")
    result = command("runs")
    line = ends(10, "runs: one of three is damaged", result, 4)
    assert [row.split()[0] for row in result.stdout.splitlines()[1:]] == ["checkpoints/a", "checkpoints/c"]
    assert "checkpoints/b" in line


def test_a_run_is_loaded_while_it_is_saved(gift, text_file):
    """Each load gets a whole run, although the save before it is removed meanwhile."""
    from textgen.runs.folder import FILES
    from textgen.system import snapshots

    parts = {name: [(newest(gift) / name).read_bytes()] for name in FILES["best"]}
    stop, errors = threading.Event(), []

    def save():
        try:
            from textgen.system.folders import Folder
        except ImportError:  # the main of before, where snapshots were saved by path
            while not stop.is_set():
                snapshots.save(gift / "best", parts, 1)
            return
        with Folder.opened(gift) as folder:
            while not stop.is_set():
                snapshots.save(folder, "best", parts, 1)

    thread = threading.Thread(target=save)
    thread.start()
    try:
        end = time.monotonic() + 3
        count = 0
        while time.monotonic() < end or count < 100:
            try:
                Generator.load(gift)
            except TextgenError as error:
                errors.append(str(error))
            count += 1
    finally:
        stop.set()
        thread.join()
    assert not errors


def test_a_folder_of_somebody_else_is_refused_or_read(command, gift, ends):
    if os.geteuid():
        pytest.skip("only root can give a file to somebody else")
    for path in [gift, *gift.rglob("*")]:
        os.chown(path, 65534, 65534)
    ends(1, "a run owned by somebody else", command("sample", "gift", "--length", 3), 0)


@pytest.mark.interrupted
def test_a_full_disk_at_the_first_save(gift, ends):
    """The advice must be one that works: there is nothing to resume yet."""
    script = f"ulimit -f 60; exec {sys.executable} -m textgen train text.txt --out new --units 60 --epochs 1"
    result = subprocess.run(["bash", "-c", script], cwd=gift.parent, capture_output=True, check=False, timeout=120)
    line = ends(10, "a full disk at the first save", result, 5)
    assert "`resume`" not in line
    assert "--resume" not in line
    again = train("text.txt", "new", overwrite=True, quiet=True, epochs=1, units=8, sample_length=0)
    assert again.best_nats


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_full_disk_loses_no_text(gift, ends, json):
    """The file cannot be written; the text comes on standard output."""
    writes = ["sample", "gift", "--length", "3000", "--seed", "1", *json]
    whole = shell(*writes, cwd=gift.parent).stdout
    script = f'ulimit -f 1; exec {sys.executable} -m textgen "$@" --out tale.txt'
    limited = ["bash", "-c", script, "-", *writes]
    result = subprocess.run(limited, cwd=gift.parent, capture_output=True, check=False, timeout=120)
    line = ends(9, f"sample {' '.join(json)} --out on a full disk".replace("  ", " "), result, 5)
    kept = (gift.parent / "tale.txt").read_bytes()
    assert "tale.txt holds what was written until then" in line
    assert kept == whole[: len(kept)]
    assert result.stdout == whole[-len(result.stdout) :]
    assert len(kept) + len(result.stdout) >= len(whole)


def test_a_script_that_is_planted_is_never_run(gift, tmp_path):
    """The attack of the trial: a shell's start-up file that a run appends to."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bashrc").write_text("# mine\n")
    (gift / "samples.txt").unlink()
    (gift / "samples.txt").symlink_to(home / ".bashrc")
    result = shell(*RESUME, cwd=tmp_path)
    assert result.returncode == 4
    assert (home / ".bashrc").read_text() == "# mine\n"


def test_pictures_of_a_run_whose_name_is_no_text(command, gift, ends):
    gift.rename(gift.with_name("gift\udce9"))
    for what in (
        ["plot", "gift\udce9", "--out", "curves\udce9.png"],
        ["gradients", "gift\udce9", "--text", "the hen went down"],
        ["inspect", "gift\udce9", "--text", "the hen went down", "--no-pictures"],
    ):
        ends(3, f"{what[0]}: pictures of a run named by bytes that are no text", command(*what), 0)
    assert (gift.parent / "curves\udce9.png").stat().st_size > 1000
    assert (gift.parent / r"gradients-gift\udce9" / "gradients.png").stat().st_size > 1000
    assert r"gift\udce9" in (gift.parent / r"inspect-gift\udce9" / "index.html").read_text().replace(r"\\u", r"\u")
