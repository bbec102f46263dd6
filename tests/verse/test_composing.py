"""Poems of untrained models with strong preferences of their own: whatever they prefer, the form holds."""

import dataclasses
import itertools
import re
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, examples
from tests.helpers.models import untaught
from tests.verse.conftest import ENGLISH, LAMPLIGHTER
from textgen.corpus.forms import FORMS
from textgen.corpus.hanzi import convert
from textgen.corpus.memory import contains, hash_poems, lines_of, without_marks, words
from textgen.errors import ModelError, PromptError, UsageError
from textgen.tokens.chars import CharTokenizer
from textgen.tokens.words import WordTokenizer
from textgen.verse import bounded, check, compose, compositions
from textgen.verse.bounded import BoundedCache
from textgen.verse.config import PoemConfig, PoemOptions, Rules, RulesOptions
from textgen.verse.english import English
from textgen.verse.sounds import pingshui
from textgen.verse.sounds.lexicon import Lexicon

JUEJU = (ROOT / "corpora" / "jueju.txt").read_text("utf-8")
REGULATED = [name for name, form in FORMS.items() if form.templates]
METRICAL = [name for name, form in FORMS.items() if form.meters]

slowly = settings(max_examples=examples(25), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def poet():
    return untaught(JUEJU)


@slowly
@given(
    form=st.sampled_from(REGULATED),
    seed=st.integers(0, 10**6),
    temperature=st.sampled_from([0, 0.5, 1, 3]),
    tones=st.sampled_from(["strict", "relaxed"]),
    book=st.sampled_from(["pingshui", "modern"]),
)
def test_regulated_verse_always_holds(poet, form, seed, temperature, tones, book):
    poem = compose(poet, form=form, seed=seed, temperature=temperature, tones=tones, rhyme_book=book, tries=3)
    verdict = check(poem.lines, form, tones=tones, rhyme_book=book)
    assert verdict.holds, (poem.text, verdict)
    characters = "".join(line[:-1] for line in poem.lines)
    assert len(set(characters)) == len(characters)
    assert not any("not in the rhyme book" in remark for line in verdict.lines for remark in line.remarks)
    marks = [line[-1] for line in poem.lines]
    assert set(marks[::2]) == {"，"}
    assert set(marks[1::2]) <= set("。！？")


@slowly
@given(
    form=st.sampled_from(METRICAL),
    smith=st.sampled_from(ENGLISH),
    seed=st.integers(0, 10**6),
)
def test_english_verse_always_holds(wordsmiths, form, smith, seed):
    poem = compose(wordsmiths[smith], form=form, seed=seed, temperature=1, tries=3)
    verdict = check(poem.lines, form)
    assert verdict.holds, (poem.text, verdict)
    # The checker reads each line by itself: every word is known, no article is stressed, no phrase is cut off.
    for line in verdict.lines:
        assert not any("cannot be scanned" in remark for remark in line.remarks), poem.text
        assert not {"stressed article", "weak end", "misplaced mark", "no meter"} & line.faults.keys(), poem.text
        assert not any(one == other for one, other in itertools.pairwise(words(line.text))), poem.text


# Seeds whose first attempt ends a line in a word whose mates cannot end the lines that must rhyme with it: "ah", whose
# only mate, "la", the model of words can write only at the beginning of a line; words whose mates sound as they do.
@pytest.mark.parametrize(
    ("form", "kind", "direction", "seed"),
    [
        ("enclosed", "word", "forward", 18),
        ("enclosed", "word", "backward", 43),
        ("enclosed", "word", "backward", 166),
        ("limerick", "word", "backward", 17),
        ("alternate", "char", "backward", 4),
    ],
)
def test_a_first_line_whose_rhyme_has_too_few_mates_is_given_up(wordsmiths, form, kind, direction, seed):
    poem = compose(wordsmiths[kind, direction], form=form, seed=seed, temperature=1, tries=3)
    assert check(poem.lines, form).holds, poem.text
    assert poem.taken_back > 0


def test_verse_in_meter_of_subwords_is_written_forward(wordsmiths):
    with pytest.raises(UsageError, match='train with `direction="forward"`, or with `tokenizer="word"`'):
        compose(wordsmiths["subword", "backward"], form="limerick")


@pytest.mark.parametrize(("kind", "direction"), ENGLISH)
def test_careful_masks_take_only_rhymes_that_can_end_all_their_lines(wordsmiths, kind, direction):
    config = PoemConfig(form="alternate", meter_rule="strict")
    verse = English(wordsmiths[kind, direction], FORMS["alternate"], config).opening(None).verse
    careful = verse.careful()
    place = verse.lexicon.index
    # Feminine rhymes end no iamb; of ah and la, a model of words can write la only at the beginning of a line.
    for word, plain in (("night", True), ("candle", True), ("boy", True), ("ah", True), ("orange", False)):
        if word in place:
            assert verse.last_words(verse.begin())[place[word]] == plain
    allowed = careful.last_words(careful.begin())
    assert allowed[place["night"]]
    assert not allowed[place["candle"]]
    assert not allowed[place["boy"]]
    assert allowed[place["ah"]] == (kind != "word")


def test_the_keywords_are_the_fields_of_the_configurations():
    for options, config in ((RulesOptions, Rules), (PoemOptions, PoemConfig)):
        assert get_type_hints(options) == {field.name: field.type for field in dataclasses.fields(config)}


@pytest.mark.parametrize("form", ["jueju5", "lushi7"])
def test_the_shape_holds_without_tones_and_rhymes(poet, form):
    for seed in range(5):
        poem = compose(poet, form=form, seed=seed, tones="off", rhyme_book="off")
        assert FORMS[form].fits([line[:-1] for line in poem.lines])


@slowly
@given(
    heads=st.text(st.sampled_from(sorted(set(JUEJU) - set("，。\n"))), min_size=1, max_size=4), seed=st.integers(0, 99)
)
def test_acrostics_always_hold(poet, heads, seed):
    for form in ("jueju5", "jueju7"):
        poem = compose(poet, form=form, acrostic=heads, seed=seed, tries=4)
        assert check(poem.lines, form, acrostic=heads).holds, poem.text


def test_an_acrostic_at_couplets(poet):
    poem = compose(poet, form="lushi7", acrostic="春江花月", acrostic_at="couplet", seed=1)
    assert check(poem.lines, "lushi7", acrostic="春江花月", acrostic_at="couplet").holds
    free = compose(poet, acrostic="春江花月", acrostic_at="couplet", seed=1)
    assert [line[0] for line in free.lines][::2][:4] == list("春江花月")


@pytest.mark.parametrize(("kind", "direction"), [*itertools.product(["char", "word"], ["forward", "backward"])])
def test_english_acrostics(wordsmiths, kind, direction):
    poem = compose(wordsmiths[kind, direction], form="couplets", acrostic="lamp", seed=3)
    assert check(poem.lines, "couplets", acrostic="lamp").holds, poem.text


@pytest.mark.parametrize("kind", ["char", "word"])
def test_an_english_acrostic_without_a_form(wordsmiths, kind):
    poem = compose(wordsmiths[kind, "forward"], form="acrostic", acrostic="lamp", seed=3)
    assert [line[0].lower() for line in poem.lines] == list("lamp")


@pytest.mark.parametrize("rhyme", ["東", "陽", "风"])
def test_the_rhyme_that_was_asked_for(poet, rhyme):
    for form in ("jueju7", "jueju5"):
        poem = compose(poet, form=form, rhyme=rhyme, seed=2)
        verdict = check(poem.lines, form)
        assert verdict.holds
        assert {"东": "東", "风": "東"}.get(rhyme, rhyme) in verdict.rhyme


def test_an_english_rhyme_with_a_word(wordsmiths):
    poem = compose(wordsmiths["word", "backward"], form="couplets", rhyme="night", seed=2)
    ends = [words(line)[-1] for line in poem.lines[:2]]
    assert "night" not in ends
    verdict = check(["when all the stars were in the night", *poem.lines[:2], "light"], "limerick")
    assert not any(found.kind == "rhyme" for line in verdict.lines[:2] for found in line.breaks)


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("jueju5", "白"),
        ("jueju5", "白日依"),
        ("jueju5", "白日依山盡"),
        ("jueju5", "白日依山盡，"),
        ("jueju5", "白日依山盡。黃河"),
        ("jueju7", "秦時明月漢時關，萬"),
        ("lushi5", "國破山河在，城春草木深。感時"),
    ],
)
def test_a_beginning_is_kept_and_the_rest_fits_it(form, start):
    poem = compose(untaught(JUEJU + start), form=form, start=start, seed=1)
    assert "".join(poem.lines).startswith(start.replace("盡。", "盡，"))
    assert check(poem.lines, form).holds, poem.text


def test_a_whole_poem_given_is_given_back(poet):
    whole = "白日依山盡黃河入海流欲窮千里目更上一層樓。"
    known = untaught(JUEJU + whole)
    poem = compose(known, form="jueju5", start=whole, seed=1)
    assert poem.text == "白日依山盡，黃河入海流。\n欲窮千里目，更上一層樓。"
    with pytest.raises(UsageError, match="no template of jueju5 fits `start="):
        compose(known, form="jueju5", start=whole + "白日", seed=1)


def test_english_beginnings(wordsmiths):
    start = "the lamp"
    poem = compose(wordsmiths["word", "forward"], form="couplets", start=start, seed=1)
    assert poem.text.startswith(start.capitalize())
    assert check(poem.lines, "couplets").holds
    kept = compose(wordsmiths["word", "forward"], form="couplets", start=start, seed=1, capitals="as-is")
    assert kept.text.startswith(start)
    with pytest.raises(UsageError, match="`start`: this run writes each line from its end"):
        compose(wordsmiths["word", "backward"], form="couplets", start=start)
    with pytest.raises(UsageError, match="`start`: couplets does not allow"):
        compose(wordsmiths["word", "forward"], form="couplets", start="the lamp the lamp the lamp of lamp the lamp the")


def test_a_mood_is_read_and_never_printed(poet):
    plain, sad = (compose(poet, form="jueju5", mood=mood, seed=1) for mood in ("", "秋風孤客"))
    assert plain.text != sad.text
    assert "秋風孤客" not in sad.text
    titled = compose(poet, form="jueju5", title="秋風", seed=1)
    assert str(titled) == f"秋風\n\n{titled.text}"
    assert titled.text != plain.text


def test_western_punctuation_and_the_other_script_become_the_runs_own(poet):
    notes, _ = compositions(poet, form="jueju5", mood="秋風, 孤客.", seed=1)
    assert notes == ["`mood` read as 秋風，孤客。"]
    notes, songs = compositions(poet, form="jueju5", acrostic="风来", seed=1)
    assert notes == ["`acrostic` read as 風來"]
    assert [line[0] for line in next(songs).lines[:2]] == ["風", "來"]
    simplified = untaught(convert(JUEJU, "simplified"))
    notes, songs = compositions(simplified, form="jueju5", acrostic="風來", seed=1)
    assert notes == ["`acrostic` read as 风来"]
    assert check(next(songs).lines, "jueju5", acrostic="风来").holds


def test_the_third_of_five_is_the_third_of_ten(poet):
    five, ten = ([poem.text for poem in compositions(poet, form="jueju5", count=count, seed=4)[1]] for count in (5, 10))
    assert five == ten[:5]
    assert len(set(ten)) == 10


def test_lines_of_the_training_poems_are_never_repeated_verbatim():
    """At temperature 0 a model repeats itself; each poem is added to its memory, so that it must write another."""
    learned = []
    for _ in range(8):
        memory = hash_poems(learned) if learned else None
        poem = compose(untaught(JUEJU, memory=memory), form="jueju7", temperature=0, seed=1)
        if memory:
            assert not any(contains(memory["lines"], without_marks(line)) for line in poem.lines)
        learned.append(poem.text)
    lines = [without_marks(line) for text in learned for line in lines_of(text.replace("\n", ""))]
    assert len(set(lines)) == len(lines) == 32


def test_a_line_that_is_learned_is_refused_in_the_words_that_are_printed():
    """The models write "a" and "an" before any word; which of them is printed follows from the next sound."""
    symbols = [
        space + word
        for word in "a an the owl oak night light sight hand sand land hour end friend sea tree cow".split()
        for space in ("", " ")
    ]
    asked = {"form": "couplets", "temperature": 1, "tries": 6, "capitals": "as-is"}
    corrected = 0
    for seed in range(6):
        smith = untaught([*symbols, "\n"], WordTokenizer, memory=hash_poems([]), sharpness=2.0)
        lines = compose(smith, seed=seed, **asked).lines
        learned = [line for line in lines if re.search(r"\ban? ", line)]
        knowing = untaught([*symbols, "\n"], WordTokenizer, memory=hash_poems(learned), sharpness=2.0)
        again = compose(knowing, seed=seed, **asked).lines
        assert not {without_marks(line) for line in again} & {without_marks(line) for line in learned}, again
        corrected += len(learned)
    assert corrected > 6


def test_free_chinese_verse_ends_with_a_sentence(poet):
    for seed in range(10):
        poem = compose(poet, seed=seed, temperature=2)
        assert poem.lines[-1][-1] in "。！？"
        assert "\n" not in "".join(poem.lines)


def test_free_english_verse_ends(wordsmiths):
    poem = compose(wordsmiths["word", "forward"], seed=1, temperature=2)
    assert poem.text
    assert compose(wordsmiths["word", "backward"], seed=1, temperature=2).text


@pytest.mark.parametrize(("kind", "direction"), [*itertools.product(["char", "word"], ["forward", "backward"])])
def test_no_line_of_free_english_verse_begins_with_a_space_and_no_words_touch(kind, direction):
    tokenizer = {"char": CharTokenizer, "word": WordTokenizer}[kind]
    symbols = LAMPLIGHTER if kind == "char" else ["the", "hen", " the", " hen", "\n", ","]
    generator = untaught(symbols, tokenizer, direction=direction, sharpness=0.5)
    for seed in range(20):
        poem = compose(generator, seed=seed, temperature=1, tries=2)
        assert not any(line.startswith(" ") for line in poem.lines), poem.text
        if kind == "word":
            assert set(re.findall("[a-z]+", poem.text)) <= {"the", "hen"}, poem.text


@pytest.mark.parametrize(
    ("options", "error", "complaint"),
    [
        ({"form": "ode"}, UsageError, "no form 'ode'"),
        (
            {"form": "sonnet"},
            UsageError,
            '`form="sonnet"` is English verse, and this run writes Chinese; choose one of jueju5',
        ),
        ({"acrostic": "春☃", "form": "jueju5"}, PromptError, "`acrostic`: not in the run's vocabulary: ☃"),
        ({"mood": "☃☃"}, PromptError, "`mood`: not in the run's vocabulary: ☃"),
        ({"start": "abc"}, PromptError, "`start`: not in the run's vocabulary: a b c"),
        (
            {"acrostic": "春夏秋冬春", "form": "jueju5"},
            UsageError,
            "5 characters; jueju5 has 4 lines and takes at most 4",
        ),
        (
            {"acrostic": "春江花", "acrostic_at": "couplet", "form": "jueju5"},
            UsageError,
            '3 characters; jueju5 has 4 lines and takes at most 2 with `acrostic_at="couplet"`',
        ),
        ({"acrostic": "春，", "form": "jueju5"}, UsageError, "`acrostic` takes Chinese characters"),
        ({"rhyme": "月", "form": "jueju5"}, UsageError, "`rhyme=月` is neither a group of the rhyme book nor"),
        ({"rhyme": "東", "form": "jueju5", "rhyme_book": "off"}, UsageError, "`rhyme` needs a rhyme book"),
        (
            {"start": "春風秋月明", "form": "jueju5"},
            UsageError,
            '`start=春風秋月明` with `tones="strict"`; use `tones="relaxed"`',
        ),
        ({"temperature": -1.0}, UsageError, "`temperature` takes a number at least 0"),
        ({"tries": 0}, UsageError, "`tries` takes a whole number at least 1"),
    ],
)
def test_impossible_options_are_refused_before_sampling(poet, options, error, complaint):
    with pytest.raises(error) as caught:
        compositions(poet, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert complaint in message


def test_a_rhyme_with_too_few_characters_says_how_many():
    few = untaught("江雙" + "".join(one for one in JUEJU if "江" not in pingshui.readings(one).groups))
    with pytest.raises(
        UsageError, match=r"`rhyme=江`: the run knows 2 characters of this rhyme \(江雙\), and the form needs 4"
    ):
        compositions(few, form="lushi5", rhyme="江")
    # Two are enough for a quatrain whose first line does not rhyme.
    assert check(compose(few, form="jueju5", rhyme="江", seed=1).lines, "jueju5").rhyme == "江"


def test_a_small_vocabulary_keeps_enough_characters_for_its_rhymes():
    """Of 83 symbols two rhyme, as many as the form needs. Before restarts, half of these seeds found no poem."""
    others = sorted(set(JUEJU) - set("，。\n") - {one for one in JUEJU if "江" in pingshui.readings(one).groups})
    few = untaught("江雙，。\n" + "".join(others[::20]))
    for seed in range(12):
        poem = compose(few, form="jueju5", rhyme="江", seed=seed, tries=3, temperature=3)
        assert check(poem.lines, "jueju5").holds, poem.text


def test_english_mistakes(wordsmiths, poet):
    generator = wordsmiths["word", "forward"]
    for options, complaint in [
        ({"form": "jueju5"}, '`form="jueju5"` is Chinese verse, and this run writes English; choose one of couplets'),
        ({"form": "acrostic"}, '`form="acrostic"` needs `acrostic`'),
        ({"form": "haiku", "acrostic": "lamp"}, "4 letters; haiku has 3 lines and takes at most 3"),
        ({"form": "haiku", "rhyme": "night"}, "`rhyme`: haiku does not rhyme"),
        ({"form": "sonnet", "rhyme": "xyzzyq"}, "not in the pronouncing dictionary"),
        ({"form": "sonnet", "acrostic": "l1"}, "`acrostic` takes letters"),
        ({"rhyme": "night"}, "`rhyme`: free does not rhyme; choose another `form`, such as couplets"),
        ({"form": "couplets", "rhyme": "orange"}, "the run knows no word to rhyme with it, and couplets needs 2"),
    ]:
        with pytest.raises(UsageError, match=complaint):
            compositions(generator, **options)
    with pytest.raises(PromptError, match="`start`: not in the run's vocabulary: 'xyzzyq'"):
        compositions(generator, form="couplets", start="xyzzyq")
    with pytest.raises(PromptError, match="`start`: not in the run's vocabulary: 'xyzzyq'"):
        compose(wordsmiths["word", "forward"], form="couplets", start="the xyzzyq")
    with pytest.raises(PromptError, match="knows no word that begins a line with 'ß'; choose other letters"):
        compose(wordsmiths["word", "forward"], form="acrostic", acrostic="aß")


@pytest.mark.parametrize(
    ("documents", "name"), [("file", "whole files"), ("line", "lines of text"), ("block", "blocks")]
)
def test_a_model_of_prose_writes_no_poems(documents, name):
    with pytest.raises(
        ModelError, match=f'this run learned {name}.*, not poems; train on poems with `documents="poem"`'
    ):
        compose(untaught(JUEJU, documents=documents), form="jueju5")


def test_caches_are_bounded_and_change_no_poem(wordsmiths, monkeypatch):
    """The caches are bounded, and what they drop changes nothing."""
    generator = wordsmiths["word", "backward"]
    plain = [poem.text for poem in compositions(generator, form="couplets", count=3, seed=5, tries=3)[1]]
    monkeypatch.setattr(bounded, "MAX_ENTRIES", 20)
    assert [poem.text for poem in compositions(generator, form="couplets", count=3, seed=5, tries=3)[1]] == plain


def test_a_full_cache_drops_the_entry_that_was_used_least_recently(monkeypatch):
    monkeypatch.setattr(bounded, "MAX_ENTRIES", 3)
    cache, made = BoundedCache(), []

    def get(key):
        return cache.get(key, lambda: made.append(key) or -key)

    for key in (1, 2, 3, 1, 4, 1, 3, 2):
        assert get(key) == -key
        assert len(cache) <= 3
    assert made == [1, 2, 3, 4, 2]


def test_a_cache_is_full_when_its_arrays_have_too_many_bytes(monkeypatch):
    """A mask of words has 100,000 bytes: a sonnet took 1.6 GB when only the entries were counted."""
    monkeypatch.setattr(bounded, "MAX_BYTES", 1000)
    cache, arrays = BoundedCache(), {"one": np.zeros(400, bool), "pair": (np.zeros(200, bool), np.zeros(50, np.int32))}
    kept = []
    for key in (1, 2, 3, 4):
        cache.get(key, lambda: arrays["one"])
        kept.append(len(cache))
    assert kept == [1, 2, 2, 2]
    for key in (5, 6, 7):
        cache.get(key, lambda: arrays["pair"])
    assert len(cache) == 2
    cache.get(8, lambda: np.zeros(5000, bool))  # what was asked for stays, however large it is
    assert len(cache) == 1
    for key in range(9, 20):
        cache.get(key, lambda: 0)
    assert len(cache) == 11


def test_abbreviations_are_not_words():
    """The dictionary has "in." for inch: a line that ends in it would rhyme with finch in one reading only."""
    assert Lexicon(["in.", "in", "inch", "a.m.", "b", "i", "don't", "xyzzyq"]).words == ["in", "inch", "i", "don't"]


@pytest.mark.parametrize("form", ["limerick", "haiku", "couplets"])
@pytest.mark.parametrize("kind", ["char", "word"])
def test_temperature_0_keeps_english_forms_too(wordsmiths, form, kind):
    """Parallel rows of a limerick follow different patterns, each with a likeliest symbol of its own."""
    for direction in ("forward", "backward"):
        poem = compose(wordsmiths[kind, direction], form=form, temperature=0, seed=1, tries=6)
        assert check(poem.lines, form).holds, poem.text
