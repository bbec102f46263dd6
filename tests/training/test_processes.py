"""Several processes that train one model on JAX: `make test-machines` installs JAX and runs these."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, environment, verse
from tests.helpers.groups import NOTICED_SECONDS, group_of

pytestmark = pytest.mark.machines

SMALL = "--units 24 --embedding-size 12 --batch-size 8 --sequence-length 16 --sample-length 0 --patience 0".split()
COMMAND = [sys.executable, "-m", "textgen", "train"]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A file of text of 21,000 characters."""
    path = tmp_path_factory.mktemp("text") / "verse.txt"
    path.write_text(verse() * 3, "utf-8")
    return path


def train(*arguments, **settings):
    """Run textgen train to its end."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **settings)


@contextlib.contextmanager
def started(*arguments, prefix=(), **settings):
    """A textgen train that runs; it is killed at the end, with what it started."""
    command = [*prefix, *COMMAND, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)
    try:
        yield process
    finally:
        for child in [*children(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        process.communicate()


def children(pid):
    """The processes that a process started, in their order."""
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def saved_step(run):
    """The step of the newest save of a run; 0 before the first."""
    with contextlib.suppress(IndexError, FileNotFoundError, json.JSONDecodeError):
        newest = sorted(path for path in (run / "resume").iterdir() if path.name.isdigit())[-1]
        return json.loads((newest / "state.json").read_text())["step"]
    return 0


def wait_for(condition, process, seconds=120):
    """Wait until something holds, while a process runs."""
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.02)


def last_tensors(run):
    """The tensors of the last save, as bytes."""
    return sorted((run / "resume").iterdir())[-1].joinpath("state.safetensors").read_bytes()


def losses(run):
    """Validation loss after each epoch."""
    return [json.loads(line)["validation_nats"] for line in (run / "history.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def undisturbed(text, tmp_path_factory):
    """A run of two processes that nobody disturbed."""
    run = tmp_path_factory.mktemp("runs") / "undisturbed"
    done = train(text, "--out", run, "--processes", 2, "--epochs", 4, *SMALL)
    assert done.returncode == 0, done.stderr
    return run


def test_the_command_shows_what_one_process_would(undisturbed, text, tmp_path):
    done = train(text, "--out", tmp_path / "one", "--processes", 1, "--epochs", 4, *SMALL)
    assert done.returncode == 0, done.stderr
    assert np.allclose(losses(tmp_path / "one"), losses(undisturbed), rtol=1e-4)
    evaluated = subprocess.run(
        [sys.executable, "-m", "textgen", "info", str(undisturbed)], capture_output=True, text=True, check=True
    )
    assert "jax" in evaluated.stdout


def new_pair(process, before):
    """Wait for two processes that a group started, others than those before. Returns their process ids."""
    wait_for(lambda: len(set(children(process.pid)) - set(before)) == 2, process)
    return [child for child in children(process.pid) if child not in before]


def seconds_to_end(process, pair):
    """How long processes go on."""
    began = time.monotonic()
    wait_for(lambda: not any(Path(f"/proc/{child}/exe").exists() for child in pair), process, NOTICED_SECONDS)
    return time.monotonic() - began


KILLS = int(os.environ.get("TEXTGEN_KILLS", "4"))


def test_processes_are_killed_at_random_and_the_end_is_the_same(undisturbed, text, tmp_path):
    """Each kill -9 is noticed, the group goes on from its last save, and the weights are those of a calm run."""
    run, rng = tmp_path / "run", random.Random(KILLS)
    options = ("--processes", 2, "--restarts", KILLS, "--save-every", 0, "--epochs", 4, *SMALL)
    with started(text, "--out", run, *options) as process:
        latencies, before = [], []
        for _ in range(KILLS):
            pair = new_pair(process, before)
            time.sleep(rng.uniform(0.2, 12))  # before they meet, or later
            if process.poll() is not None:
                break
            os.kill(rng.choice(pair), signal.SIGKILL)
            latencies.append(seconds_to_end(process, pair))
            before = pair
        _, errors = process.communicate(timeout=300)
    print(f"{len(latencies)} kills, noticed within {max(latencies):.1f} s")
    assert process.returncode == 0, errors
    assert errors.count("starting again from") == len(latencies)
    assert "Traceback" not in errors
    assert last_tensors(run) == last_tensors(undisturbed)
    assert losses(run) == losses(undisturbed)


def test_two_then_four_then_one_go_on_without_a_jump(text, tmp_path):
    run, one = tmp_path / "run", tmp_path / "one"
    assert train(text, "--out", one, "--processes", 1, "--epochs", 6, *SMALL).returncode == 0
    with started(text, "--out", run, "--processes", 2, "--save-every", 0, "--epochs", 6, *SMALL) as process:
        wait_for(lambda: saved_step(run) > 180, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130, errors
        assert f"stopped; go on with: textgen train --resume {run}" in errors
    with started("--resume", run, "--processes", 4) as process:
        wait_for(lambda: saved_step(run) > 450, process)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[1]
        assert process.returncode == 143
    done = train("--resume", run, "--processes", 1)
    assert done.returncode == 0, done.stderr
    assert "processes 4 -> none" in done.stderr
    print("2, 4, 1 processes:", losses(run), "one process:", losses(one))
    assert np.allclose(losses(run), losses(one), rtol=1e-3)


def test_a_stopped_group_goes_on_to_the_same_end(undisturbed, text, tmp_path):
    run = tmp_path / "run"
    with started(text, "--out", run, "--processes", 2, "--epochs", 4, *SMALL) as process:
        wait_for(lambda: saved_step(run) >= 147, process)
        process.send_signal(signal.SIGINT)
        assert "go on with" in process.communicate(timeout=60)[1]
    assert saved_step(run) < 4 * 147
    done = train("--resume", run, "--processes", 2)
    assert done.returncode == 0, done.stderr
    assert last_tensors(run) == last_tensors(undisturbed)


def test_a_budget_of_minutes_holds_for_the_group(text, tmp_path):
    began = time.monotonic()
    options = ("--processes", 2, "--minutes", 0.5, *SMALL)
    done = train(text, "--out", tmp_path / "run", *options)
    assert done.returncode == 0, done.stderr
    assert "budget: 0.5 minutes" in done.stderr
    assert 20 < time.monotonic() - began < 40


def test_processes_that_average_learn_and_go_on(text, tmp_path):
    run = tmp_path / "run"
    options = ("--processes", 2, "--average-every", 7)
    with started(text, "--out", run, *options, "--save-every", 0, "--epochs", 6, *SMALL) as process:
        wait_for(lambda: saved_step(run) > 200, process)
        process.send_signal(signal.SIGINT)
        assert "go on with" in process.communicate(timeout=60)[1]
    done = train("--resume", run, *options)
    assert done.returncode == 0, done.stderr
    print("averaging:", losses(run))
    assert losses(run)[-1] < 0.8 * losses(run)[0]
    # The weights that were kept have the loss that the group measured together, each process on its share.
    command = [sys.executable, "-m", "textgen", "evaluate", str(run), str(text), "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert found["carried"]["nats"] == pytest.approx(min(losses(run)), rel=0.3)


def member_of(membership, *arguments, **changes):
    """A textgen train as one process of a group, told by options."""
    options = ["--coordinator", membership["coordinator"], "--process", str(membership["index"])]
    return started(*arguments, *options, "--of", str(membership["size"]), **changes)


def ends(process, said, code=1, seconds=60):
    """The process ends with one line that says this."""
    _, errors = process.communicate(timeout=seconds)
    assert process.returncode == code, errors
    (line,) = [line for line in errors.splitlines() if line.startswith("textgen: ")]
    assert said in line
    assert "Traceback" not in errors


def test_averaging_needs_equal_shares_and_callbacks_one_process(text, tmp_path):
    done = train(text, "--out", tmp_path / "run", "--processes", 3, "--average-every", 2, *SMALL, "--epochs", 1)
    assert done.returncode == 2
    assert "8 streams are not divided by 3; choose a --batch-size of 6 or 9" in done.stderr
    program = (
        "import keras; from textgen import train; from textgen.group import Membership\n"
        f"train({str(text)!r}, member=Membership('127.0.0.1:4000', 0, 2), callbacks=[keras.callbacks.Callback()])"
    )
    command = [sys.executable, "-c", program]
    settings = environment(KERAS_BACKEND="jax")
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "`callbacks` belong to one process" in done.stderr


def test_processes_encode_a_large_text_once(tmp_path):
    """Both read more than stays in memory, and find it encoded in the cache."""
    path = tmp_path / "large.txt"
    path.write_text(verse() * 5000, "utf-8")
    cache = tmp_path / "cache"
    options = ("--processes", 2, "--minutes", 0.4, "--sequence-length", 64, "--units", 24, "--sample-length", 0)
    done = train(path, "--out", tmp_path / "run", *options, env=environment(TEXTGEN_CACHE=str(cache)))
    assert done.returncode == 0, done.stderr
    assert len(list((cache / "encoded").rglob("text.ids"))) == 1


DIFFERENT = [
    (["--units", "32"], "--units", None),
    (["--seed", "5"], "--seed", None),
    (["--average-every", "9"], "--average-every", None),
    ([], "differ in the text", "another"),
]


@pytest.mark.parametrize(("more", "said", "other"), DIFFERENT)
def test_what_differs_between_processes_is_named_before_the_first_step(text, tmp_path, more, said, other):
    own = text
    if other:
        own = tmp_path / "other.txt"
        own.write_text(text.read_text().replace("hen", "hem"))
    first, second = group_of(2)
    small = [*SMALL, "--epochs", "2"]
    with (
        member_of(first, text, "--out", tmp_path / "run", *small) as one,
        member_of(second, own, *small, *more) as two,
    ):
        for process in (one, two):
            ends(process, said)
    assert not (tmp_path / "run").exists()


def test_a_missing_text_is_told_to_both(text, tmp_path):
    first, second = group_of(2)
    with (
        member_of(first, text, "--out", tmp_path / "run", "--epochs", "2", *SMALL) as one,
        member_of(second, tmp_path / "none.txt", "--epochs", "2", *SMALL) as two,
    ):
        ends(two, "none.txt", code=3)
        ends(one, "none.txt")


def test_a_second_group_on_the_same_folder_is_refused(text, tmp_path):
    run = tmp_path / "run"
    options = ("--out", run, "--epochs", "40", *SMALL)
    with started(text, *options, "--processes", 2, "--save-every", 0) as process:
        wait_for(lambda: saved_step(run) > 0, process)
        done = train(text, *options, "--processes", 2, "--overwrite")
        assert done.returncode == 5
        assert "in use by process" in done.stderr
        assert process.poll() is None


def test_a_full_disk_on_process_0_ends_all(text, tmp_path):
    first, second = group_of(2)
    options = ("--epochs", "6", "--save-every", "0", *SMALL)

    def limit():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    with (
        member_of(first, text, "--out", tmp_path / "run", *options, preexec_fn=limit) as one,
        member_of(second, text, *options) as two,
    ):
        ends(one, "the file may not grow that large", code=5, seconds=120)
        ends(two, "the file may not grow that large")


def test_clocks_that_disagree_do_not_matter(text, tmp_path):
    if os.geteuid() or subprocess.run(["unshare", "--time", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to make a time namespace")
    first, second = group_of(2)
    later = ["unshare", "--time", "--fork", "--kill-child", "--monotonic", "100000", "--boottime", "100000"]
    options = ("--minutes", "0.5", *SMALL)
    with (
        member_of(first, text, "--out", tmp_path / "run", *options) as one,
        member_of(second, text, *options, prefix=later) as two,
    ):
        for process in (one, two):
            _, errors = process.communicate(timeout=90)
            assert process.returncode == 0, errors


def test_two_machines_train_and_both_report_a_cut_link(text, tmp_path, machines):
    """Two network namespaces with a link between them, each process in its own."""
    names, ends_of_link = machines
    options = ("--epochs", "60", "--save-every", "0", "--machines", "10.77.0.1:4300,10.77.0.2", *SMALL)
    prefixes = [["ip", "netns", "exec", name] for name in names]
    run = tmp_path / "run"
    with (
        started(text, "--out", run, *options, "--machine", 0, prefix=prefixes[0]) as one,
        started(text, *options, "--machine", 1, prefix=prefixes[1]) as two,
    ):
        wait_for(lambda: saved_step(run) > 300, one)
        subprocess.run(["ip", "-n", names[0], "link", "set", ends_of_link[0], "down"], check=True)
        began = time.monotonic()
        ends(one, "process 1 (", seconds=NOTICED_SECONDS + 5)
        ends(two, "process 0 (", seconds=NOTICED_SECONDS + 5)
        print(f"both said so after {time.monotonic() - began:.1f} s; step {saved_step(run)}")
        assert time.monotonic() - began < NOTICED_SECONDS
    assert train("--resume", run, "--processes", 1, "--quiet", "--epochs", 1).returncode == 0


def test_a_frozen_process_is_noticed(text, tmp_path):
    run = tmp_path / "run"
    with started(text, "--out", run, "--processes", 3, "--epochs", 60, "--save-every", 0, *SMALL) as process:
        wait_for(lambda: saved_step(run) > 0, process)
        frozen = children(process.pid)[1]
        os.kill(frozen, signal.SIGSTOP)
        began = time.monotonic()
        wait_for(lambda: len(children(process.pid)) < 3, process, NOTICED_SECONDS)
        print(f"noticed after {time.monotonic() - began:.1f} s")
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 1
        assert f"pid {frozen}) has not answered for 5 seconds; go on from the last save with: textgen train" in errors
        assert len(errors.split("has not answered")) == 2


def test_nothing_of_this_is_imported_unless_asked_for(text, tmp_path):
    """TensorFlow itself imports JAX where it is installed; nothing of textgen does."""
    program = (
        "import sys; from textgen import train\n"
        f"train({str(text)!r}, {str(tmp_path / 'run')!r}, epochs=1, units=24, batch_size=8, quiet=True)\n"
        "kept = ('jax.experimental.multihost_utils', 'textgen.group.launch', 'textgen.training.launchers')\n"
        "import keras; print([name for name in kept if name in sys.modules], keras.backend.backend())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] tensorflow"


def test_the_environment_of_a_launcher_is_read(text, tmp_path):
    """As SLURM sets it; docs/log.md says which launchers were tried themselves."""
    said = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2"}
    settings = [environment(**said, SLURM_PROCID=str(index), SLURM_LOCALID=str(index)) for index in range(2)]
    options = (text, "--epochs", 1, "--machines", "auto", *SMALL)
    with (
        started(*options, "--out", tmp_path / "run", env=settings[0]) as one,
        started(*options, env=settings[1]) as two,
    ):
        for process in (one, two):
            _, errors = process.communicate(timeout=90)
            assert process.returncode == 0, errors
    assert losses(tmp_path / "run")


def test_no_launcher_is_there(text):
    done = train(text, "--machines", "auto", "--epochs", 1)
    assert done.returncode == 2
    assert "neither SLURM nor Open MPI nor Kubernetes started this process" in done.stderr


def test_a_script_trains_as_one_of_two(text, tmp_path):
    program = (
        "import json, sys; from textgen import train; from textgen.group import Membership\n"
        "member, steps = Membership(**json.loads(sys.argv[1])), []\n"
        f"history = train({str(text)!r}, {str(tmp_path / 'run')!r}, member=member, epochs=2, units=24, batch_size=7,"
        " sequence_length=16, sample_length=0, on_step=lambda info: steps.append(info.step))\n"
        "print(json.dumps([member.index, history.best_nats, len(steps)]))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, json.dumps(member)], cwd=ROOT, stdout=-1, stderr=-1, text=True)
        for member in group_of(2)
    ]
    try:
        found = []
        for process in processes:
            output, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            found.append(json.loads(output.splitlines()[-1]))
    finally:
        for process in processes:
            process.kill()
    (_, first, steps), (_, second, silent) = found
    assert first == second == pytest.approx(min(losses(tmp_path / "run")), rel=1e-6)
    assert steps > silent == 0
