"""A stranger's vocabulary: what is no vocabulary of its kind ends in one line, before anything is written with it."""

import json

import pytest

from tests.helpers.forged_runs import newest, replace
from tests.helpers.models import random_weights
from tests.tokens.test_subwords import HOSTILE, spoilt
from textgen.runs.config import DROPOUTS, ModelConfig, TrainingConfig
from textgen.runs.folder import TOKENIZER
from textgen.runs.run import ModelDescription, save_best
from textgen.system.folders import Folder
from textgen.tokens import load_tokenizer

WORDS = {"kind": "word", "symbols": ["a", " <unk>"], "special": ["<unk>"]}
# Of words: changes of WORDS, and what the line says.
WORD_ROWS = [
    ({"special": "<unk>"}, "list of texts"),
    ({"special": [None]}, "list of texts"),
    ({"special": [""]}, "1 to 100 characters"),
    ({"special": ["x" * 101]}, "1 to 100 characters"),
    ({"special": [str(number) for number in range(1001)]}, "at most 1,000"),
    ({"special": []}, "not one word"),
    ({"merges": []}, "no entry 'merges'"),
]


@pytest.fixture
def gift(tmp_path, monkeypatch):
    """Makes a run folder whose vocabulary is as given; its weights fit a sound one."""
    monkeypatch.chdir(tmp_path)

    def make(sound, changes):
        tokenizer = load_tokenizer(sound)
        sizes = {"embedding_size": 4, "units": 3, "layers": 1, "tie": False}
        rates = dict.fromkeys(DROPOUTS, 0.0)
        model = ModelConfig(tokenizer=sound["kind"], vocabulary_size=tokenizer.vocabulary_size, **sizes, **rates)
        (tmp_path / "gift").mkdir()
        description = ModelDescription(model, TrainingConfig(epochs=1), tokenizer)
        save_best(Folder.opened(tmp_path / "gift"), description, random_weights(model))
        values = {name: value for name, value in (sound | changes).items() if value is not ...}
        replace(newest(tmp_path / "gift"), TOKENIZER, json.dumps(values).encode())

    return make


@pytest.mark.parametrize("sound", [WORDS, spoilt()], ids=["words", "subwords"])
def test_the_sound_ones_write(command, gift, ends, sound):
    gift(sound, {})
    ends("vocabulary", "a sound one", command("sample", "gift", "--length", 3), 0)


@pytest.mark.parametrize(
    ("sound", "changes", "complaint"),
    [*((WORDS, *row) for row in WORD_ROWS), *((spoilt(), *row) for row in HOSTILE)],
)
def test_a_hostile_vocabulary_ends_in_one_line(command, gift, ends, sound, changes, complaint):
    gift(sound, changes)
    line = ends("vocabulary", complaint, command("sample", "gift", "--length", 3), 4)
    assert complaint in line or "NaN is not a finite number" in line  # the JSON itself is refused before
    assert "tokenizer.json" in line
