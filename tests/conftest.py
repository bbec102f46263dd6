"""What the tests share: a small text, tiny real models trained on it, and how commands are run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# Property tests: "gate" tries the same examples every time, so that a change never fails by chance; "explore" (make
# explore) tries new ones, and more of them.
settings.register_profile("gate", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=1000)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "gate")
settings.load_profile(PROFILE)

# Files whose tests take seconds each; `make check` leaves them to `make test`. docs/testing.md says why they are slow.
SLOW = {
    "training/test_resume.py",
    "training/test_trainer.py",
    "training/test_from.py",
    "training/test_hooks.py",
    "training/test_watching.py",
    "training/test_dynamic.py",
    "training/test_backends.py",
    "attacks/test_listeners.py",
    "attacks/test_planted.py",
    "attacks/test_run_folder.py",
    "attacks/test_server.py",
    "attacks/test_server_clients.py",
    "cli/test_process.py",
    "cli/test_faults.py",
    "runs/test_damage.py",
    "inspection/test_page.py",
    "repository/test_pages.py",
    "repository/test_readme.py",
    "repository/test_tutorial.py",
}

# Test processes side by side keep to a core each. Otherwise each would spread its products over all cores, and the
# threads of one would wait for those of another: all tests took 1.3 times as long.
ALL_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
if ALL_CORES and (worker := os.environ.get("PYTEST_XDIST_WORKER")):
    os.sched_setaffinity(0, {ALL_CORES[int(worker.removeprefix("gw")) % len(ALL_CORES)]})

# The tests look for runs in the folder that they work in, wherever the owner of this machine keeps his.
os.environ.pop("TEXTGEN_RUNS", None)

# When a shell starts the tests in the background, it makes them and all their processes ignore Ctrl-C; `nohup` has them
# ignore SIGHUP. Some tests need both.
for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)

# The smallest model and the shortest training that still learn something of the text below.
TINY = {"units": 24, "embedding_size": 12, "batch_size": 8, "sequence_length": 16, "epochs": 2, "sample_length": 20}


def verse():
    """Some 7,000 characters of text with structure: counting rhymes, no two lines alike."""
    things = "hen fox bee cat owl elk pig cow ant eel".split()
    places = "barn wood hill pond lane mill dell moor cove yard".split()
    lines = []
    for first, thing in enumerate(things):
        for second, place in enumerate(places):
            lines.append(f"{first * 10 + second}: the {thing} went down to the {place},")
            lines.append(f'"and what did you see?" said the {things[-1 - second]}.')
        lines.append("")
    return "\n".join(lines) + "\n"


def on_all_cores():
    """For `preexec_fn` of a process that is to use every core, as a user's does."""
    if ALL_CORES:
        os.sched_setaffinity(0, ALL_CORES)


def examples(usual):
    """How many examples a property test tries: the usual number, ten times as many under `make explore`."""
    return usual * (10 if PROFILE == "explore" else 1)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.relative_to(ROOT / "tests").as_posix() in SLOW:
            item.add_marker(pytest.mark.slow)
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make something once for all processes of a test session: `made_once("tiny", make)`.

    The first process to ask calls make(folder); the others wait until it is done. Returns the folder, to be read only.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"

    def once(name, make):
        folder, done, failed = (shared / f"{name}{suffix}" for suffix in ("", ".done", ".failed"))
        shared.mkdir(exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            until = time.monotonic() + 600
            while not done.exists():
                if failed.exists() or time.monotonic() > until:
                    pytest.fail(f"{name}: another process could not make it")
                time.sleep(0.1)
            return folder
        try:
            make(folder)
        except BaseException:
            failed.touch()
            raise
        done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def text_file(made_once):
    def write(folder):
        (folder / "rhymes.txt").write_text(verse(), encoding="utf-8")

    return made_once("text", write) / "rhymes.txt"


@pytest.fixture(scope="session")
def tiny_run(made_once, text_file):
    """A run of the default kind (characters, embedding, one layer). Read it; copy it to change it."""

    def learn(folder):
        from textgen import train

        train(text_file, folder / "tiny", quiet=True, **TINY)

    return made_once("tiny-run", learn) / "tiny"


@pytest.fixture(scope="session")
def word_run(made_once, text_file):
    """A run of two layers on words. Each block of the text is a document. Read it; copy it to change it."""

    def learn(folder):
        from textgen import train

        options = {"tokenizer": "word", "documents": "block", "layers": 2}
        train(text_file, folder / "words", quiet=True, **TINY | options)

    return made_once("word-run", learn) / "words"


@pytest.fixture(scope="session")
def labelled_run(made_once):
    """A run that learned two voices by their labels, and to classify them (`tests.helpers.voices`). Read it only."""

    def learn(folder):
        from tests.helpers.voices import CORPUS
        from textgen import train

        options = TINY | {"epochs": 30, "learning_rate": 0.02, "sample_length": 0, "label_size": 8, "patience": 0}
        train(CORPUS, folder / "labelled", quiet=True, documents="line", classify="who", **options)

    return made_once("labelled-run", learn) / "labelled"


@pytest.fixture
def checkout(tmp_path):
    """A copy of the files that a clone holds."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def empty_place(tmp_path, monkeypatch):
    """A working directory with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command():
    """Run a command of textgen in this process: `command("sample", run, "--length", 3)`."""
    from textgen.cli import main

    def run(*arguments, **options):
        return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)

    return run


@pytest.fixture
def refused(command):
    """Run a command that must fail with this exit code and one line. Returns the line."""

    def run(code, *arguments, **options):
        result = command(*arguments, **options)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        lines = [line for line in result.stderr.splitlines() if line]
        if code == 2 and lines[0].startswith("Usage:"):  # Click's own message
            return lines[-1]
        assert len(lines) == 1, result.stderr
        return lines[0]

    return run


def shell(*arguments, under=(), **options):
    """Run textgen in a process of its own (under another command, if given). The output is captured as bytes."""
    command = [*under, sys.executable, "-m", "textgen", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=300, check=False, **options)


# Set where no test may be skipped because a browser or a font is missing, as in .ci/run.
COMPLETE = "TEXTGEN_TEST_COMPLETE"


def missing(what):
    """Skip a test that needs something optional; fail it where COMPLETE is set."""
    if os.environ.get(COMPLETE):
        pytest.fail(f"{COMPLETE} is set, and there is {what}")
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser():
    """A Chromium, for `tests.helpers.browser.opened`."""
    from tests.helpers.browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def hidden():
    """Run textgen in a process that cannot import some packages: `hidden("matplotlib", "plot", run)`."""

    def run(packages, *arguments):
        code = (
            f"hidden = {packages.split()!r}\n"
            "from importlib import util; found = util.find_spec\n"
            "util.find_spec = lambda name, *rest: None if name in hidden else found(name, *rest)\n"
            "import sys; sys.modules.update(dict.fromkeys(hidden))\n"  # an import of one of them fails
            "from textgen.cli import main; main()"
        )
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def environment(**changes):
    return os.environ | changes


@pytest.fixture
def machines():
    """Two network namespaces with a link between them: 10.77.0.1 and 10.77.0.2."""
    from tests.helpers.groups import ip

    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("needs the right to make network namespaces, and ip: apt-get install iproute2")
    names = [f"textgen{os.getpid()}-{end}" for end in "ab"]
    try:
        for name in names:
            ip("netns", "add", name)
        ends = [f"tg{os.getpid() % 10**6}{end}" for end in "ab"]
        ip("link", "add", ends[0], "netns", names[0], "type", "veth", "peer", "name", ends[1], "netns", names[1])
        for place, (name, end) in enumerate(zip(names, ends, strict=True)):
            ip("-n", name, "addr", "add", f"10.77.0.{place + 1}/24", "dev", end)
            ip("-n", name, "link", "set", end, "up")
            ip("-n", name, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode()}")
    try:
        yield names, ends
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
