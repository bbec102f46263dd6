"""Processes that agree, and notice when one of them is lost: real processes, real kills."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT, environment
from tests.helpers.groups import NOTICED_SECONDS, group_of, ip, members
from textgen.group.launch import free_port


def lines_of(member, seconds=NOTICED_SECONDS):
    """The one line that a process ends with, which ends with exit code 1."""
    code, errors = member.ended(seconds)
    assert code == 1, errors
    (line,) = errors.splitlines()
    return line


def test_they_count_together_and_all_end_well():
    with members(*group_of(3), steps=20) as started:
        for member in started:
            output, errors = member.process.communicate(timeout=30)
            assert (member.process.returncode, errors) == (0, "")
            assert output.split() == [str(step) for step in range(20)]


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_killed_process_is_named_by_all_others(victim):
    with members(*group_of(3)) as started:
        for member in started:
            member.counted(5)
        process = started[victim].process
        process.kill()
        for member in started[:victim] + started[victim + 1 :]:
            line = lines_of(member)
            assert f"process {victim} (" in line
            assert f"pid {process.pid}) ended unexpectedly; go on with: textgen train --resume RUN" in line


@pytest.mark.parametrize("victim", [0, pytest.param(1, marks=pytest.mark.machines)])
def test_a_frozen_process_is_noticed_and_learns_of_it_when_it_wakes(victim):
    with members(*group_of(3)) as started:
        for member in started:
            member.counted(5)
        os.kill(started[victim].process.pid, signal.SIGSTOP)
        began = time.monotonic()
        for member in started[:victim] + started[victim + 1 :]:
            assert f"process {victim} (" in (line := lines_of(member))
            assert "has not answered for 5 seconds" in line
        assert time.monotonic() - began < NOTICED_SECONDS
        os.kill(started[victim].process.pid, signal.SIGCONT)
        lines_of(started[victim])


@pytest.mark.machines
def test_a_pause_of_all_is_no_loss():
    """As when a laptop sleeps, or a debugger holds them all: whoever wakes first forgives the silence."""
    with members(*group_of(2)) as started:
        for member in started:
            member.counted(5)
        for member in started:
            os.kill(member.process.pid, signal.SIGSTOP)
        time.sleep(8)
        for member in started:
            os.kill(member.process.pid, signal.SIGCONT)
        for member in started:
            member.counted(100)
            assert member.process.poll() is None


def test_what_differs_is_named_by_all():
    with members(*group_of(2), fact=["128", "256"]) as started:
        for member in started:
            assert "process 1" in (line := lines_of(member))
            assert "differ in `units`: 256 and 128" in line


def test_a_process_that_waits_elsewhere_does_not_end_late():
    """The main thread never asks the group: the process ends all the same."""
    program = (
        "import sys, json, time\n"
        "from textgen.group.meeting import meet\n"
        "from textgen.group.membership import Membership\n"
        "group = meet(Membership(**json.loads(sys.argv[1])))\n"
        "group.check_same('facts', {'`units`': 'the same'})\n"
        "group.watch_closely()\n"
        "print('met', flush=True)\n"
        "time.sleep(1000)\n"
    )
    first, second = group_of(2, join_seconds=30.0)
    with members(first, steps=5) as (counting,):
        command = [sys.executable, "-c", program, json.dumps(second)]
        sleeping = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=-1, stderr=-1, text=True)
        try:
            assert sleeping.stdout.readline() == "met\n"
            counting.process.kill()
            _, errors = sleeping.communicate(timeout=NOTICED_SECONDS)
            assert sleeping.returncode == 1
            assert "process 0 (" in errors
        finally:
            sleeping.kill()
            sleeping.communicate()


def test_a_cut_link_is_noticed_on_both_sides(machines):
    names, ends = machines
    address = "10.77.0.1:4300"
    group = [{"coordinator": address, "index": index, "size": 2} for index in range(2)]
    with members(*group, prefix=[["ip", "netns", "exec", name] for name in names]) as started:
        for member in started:
            member.counted(5)
        ip("-n", names[0], "link", "set", ends[0], "down")
        began = time.monotonic()
        assert "process 1 (" in lines_of(started[0])
        assert "process 0 (" in lines_of(started[1])
        assert time.monotonic() - began < NOTICED_SECONDS


# Who comes to a group of two while process 0 waits, and what is said of it: in the one that came, and in process 0.
def hello(**changes):
    from textgen._version import __version__

    return {"textgen": __version__, "job": "", "index": 1, "size": 2, "host": "here", "pid": 1, **changes}


ENDS = [
    (hello(size=3), "one of 3", "tell all of them the same number"),
    (hello(textgen="0.1"), "has textgen 0.1", "install the same version"),
]
WAITS = [
    (hello(job="another"), 'is of the job "another", and the group of another one'),
    (hello(index=7), "there is no such process in a group of 2"),
    (hello(index=-1), "there is no such process in a group of 2"),
    (hello(index=0), "there is no such process in a group of 2"),
]
STRANGERS = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x00" * 100,
    b"{}\n",
    b"[]\n",
    json.dumps(hello(index="1")).encode() + b"\n",
    json.dumps(hello(host=None)).encode() + b"\n",
    json.dumps(hello(more=1)).encode() + b"\n",
    b'{"textgen": ' + b"[" * 100_000 + b"\n",
    random.Random(5).randbytes(5000).replace(b"\n", b""),
]


def come(address, data):
    """Connect to process 0, send, and return what it answers."""
    host, port = address.split(":")
    until = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(4096), b""))
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.05)
        except ConnectionResetError:  # it closed the connection with data unread
            return b""


@pytest.mark.parametrize(("message", "said", "advice"), ENDS)
def test_a_mistake_of_the_person_ends_the_group_on_both_sides(message, said, advice):
    first, _ = group_of(2)
    with members(first, steps=5) as (waiting,):
        answer = json.loads(come(first["coordinator"], json.dumps(message).encode() + b"\n"))
        line = lines_of(waiting)
        for text in (answer["refused"], line):
            assert said in text
            assert advice in text


def test_strangers_are_sent_away_and_the_group_forms():
    first, second = group_of(2)
    with members(first, steps=5) as (waiting,):
        for message, said in WAITS:
            assert said in json.loads(come(first["coordinator"], json.dumps(message).encode() + b"\n"))["refused"]
        for data in STRANGERS:
            assert come(first["coordinator"], data) == b""
        silent = [socket.create_connection(("127.0.0.1", int(first["coordinator"].split(":")[1]))) for _ in range(20)]
        with members(second, steps=5) as (coming,):
            assert [member.process.wait(timeout=30) for member in (waiting, coming)] == [0, 0]
        for connection in silent:
            connection.close()


def test_a_second_process_of_the_same_number_is_refused():
    first, second = group_of(3, join_seconds=4.0)[:2]
    with members(first, second) as (waiting, coming):
        time.sleep(1.5)
        answer = json.loads(come(first["coordinator"], json.dumps(hello(size=3)).encode() + b"\n"))
        assert "process 1 (here, pid 1) came twice" in answer["refused"]
        for member in (waiting, coming):
            assert "process 2 of 3 did not come" in (line := lines_of(member, 20))
            assert "came twice" in line


def test_nobody_comes():
    first, _ = group_of(2, join_seconds=1.0)
    with members(first) as (waiting,):
        line = lines_of(waiting)
    assert f"process 1 of 2 did not come to {first['coordinator']} within 1 seconds" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_process_0_is_not_there(host):
    with members({"coordinator": f"{host}:{free_port()}", "index": 1, "size": 2, "join_seconds": 1.0}) as (coming,):
        assert f"no answer from process 0 at {host}:" in lines_of(coming, 20)


def test_the_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with members({"coordinator": address, "index": 0, "size": 2}) as (first,):
            assert f"{address}: Address already in use; choose another port" in lines_of(first)


def test_the_address_is_no_address_of_this_machine():
    with members({"coordinator": "192.0.2.1:4300", "index": 0, "size": 2}) as (first,):
        assert "process 0 listens there, so name an address of its machine" in lines_of(first)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b'{"names": [1]}\n', b'{"names": ["a"]}\n', b""]
)
def test_something_else_answers(answer):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with members({"coordinator": address, "index": 1, "size": 2}) as (coming,):
            connection, _ = other.accept()
            connection.recv(4096)
            connection.sendall(answer)
            connection.close()
            assert address in (line := lines_of(coming))
            assert "textgen that waits" in line or "process 0 ended while it waited" in line


def test_it_listens_where_it_was_told_and_nowhere_else():
    first, _ = group_of(2)
    port = int(first["coordinator"].split(":")[1])
    with members(first):
        come(first["coordinator"], b"\n")
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", port))
