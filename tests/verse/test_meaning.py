"""What a run knows of its poems: neighbours, themes, the terms of the score; on poems whose subjects are known."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tests.conftest import ROOT, TINY
from tests.helpers.models import untaught
from tests.helpers.poems import FRONTIER, RIVER, documents, poems
from textgen import Generator, train
from textgen.corpus.headings import without_heading
from textgen.errors import RunError
from textgen.runs.folder import open_run_folder
from textgen.runs.poems import read_knowledge, save_knowledge
from textgen.verse import check, compose
from textgen.verse.meaning import tags, terms
from textgen.verse.meaning.knowledge import Knowledge
from textgen.verse.meaning.neighbours import LEVEL, OBLIQUE, Neighbours
from textgen.verse.meaning.terms import CHINESE_WEIGHTS, ENGLISH_WEIGHTS, TERMS, Situation

POEMS = poems()


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.learn(documents(POEMS))


class TestNeighbours:
    LINES = ("明月松間照", "清泉石上流", "明月幾時有", "舉頭望明月", "處處明月樓", "夜夜明月光", "山明月更好")

    def test_a_pair_that_stays_within_units_is_a_word(self):
        known = Neighbours.learn(self.LINES)
        # 明月 by hand: units of 2|3 are the pairs 1-2, 3-4 and 4-5; only 山明|月 is across.
        assert known.counts("明月") == (5, 1)
        assert not known.is_word("明月")  # 5 of 6 are less than nine tenths
        assert Neighbours.learn(self.LINES[:6]).is_word("明月")

    def test_a_word_across_the_caesura_is_broken_unless_a_neighbour_is_a_word(self):
        known = Neighbours.learn(self.LINES[:6])
        assert known.broken("山明月更好") == ["明月"]
        assert known.broken("明月松間照") == []
        both = Neighbours.learn([*self.LINES[:6], *["青山一片雲"] * 6])
        assert both.broken("青明月更好") == ["明月"]
        assert both.broken("青山月更好") == []

    def test_ends_of_lines(self):
        known = Neighbours.learn(self.LINES)
        assert known.has_end("我家松間照")
        assert not known.has_end("我家松間月")
        assert not known.has_end("間照")

    def test_lines_of_other_lengths_are_left_out(self):
        assert len(Neighbours.learn(["江南", "不見長安見塵霧間", ""]).pairs) == 0

    def test_a_reading_is_known_from_the_pattern_and_from_the_compound(self):
        """中 is level in 中央 and oblique in 中酒, as the places with a fixed tone say."""
        bits = dict.fromkeys("平山天年", LEVEL) | dict.fromkeys("仄水月酒", OBLIQUE) | {"中": LEVEL | OBLIQUE}

        def tones(character):
            return bits[character]

        # NZZPP and NPPZZ fix the fourth place: level before a level end, oblique before an oblique one.
        known = Neighbours.learn(["平仄仄中年"] * 20 + ["平平平中酒"] * 4, tones)
        assert known.surprise("平仄仄中年", tones) < 0.1
        assert known.surprise("平平平中酒", tones) < 0.2  # oblique in this compound
        assert known.surprise("平平山中水", tones) > 1.5  # in one that is not known, it is nearly always level
        assert known.surprise("中中中中中", tones) == 0  # many patterns fit: no place is fixed

    def test_without_a_book_nothing_is_known_of_readings(self):
        assert len(Neighbours.learn(self.LINES).read) == 0


class TestThemes:
    def test_symbols_of_the_subject_belong_to_it(self, knowledge):
        shares = dict(
            zip(knowledge.coherence.symbols, knowledge.themes.affinity(knowledge.coherence, "江").tolist(), strict=True)
        )
        assert shares["江"] >= 0.5
        assert min(shares[one] for one in RIVER) > max(share for one, share in shares.items() if one not in RIVER)

    def test_a_plan_has_words_of_the_subject_none_twice(self, knowledge):
        for theme, own in (("江上", RIVER), ("戰", FRONTIER)):
            for seed in range(20):
                plan = knowledge.themes.plan(knowledge.coherence, theme, 3, np.random.default_rng(seed))
                characters = "".join(plan)
                assert len(plan) == 3
                assert len(set(characters)) == len(characters)
                assert set(characters) <= set(own)

    def test_keywords_of_the_user_are_in_the_plan(self, knowledge):
        random = np.random.default_rng(1)
        plan = knowledge.themes.plan(knowledge.coherence, "江", 3, random, ("弓",))
        assert "弓" in plan
        assert knowledge.themes.plan(knowledge.coherence, "江", 2, random, ("弓", "馬")) == ("弓", "馬")

    def test_words_of_occasions_do_not_belong_to_a_theme(self):
        """Poems under titles with 江 have it, those with 寄 ("sent to") do not, and two titles with 弓 tell nothing."""
        made = [("江" if title == "江上" else "寄", lines) for title, lines in POEMS]
        made += [("弓", ["寄書千里外", "寄語一人知"])] * 2
        found = Knowledge.learn(documents(made))
        shares = dict(zip(found.coherence.symbols, found.themes.affinity(found.coherence, "寄江弓"), strict=True))
        assert shares["江"] == 1
        # By hand: none of 250, with one of five beside them; a share of 0.12 is whole.
        assert shares["寄"] == pytest.approx(1 / 255 / 0.12, abs=1e-5)
        assert shares["弓"] == pytest.approx(0.9)
        plans = [found.themes.plan(found.coherence, "寄江", 4, np.random.default_rng(at)) for at in range(20)]
        assert all("江" in "".join(plan) for plan in plans)
        assert not any("寄" in "".join(plan) for plan in plans)

    def test_a_keyword_goes_to_a_line_that_holds_it(self, knowledge):
        words = ("江上舟波", "弓", "禪")
        for seed in range(10):
            random = np.random.default_rng(seed)
            plan = knowledge.themes.plan(knowledge.coherence, "江", 4, random, words, (3, 3, 5, 3))
            assert plan[2] == "江上舟波"

    def test_an_unknown_theme_has_no_plan(self, knowledge):
        assert knowledge.themes.plan(knowledge.coherence, "ABC", 4, np.random.default_rng(0)) == ()

    def test_english_function_words_are_no_keywords(self):
        poems = (ROOT / "corpora/lamplighter.txt").read_text("utf-8").lower().split("\n\n")
        known = Knowledge.learn(poems)
        plan = known.themes.plan(known.coherence, "the lamp on the sea", 8, np.random.default_rng(1))
        assert {"lamp", "sea"} <= set(plan)
        assert not set(plan) & set("the on a and of in to with he his that it by from at".split())
        only = known.themes.plan(known.coherence, "the", 4, np.random.default_rng(1))
        assert "the" in only

    def test_chance_gives_other_plans(self, knowledge):
        found = {knowledge.themes.plan(knowledge.coherence, "江", 3, np.random.default_rng(at)) for at in range(20)}
        assert len(found) > 3


class TestTags:
    @pytest.mark.parametrize(
        ("before", "line", "clashes"),
        [
            ("秋風", "桃花開", 1),
            ("秋風", "菊花開", 0),
            ("", "春雪", 0),  # snow in spring is no contradiction
            ("", "夏雪", 1),
            ("曉鐘", "夜燈", 0),  # a night ends in its morning
            ("曉鐘", "夕陽", 1),
            ("春曉", "秋夕", 2),
            ("山水", "人家", 0),
        ],
    )
    def test_seasons_and_hours_that_exclude_each_other(self, before, line, clashes):
        assert tags.clashes([before], line) == clashes

    def test_no_character_has_two_tags(self):
        every = [one for table in (tags.SEASONS, tags.HOURS) for own in table.values() for one in own]
        assert max(Counter(every).values()) == 1


class TestTerms:
    def situation(self, knowledge, before, candidates, **more):
        return Situation(knowledge, before, candidates, np.zeros(len(candidates), np.float32), **more)

    def test_coherence_prefers_the_subject_of_the_poem(self, knowledge):
        fresh = poems(40, seed=5)
        right = 0
        for (_, own), (_, other) in pairwise(fresh):
            scores = terms.coherence(self.situation(knowledge, own[:2], [own[2], other[2]]))
            right += scores[0] > scores[1]
        assert right >= 36  # of 39; by chance 20

    def test_a_keyword_is_carried_whole_or_in_part(self, knowledge):
        at = self.situation(knowledge, [], ["江上舟", "江舟上", "舟中人", "山中人"], keyword="江舟")
        assert terms.keyword(at).tolist() == [0.5, 1.0, 0.25, 0.0]
        at = self.situation(knowledge, [], ["江上舟", "山中人"], keyword="江")
        assert terms.keyword(at).tolist() == [1.0, 0.0]
        assert terms.keyword(self.situation(knowledge, [], ["江"])).tolist() == [0.0]

    def test_denials_cost_beyond_a_budget_for_the_poem(self, knowledge):
        at = self.situation(knowledge, [], ["山中人", "不見人", "不見誰"], lines=4)
        assert terms.negation(at).tolist() == [0, 0, -1]
        at = self.situation(knowledge, ["無人處"], ["山中人", "不見人", "不見誰"], lines=4)
        assert terms.negation(at).tolist() == [0, -1, -2]
        at = self.situation(knowledge, ["無人處"], ["不見人"], lines=8)
        assert terms.negation(at).tolist() == [0]

    def test_antithesis_counts_only_where_a_couplet_is_parallel(self, knowledge):
        before, candidates = ["江舟一人來"], ["江波不人去", "胡馬不人去"]
        assert terms.antithesis(self.situation(knowledge, before, candidates)).tolist() == [0, 0]
        answers = terms.antithesis(self.situation(knowledge, before, candidates, answers=True))
        assert answers[0] > answers[1]

    def test_words_and_ends_that_poems_have(self, knowledge):
        own = POEMS[1][1][0]
        strange = own[::-1]
        assert terms.ending(self.situation(knowledge, [], [own]))[0] == 1
        both = terms.words_whole(self.situation(knowledge, [], [own, strange]))
        assert both[0] > 0

    def test_symbols_of_lines_before_are_doubled(self):
        english = Knowledge.learn((ROOT / "corpora" / "lamplighter.txt").read_text("utf-8").split("\n\n"))
        at = self.situation(english, ["the tide comes in"], ["the tide goes out", "a stone lies there"])
        assert terms.doubling(at).tolist() == [-0.5, 0.0]

    def test_the_likelihood_counts_where_a_line_was_turned_to_a_keyword(self, knowledge):
        likelihood = np.array([-1.0, -2.0], np.float32)
        lines = {word: Situation(knowledge, [], ["a b", "c d"], likelihood, keyword=word) for word in ("b", "")}
        assert terms.turned(lines["b"]).tolist() == [-1.0, -2.0]
        assert terms.turned(lines[""]).tolist() == [0.0, 0.0]

    def test_every_weight_is_of_a_term_and_none_is_negative(self):
        for weights in (CHINESE_WEIGHTS, ENGLISH_WEIGHTS):
            assert set(weights) <= set(TERMS)
            assert min(weights.values()) >= 0


class TestKept:
    def test_arrays_come_back_as_they_were(self, knowledge, tmp_path):
        with open_run_folder(tmp_path) as folder:
            save_knowledge(folder, knowledge.arrays())
        again = Knowledge.from_arrays(read_knowledge(tmp_path))
        assert again.coherence.symbols == knowledge.coherence.symbols
        assert again.themes.words == knowledge.themes.words
        for title, lines in poems(10, seed=3):
            assert np.array_equal(
                again.coherence.scores(lines[:2], lines), knowledge.coherence.scores(lines[:2], lines)
            )
            assert np.array_equal(
                again.themes.affinity(again.coherence, title), knowledge.themes.affinity(knowledge.coherence, title)
            )
            assert again.neighbours.counts(lines[0][:2]) == knowledge.neighbours.counts(lines[0][:2])

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            ("facts", lambda value: value[:-9]),
            ("facts", lambda value: np.frombuffer(b'{"symbols": [1], "words": [], "chinese": true}', np.uint8)),
            ("facts", lambda value: np.frombuffer(b"[]", np.uint8)),
            ("coherence.vectors.topic", lambda value: value[:-1]),
            ("coherence.vectors.topic", lambda value: value[:, :-1]),
            ("coherence.perceptron.hidden", lambda value: value[:-1]),
            ("coherence.perceptron.out", lambda value: value[:-1]),
            ("themes.counts", lambda value: value[:-1]),
            ("themes.counts", lambda value: value[::-1]),  # a symbol in more poems than there are
            ("facts", lambda value: _facts(value, symbols=[])),
            ("facts", lambda value: _facts(value, words=[""])),
            ("facts", lambda value: _facts(value, words=["春秋"])),
            ("facts", lambda value: _facts(value, escape="\x1b[31m")),
            ("facts", lambda value: _facts(value, escape="\ud800")),
            ("facts", lambda value: np.repeat(np.frombuffer(b" ", np.uint8), 2 << 20)),
            ("coherence.perceptron.shift", lambda value: np.repeat(value, 5)),
            ("coherence.perceptron.scale", lambda value: value * 0),
            ("coherence.vectors.upper", lambda value: value[:, :1]),
            ("neighbours.pairs", lambda value: value[::-1]),
            ("neighbours.pairs", lambda value: value | np.uint64(1 << 63)),
            ("themes.title", lambda value: value[:, :-1]),
            ("neighbours.within", lambda value: value[:-1]),
            ("neighbours.level", lambda value: np.append(value, np.float32(0.5))),
        ],
    )
    def test_arrays_that_do_not_fit_are_refused(self, knowledge, name, change):
        arrays = knowledge.arrays()
        arrays[name] = change(arrays[name])
        with pytest.raises(RunError, match="what the run knows of its poems is damaged"):
            Knowledge.from_arrays(arrays)

    def test_few_poems_or_poems_with_nothing_in_common_teach_nothing(self):
        assert Knowledge.learn(documents(POEMS[:19])) is None
        strange = "".join(map(chr, range(0x4E00, 0x4E00 + 600)))
        alone = [("", [strange[at : at + 5] for at in range(20 * number, 20 * number + 20, 5)]) for number in range(30)]
        assert Knowledge.learn(documents(alone)) is None
        assert Knowledge.learn([]) is None

    def test_the_same_poems_give_the_same_knowledge(self, knowledge):
        again = Knowledge.learn(documents(POEMS))
        assert all(np.array_equal(again.arrays()[name], value) for name, value in knowledge.arrays().items())

    def test_poems_of_which_no_two_are_alike_in_shape_teach_nothing(self):
        """No line could follow another's: there is nothing to tell real lines from."""
        strange = [("", ["江" * size, "舟" * size]) for size in range(1, 25)]
        assert Knowledge.learn(documents(strange)) is None

    def test_fewer_poems_are_read_where_time_is_short(self):
        assert Knowledge.learn(documents(POEMS), most=30).themes.counts[-1] == 30

    @pytest.mark.slow
    def test_a_training_keeps_it_and_a_poem_uses_it(self, tmp_path):
        path = tmp_path / "poems.txt"
        path.write_text("\n\n".join(without_heading(text) for text in documents(POEMS)), "utf-8")
        train(path, out=tmp_path / "run", documents="poem", **TINY)
        generator = Generator.load(tmp_path / "run")
        assert generator.knowledge["themes.counts"][-1] == 270  # nine tenths of the poems: the rest is held out
        poem = compose(generator, form="jueju5", tones="off", rhyme_book="off", theme="江", seed=1)
        assert len(poem.plan) == 4
        assert poem.terms[1]


@pytest.fixture(scope="module")
def generator(knowledge):
    text = "".join(documents(POEMS))
    generator = untaught(text + "，。\n春山水月風花夜秋天清聲明")
    generator.heading = "full"
    generator.knowledge = knowledge.arrays()
    return generator


def _facts(value, escape="", **changes):
    """Other facts: with some entries changed, or a text before the first symbol."""
    facts = json.loads(value.tobytes()) | changes
    if escape:
        facts["symbols"][0] = escape + facts["symbols"][0]
    return np.frombuffer(json.dumps(facts).encode(), np.uint8)


def share(lines, own):
    text = "".join(lines)
    return sum(one in own for one in text) / len(text)


FREE = {"tones": "off", "rhyme_book": "off", "form": "jueju5"}


class TestComposing:
    def test_a_theme_turns_lines_to_it(self, generator):
        """The model was never trained: what turns the lines is the theme alone."""
        found = {
            theme: np.mean([share(compose(generator, theme=theme, seed=seed, **FREE).lines, own) for seed in range(8)])
            for theme, own in (("江", RIVER), ("戰", RIVER), (None, RIVER))
        }
        assert found["江"] > 2 * found["戰"]
        assert found["江"] > 1.5 * found[None]

    def test_a_plan_of_the_user_is_kept_in_order(self, generator):
        wanted = ("江", "", "舟", "弓")
        planned = [compose(generator, plan="江,,舟,弓", seed=seed, **FREE) for seed in range(10)]
        others = [compose(generator, seed=seed, **FREE) for seed in range(10)]
        assert all(poem.plan == wanted for poem in planned)
        carried, by_chance = (
            sum(word in line for poem in found for word, line in zip(wanted, poem.lines, strict=True) if word)
            for found in (planned, others)
        )
        # Of 30. The model was never trained and strongly prefers other characters.
        assert carried >= 8
        assert carried >= 2 * by_chance

    def test_the_terms_of_a_line_are_of_its_own_keyword(self, generator):
        """By hand: the keyword's term is its weight where the line has it, and 0 elsewhere."""
        weight, plan = CHINESE_WEIGHTS["keyword"], ("江", "舟", "弓", "馬")
        for seed in range(10):
            poem = compose(generator, plan=",".join(plan), seed=seed, **FREE)
            for line, word, found in zip(poem.lines, plan, poem.terms, strict=True):
                assert found["keyword"] == pytest.approx(weight * (word in line))
            assert poem.terms[0]["coherence"] == 0  # no line is before the first

    def test_the_form_holds_with_a_theme(self, generator):
        for seed in range(4):
            poem = compose(generator, theme="江上", seed=seed, form="jueju5", tones="relaxed", rhyme_book="off")
            assert check(poem.lines, "jueju5", tones="relaxed", rhyme_book="off").holds

    def test_a_seed_gives_the_same_poem_with_its_plan(self, generator):
        first, second = (compose(generator, theme="江", seed=7, **FREE) for _ in range(2))
        assert first == second
        assert first.lines != compose(generator, theme="江", seed=8, **FREE).lines

    def test_the_score_chooses_and_plain_does_not(self, generator):
        scored, plain = (compose(generator, seed=3, plain=plain, **FREE) for plain in (False, True))
        assert scored.terms
        assert not plain.terms
        assert plain.lines == compose(_without(generator), seed=3, **FREE).lines

    def test_the_title_is_the_theme_where_none_is_given(self, generator):
        assert compose(generator, theme="江上", seed=1, **FREE).title == "江上"
        assert compose(generator, theme="江上", title="月", seed=1, **FREE).title == "月"


def _without(generator):
    return Generator(generator.tokenizer, generator.engine, "poem", heading="full")
