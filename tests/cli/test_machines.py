"""The options of textgen train that are about several processes: what does not go together, and what is missing."""

import json

import pytest

from textgen.errors import UsageError
from textgen.group.membership import VARIABLE, Membership, split_address, with_port

MISTAKES = [
    ("--processes 2 --machines a,b", "--processes and --machines both say which processes there are"),
    ("--machines a,b --coordinator a:1", "--machines and --coordinator both say"),
    ("--processes 2 --machine 0", "leave out --machine, --process and --of"),
    ("--processes 0", "--processes takes a whole number"),
    ("--processes x", "'x' is not a valid integer"),
    ("--restarts 2", "--restarts is for --processes"),
    ("--machines a,b --machine 0 --restarts 2", "--restarts is for --processes"),
    ("--machine 0", "--machine belongs to a group; add --machines, or --coordinator"),
    ("--join-timeout 0 --machines a,b --machine 0", "--join-timeout takes a number"),
    ("--machines a,b", "--machines needs --machine"),
    ("--machines a,b --machine 2", "there is no process 2 in a group of 2: they are numbered from 0 to 1"),
    ("--machines a,,b --machine 0", "with a name between any two commas"),
    ("--machines a,b,a --machine 0", "names a machine twice"),
    ("--machines a:0,b --machine 0", "expected HOST:PORT with a port from 1 to 65534"),
    ("--machines a,b --machine 0 --process 1", "leave out --process and --of"),
    ("--machines auto --machine 1", "leave out --machine"),
    ("--coordinator a:1 --process 0", "--coordinator needs --process and --of"),
    ("--coordinator a:99999 --process 0 --of 2", "expected HOST:PORT"),
    ("--coordinator a/b:1 --process 0 --of 2", "expected HOST:PORT"),
    ("--coordinator a:1 --process 3 --of 2", "there is no process 3 in a group of 2"),
    ("--processes 1 --average-every 4", "--average-every 4 is for several processes"),
    ("--average-every 4", "--average-every 4 is for several processes"),
]


@pytest.mark.parametrize(("options", "said"), MISTAKES)
def test_a_mistake_ends_in_one_line(command, text_file, empty_place, options, said):
    result = command("train", text_file, *options.split())
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if "Error" in line or line.startswith("textgen:")]
    assert said in line
    assert not list(empty_place.iterdir())


def test_what_is_missing_is_named(hidden, text_file):
    done = hidden("jax", "train", text_file, "--machines", "a,b", "--machine", "0")
    assert done.returncode == 2
    assert "training with several processes needs the extra 'machines': pip install 'jax" in done.stderr


def test_standard_input_cannot_be_shared(command):
    result = command("train", "-", "--processes", "2")
    assert "several processes cannot read one standard input; write the text to a file" in result.stderr


def test_addresses():
    assert split_address("10.0.0.1:80") == ("10.0.0.1", 80)
    assert split_address("[fe80::1]:80") == ("fe80::1", 80)
    assert with_port("node1") == "node1:41041"
    assert with_port("node1:80") == "node1:80"
    assert with_port("fe80::1") == "[fe80::1]:41041"
    assert with_port("[fe80::1]:80") == "[fe80::1]:80"
    assert with_port("[fe80::1]") == "[fe80::1]:41041"


def test_a_membership_comes_through_the_environment():
    member = Membership("127.0.0.1:80", 1, 3, "job", 5.0, report="/report", parent=7, resume="/run")
    assert Membership.from_environment(member.to_environment()) == member
    assert Membership.from_environment({}) is None
    for text in ("", "{}", "[]", "1", json.dumps({"coordinator": "a:1", "index": 0, "size": 1, "more": 1})):
        with pytest.raises(UsageError, match="TEXTGEN_MEMBER is set, and not by textgen train"):
            Membership.from_environment({VARIABLE: text})


def test_machines_are_numbered_by_their_place():
    member = Membership.of_machines("a:80, b,c", 2)
    assert (member.coordinator, member.index, member.size) == ("a:80", 2, 3)
