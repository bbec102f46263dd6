"""Labels on the command line: the commands do what Python does, and every mistake ends in one line."""

import csv
import io
import json
import re

import pytest

from tests.helpers.forged_runs import newest
from tests.helpers.voices import CORPUS, VOICES
from textgen import Generator

HELD = ("held.csv", "--field", "text")
ANN, BOB = "the hen sat by the pond 7", "7 pond the by sat hen the"


@pytest.fixture
def place(empty_place, monkeypatch):
    monkeypatch.setenv("TEXTGEN_CACHE", str(empty_place / "cache"))
    with open("held.csv", "w", newline="") as file:
        csv.writer(file).writerows([("who", "text"), *VOICES[:10], ("Zoe", "the hen")])
    (empty_place / "plain.txt").write_text(f"{ANN}\n{BOB}\n")
    return empty_place


def said(result, code=0):
    assert result.exit_code == code, result.output
    return result.stdout


def test_sample(command, place, labelled_run):
    told = Generator.load(labelled_run).with_labels({"who": "Ann"}, guidance=1.5)
    options = ("--length", 40, "--seed", 3)
    result = command("sample", labelled_run, "--label", "who=Ann", "--guidance", 1.5, *options)
    assert said(result) == told.generate(length=40, seed=3) + "\n"
    mixed = Generator.load(labelled_run).with_labels({"who": {"Ann": 0.3, "Bob": 0.7}})
    result = command("sample", labelled_run, "--label", "who=Ann:0.3,Bob:0.7", *options, "--json")
    values = json.loads(said(result))
    assert values["text"] == mixed.generate(length=40, seed=3)
    assert (values["label"], values["guidance"]) == (["who=Ann:0.3,Bob:0.7"], 1.0)
    assert "label" not in json.loads(said(command("sample", labelled_run, *options, "--json")))


def test_score_evaluate_and_write(command, place, labelled_run):
    generator = Generator.load(labelled_run)
    values = json.loads(said(command("score", labelled_run, "--text", ANN, "--label", "who=Bob", "--json")))
    assert values["total_nats"] == pytest.approx(generator.with_labels({"who": "Bob"}).score(ANN).nats)
    nats = {}
    for name, options in (("own", ["--label", "who"]), ("none", []), ("ann", ["--label", "who=Ann"])):
        found = json.loads(said(command("evaluate", labelled_run, *HELD, *options, "--json")))
        nats[name] = found["carried"]["nats"]
    assert nats["own"] < nats["none"] < nats["ann"]
    result = command("write", labelled_run, "--label", "who=Ann", "--seed", 3, "--ways", 2, input="1\n/quit\n")
    assert said(result).startswith("the")


def test_classify(command, place, labelled_run):
    classes = Generator.load(labelled_run).classify([text for _, text in VOICES[:10]])
    lines = said(command("classify", labelled_run, *HELD, "--out", "c.png")).splitlines()
    assert len([line for line in lines if "[Ann]" in line]) == 5
    right = sum(label == who for label, (who, _) in zip(classes.best, VOICES, strict=False))
    assert f"by the classifier: {right} of 10 texts right, {right / 10:.1%}" in "\n".join(lines)
    assert "1 text left out, with a who that the run does not know" in lines
    assert (place / "c.png").stat().st_size > 5000
    values = json.loads(said(command("classify", labelled_run, *HELD, "--json")))
    assert values["labels"] == ["Ann", "Bob"]
    assert values["true"] == [who for who, _ in VOICES[:10]] + ["Zoe"]
    assert values["classifier"][:10] == [pytest.approx(row, abs=1e-5) for row in classes.by_classifier.tolist()]
    assert values["accuracy"]["classifier"]["right"] == right
    assert sum(map(sum, values["accuracy"]["bayes"]["confusion"])) == 10
    plain = said(command("classify", labelled_run, "plain.txt")).splitlines()
    assert len(plain) == 2
    assert plain[0].startswith("Ann ")
    assert plain[1].startswith("Bob ")
    assert said(command("classify", labelled_run, "--text", BOB)).startswith("Bob ")
    assert (
        said(command("classify", labelled_run, "-", input=f"{ANN}\n{BOB}\n")).splitlines() == plain
    )  # it is read once


def test_similar(command, place, labelled_run):
    lines = said(command("similar", labelled_run, ANN, *HELD, "--count", 3, "--out", "m.png")).splitlines()
    assert [re.search(r"\[(\w+)\]", line)[1] for line in lines] == ["Ann"] * 3
    assert (place / "m.png").stat().st_size > 5000
    (place / "query.txt").write_text(VOICES[1][1])
    first = json.loads(said(command("similar", labelled_run, "query.txt", *HELD, "--json")).splitlines()[0])
    assert first == {"number": 2, "likeness": pytest.approx(1, abs=1e-5), "label": "Bob", "text": VOICES[1][1]}
    assert "[" not in said(command("similar", labelled_run, ANN, "plain.txt"))


def test_inspect_draws_what_labels_do(command, place, labelled_run):
    result = command("inspect", labelled_run, "--text", ANN, "--label", "who=Ann", "--out", "seen", "--no-page")
    assert result.exit_code == 0, result.output
    assert (place / "seen/labels.png").stat().st_size > 5000


def test_info_and_check(command, place, labelled_run):
    assert "labels       who: Ann, Bob, which it also classifies" in said(command("info", labelled_run))
    assert "label who       3 labels: Ann 5, Bob 5, Zoe 1" in said(
        command("corpora", "check", *HELD, "--label", "who", "--sequence-length", 16)
    )


def test_what_a_corpus_in_memory_and_a_table_learn_is_the_same(command, place, labelled_run):
    """The run of the fixture was trained from Python; here from a table, with the same words."""
    rows = io.StringIO()
    csv.writer(rows).writerows([("who", "text"), *VOICES])
    (place / "voices.csv").write_text(rows.getvalue().replace("\r\n", "\n"))
    options = "--units 24 --embedding-size 12 --batch-size 8 --sequence-length 16 --epochs 30 --learning-rate 0.02"
    options += " --sample-length 0 --label-size 8 --patience 0 --classify who --field text --out again"
    result = command("train", "voices.csv", *options.split())
    assert result.exit_code == 0, result.output
    weights = [(newest(each) / "model.safetensors").read_bytes() for each in (labelled_run, "again")]
    assert weights[0] == weights[1]
    assert CORPUS.label == ("who",)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["sample", "RUN", "--label", "who=An"], 2, "--label: this run knows no who 'An'; did you mean 'Ann'?"),
        (["sample", "RUN", "--label", "whom=Ann"], 2, "--label: this run knows no label 'whom'; did you mean 'who'?"),
        (["sample", "RUN", "--label", "Ann"], 2, "'Ann' has no =; write for instance who=Ann"),
        (["sample", "RUN", "--label", "who=../../Ann"], 2, "knows no who '../../Ann'"),
        (["sample", "RUN", "--label", "who=Ann", "--label", "who=Bob"], 2, "'who' is there twice"),
        (["sample", "RUN", "--label", "who=Ann:0,Bob:0"], 2, "the weights of who sum to 0"),
        (["sample", "RUN", "--label", "who=Ann:-1,Bob:2"], 2, "the weight of 'Ann' is '-1'"),
        (["sample", "RUN", "--label", "who=Ann", "--guidance", "nan"], 2, "--guidance"),
        (["sample", "RUN", "--label", "who=Ann", "--guidance", "-1"], 2, "--guidance"),
        (["sample", "RUN", "--guidance", "2"], 2, "give --label too"),
        (["sample", "TINY", "--label", "who=Ann"], 2, "this run knows no labels; it was trained without --label"),
        (["poem", "TINY", "--label", "who=Ann"], 2, "knows no labels"),
        (["write", "TINY", "--label", "who=Ann"], 2, "knows no labels"),
        (["score", "RUN", "--text", "a", "--label", "who=Zoe"], 2, "knows no who 'Zoe'"),
        (["evaluate", "RUN", *HELD, "--label", "mood"], 3, "no column 'mood'"),
        (["evaluate", "TINY", "plain.txt", "--label", "file"], 2, "knows no labels"),
        (["evaluate", "RUN", *HELD, "--label", "who", "--cache"], 2, "give --label NAME=LABEL"),
        (["classify", "TINY", "plain.txt"], 2, "knows no labels"),
        (["classify", "RUN"], 2, "give a FILE"),
        (["classify", "RUN", "held.csv", "--text", "a"], 2, "give either FILE or --text, not both"),
        (["classify", "RUN", *HELD, "--name", "whom"], 2, "knows no label 'whom'"),
        (["classify", "RUN", "plain.txt", "--out", "c.png"], 2, "there is no confusion matrix"),
        (["classify", "RUN", "nowhere.csv"], 3, "no such file"),
        (["classify", "RUN", "held.csv", "--out", "c.gif"], 2, "c.gif"),
        (["similar", "RUN", "", *HELD], 0, ""),
        (["similar", "RUN", "a", "nowhere.csv"], 3, "no such file"),
        (["similar", "RUN", "a", "held.csv", "--count", "0"], 2, "--count"),
        (["train", *HELD, "--label", "mood"], 3, "no column 'mood'; there are: who, text"),
        (["train", *HELD, "--label", ""], 2, "--label"),
        (["train", *HELD, "--classify", "mood"], 3, "no column 'mood'"),
        (["train", "plain.txt", "--label", "who"], 3, "plain.txt: no label 'who'; there are: folder, file"),
        (["train", *HELD, "--label", "who", "--label-dropout", "1"], 2, "--label-dropout"),
        (["train", *HELD, "--label", "who", "--label-size", "0"], 2, "--label-size"),
        (["train", "--resume", "RUN", "--label", "who"], 2, "leave out --label"),
    ],
)
def test_a_mistake_ends_in_one_line(command, place, labelled_run, tiny_run, arguments, code, message):
    paths = {"RUN": labelled_run, "TINY": tiny_run}
    result = command(*(paths.get(each, each) for each in arguments))
    assert result.exit_code == code, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith(("textgen:", "Error:"))]
    assert len(lines) == (code != 0)
    assert not lines or message in lines[0]
    assert "Traceback" not in result.output
