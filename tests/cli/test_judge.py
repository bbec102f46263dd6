"""textgen poem judge on the command line."""

import json

import pytest

from tests.helpers import planted_verse as planted
from textgen.system import extras

pytestmark = pytest.mark.skipif(not extras.is_there("sklearn"), reason="needs the extra judge")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Human poems in two files, and sixty poems to judge."""
    path = tmp_path_factory.mktemp("poems")
    human = [lines for _, lines in planted.poems(500, seed=1)]
    for name, poems in (("one", human[:250]), ("two", human[250:])):
        (path / f"human-{name}.txt").write_text(planted.text(poems), "utf-8")
    (path / "own.txt").write_text(planted.text([lines for _, lines in planted.poems(60, seed=2)]), "utf-8")
    return path


def test_a_table_with_a_row_for_each_measure(command, folder):
    human = folder / "human-one.txt", folder / "human-two.txt"
    result = command("poem", "judge", folder / "own.txt", "--reference", *human, "--form", "jueju5")
    assert result.exit_code == 0, result.output
    heading, *rows = result.stdout.split("\n\n")[0].splitlines()
    assert heading.split("  ")[-3:] == ["these poems", "human", "shuffled"]
    labels = [row.split("  ")[0] for row in rows if not row.startswith(" ")]
    assert [label.split(":")[0] for label in labels] == [
        "surprisal under n-grams, nats a character",
        "classifier",
        "classifier",
        "coherence",
        "coherence",
        "lines that break a word at the caesura",
        "distinct-1, of 60 poems",
        "distinct-2, of 60 poems",
        "stock diction",
        "theme",
    ]
    (percent,) = (row for row in rows if row.startswith("coherence: from shuffled to human"))
    assert percent.split()[-2:] == ["100%", "0%"]
    assert "over-used bigrams" in result.stdout
    assert "60 poems beside 60 human poems that were held out" in result.stderr
    assert "no figure for theme: own title first of 20 (chance 5%): the reference has too few titles" in result.stderr


def test_files_of_an_option_are_those_up_to_the_next_option(command, folder):
    pattern = sorted(map(str, folder.glob("human-*.txt")))
    spread = command("poem", "judge", folder / "own.txt", "--reference", *pattern, "--json")
    repeated = command(
        "poem", "judge", "--json", f"--reference={pattern[0]}", f"--reference={pattern[1]}", folder / "own.txt"
    )
    assert spread.exit_code == 0, spread.output
    assert spread.stdout == repeated.stdout
    (line,) = spread.stdout.splitlines()
    values = json.loads(line)
    assert values["poems"] == values["human"] == 60
    assert values["learned"] > 350
    assert set(values["measures"]["coherence"]) == {"label", "value", "human", "shuffled", "unit", "why"}


def test_poems_come_through_a_pipe(command, folder):
    text = (folder / "own.txt").read_text("utf-8")
    human = sorted(folder.glob("human-*.txt"))
    piped = command("poem", "judge", "-", "--json", "--reference", *human, input=text)
    assert piped.exit_code == 0, piped.output
    assert json.loads(piped.stdout)["poems"] == 60


@pytest.mark.parametrize(
    ("code", "arguments", "complaint"),
    [
        (2, ["own.txt"], "--reference takes files of human poems to compare with; none is given"),
        (2, ["--reference", "human-one.txt", "own.txt"], "give the poems to judge: a FILE, before --reference"),
        (2, ["own.txt", "--reference", "human-one.txt", "--form", "ode"], "--form: no form 'ode'"),
        (3, ["none.txt", "--reference", "human-one.txt"], "none.txt"),
        (3, ["own.txt", "--reference", "none.txt"], "none.txt"),
        (3, ["own.txt", "--reference", "own.txt"], "--reference: 0 poems in Chinese, without those to judge"),
        (3, ["own.txt", "--reference", "human-one.txt", "--form", "lushi7"], "give another --form, or leave it out"),
        (3, ["own.txt", "--reference", "human-one.txt", "--machine", "own.txt", "none.txt"], "none.txt"),
        (4, ["own.txt", "--reference", "human-one.txt", "--model", "none"], "none"),
        (2, ["own.txt", "--reference", "human-one.txt", "--encoding", "klingon"], "klingon"),
        (3, ["broken.json", "--reference", "human-one.txt"], "broken.json: not JSON"),
        (3, ["broken.jsonl", "--reference", "human-one.txt"], "broken.jsonl: line 1: expected an object"),
        (3, ["half.jsonl", "--reference", "human-one.txt"], "half.jsonl: line 1: not JSON"),
        (3, ["empty.txt", "--reference", "human-one.txt"], "empty.txt: no text in it"),
        (3, ["one.txt", "--reference", "human-one.txt"], "1 poem to judge; at least 20 are needed"),
    ],
)
def test_mistakes_give_one_line(refused, folder, monkeypatch, code, arguments, complaint):
    monkeypatch.chdir(folder)
    (folder / "broken.json").write_text("[{", "utf-8")
    (folder / "broken.jsonl").write_text('{"title": "春"}\n', "utf-8")
    (folder / "half.jsonl").write_text('{"text": ', "utf-8")
    (folder / "empty.txt").write_text("\n \n", "utf-8")
    (folder / "one.txt").write_text("白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。\n", "utf-8")
    assert complaint in refused(code, "poem", "judge", *arguments)


def test_without_the_package_one_line_names_it(folder, hidden):
    result = hidden("sklearn", "poem", "judge", folder / "own.txt", "--reference", folder / "human-one.txt")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "textgen poem judge needs the extra 'judge': pip install 'scikit-learn" in result.stderr
