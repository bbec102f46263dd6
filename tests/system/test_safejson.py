"""JSON from untrusted files: bounds, and the check of types."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from textgen.errors import DamagedError, RunError
from textgen.system.safejson import check_type, read_json


@dataclass
class Point:
    x: float
    y: float


@dataclass
class Shape:
    name: str
    kind: Literal["open", "closed"]
    points: list[Point]
    weights: dict[str, int]
    ends: tuple[int, ...]
    colour: str | None
    note: Any

    def __post_init__(self):
        if not self.points:
            raise ValueError("a shape without points")


GOOD = {
    "name": "triangle",
    "kind": "closed",
    "points": [{"x": 1, "y": 2.5}],
    "weights": {"a": 1},
    "ends": [1, 2],
    "colour": None,
    "note": [None, {}],
}


def test_plain_values(tmp_path):
    path = tmp_path / "values.json"
    path.write_text('{"a": [1, 2.5, "é", true, null]}', "utf-8")
    assert read_json(path) == {"a": [1, 2.5, "é", True, None]}


def test_a_dataclass_is_read_and_checked(tmp_path):
    path = tmp_path / "shape.json"
    path.write_text(json.dumps(GOOD))
    shape = read_json(path, Shape)
    assert shape == Shape("triangle", "closed", [Point(1.0, 2.5)], {"a": 1}, (1, 2), None, [None, {}])
    assert type(shape.points[0].x) is float


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": 1}, '"name": 1; expected text'),
        ({"name": None}, '"name": None; expected text'),
        ({"kind": "round"}, "\"kind\": 'round'; expected one of 'open', 'closed'"),
        ({"points": [{"x": 1, "y": 2}, {"x": True, "y": 2}]}, r'"points\[1\]\.x": True; expected a number'),
        ({"points": [{"x": 1, "y": "2"}]}, r'"points\[0\]\.y": \'2\'; expected a number'),
        ({"points": [{"x": 1, "y": 10**400}]}, r"not JSON .*10{19}\.\.\. is too large for a whole number"),
        ({"points": [{"x": 1, "y": 2**63}]}, "9223372036854775808 is too large for a whole number"),
        ({"points": [{"x": 1}]}, r"\"points\[0\]\": unknown entries none; missing entries 'y'"),
        ({"points": [[1, 2]]}, r'"points\[0\]": \[1, 2\]; expected an object'),
        ({"points": {}}, '"points": {}; expected a list'),
        ({"weights": {"a": 1.0}}, r"\"weights\['a'\]\": 1\.0; expected a whole number"),
        ({"weights": {"a\nb": True}}, r"weights\['a\\nb'\]"),
        ({"ends": [1, "2"]}, r'"ends\[1\]"'),
        ({"colour": 3}, '"colour": 3; expected text or null'),
        ({"points": []}, "a shape without points"),
        ({"size": 3}, "unknown entries 'size'; missing entries none"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, change, complaint):
    path = tmp_path / "shape.json"
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(DamagedError, match=rf"shape\.json: .*{complaint}") as caught:
        read_json(path, Shape)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 200


@pytest.mark.parametrize("values", [[], 1, None, "x"])
def test_a_dataclass_is_an_object(values):
    with pytest.raises(ValueError, match="expected an object"):
        check_type(values, Shape)


def test_types_without_a_dataclass():
    assert check_type([1, 2], list[int]) == [1, 2]
    assert check_type(None, int | None) is None
    assert check_type("x", int | str) == "x"
    with pytest.raises(ValueError, match=r"1\.5; expected a whole number or text"):
        check_type(1.5, int | str)
    with pytest.raises(ValueError, match=r"1000.*expected a number"):
        check_type(10**400, float)
    with pytest.raises(ValueError, match=r'"\[1\]"'):
        check_type([1, True], list[int] | None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": 1, "a": 1}', "a key appears twice"),
        ('{"a": {"b": 1, "b": 2}}', "a key appears twice"),
        ("NaN", "NaN is not a finite number"),
        ("[-Infinity]", "-Infinity is not a finite number"),
        ("1e999", "1e999 is not a finite number"),
        ("9" * 5000, "too large for a whole number"),
        ("[" * 100_000, "not JSON"),
        ('{"a": ', "not JSON"),
        ("", "not JSON"),
        (" " * 1001, "larger than 1,000 bytes"),
    ],
)
def test_what_is_not_read(tmp_path, text, complaint):
    path = tmp_path / "values.json"
    path.write_text(text)
    with pytest.raises(RunError, match=rf"values\.json: .*{complaint}"):
        read_json(path, max_bytes=10**6 if len(text) > 2000 else 1000)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "values.json").write_bytes(b'"\xff"')
    with pytest.raises(DamagedError, match="not JSON"):
        read_json(tmp_path / "values.json")


def test_only_plain_files_are_read(tmp_path):
    with pytest.raises(DamagedError, match=r"none\.json: missing"):
        read_json(tmp_path / "none.json")
    with pytest.raises(DamagedError, match="a folder"):
        read_json(tmp_path)
    (tmp_path / "link.json").symlink_to(tmp_path / "other.json")
    with pytest.raises(DamagedError, match="a symbolic link"):
        read_json(tmp_path / "link.json")
