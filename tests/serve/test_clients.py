"""The clients that people have: the `openai` package and the `llm` command, against a server in a process of its own.

make test-clients installs them and runs these tests.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.helpers.pages import blocks
from tests.helpers.server import serving
from textgen import Generator

pytestmark = pytest.mark.clients

RUN = ROOT / "checkpoints/jabez"
KEY = "key-for-the-tests"
PROMPT = "The river "
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def openai():
    return pytest.importorskip("openai", minversion="2")


@pytest.fixture(scope="module")
def server():
    with serving(RUN, "--max-length", "30000", "--threads", "1", "--queue", "0", key=KEY) as found:
        yield found


@pytest.fixture(scope="module")
def client(openai, server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as found:
        yield found


@pytest.fixture(scope="module")
def generator():
    return Generator.load(RUN)


@pytest.fixture
def complete(client):
    """`client.completions.create` with the model, the prompt and a seed, unless others are given."""

    def create(**options):
        return client.completions.create(**{"model": "jabez", "prompt": PROMPT, "max_tokens": 60, "seed": 7} | options)

    return create


def ids_of(generator, text):
    """The ids of a text, as a client sends them."""
    return generator.tokenizer.encode(text).tolist()


def test_a_completion_is_the_generators_text_and_counts_its_symbols(complete, generator):
    answer = complete(temperature=0.8)
    (choice,) = answer.choices
    assert choice.text == generator.generate(PROMPT, length=60, temperature=0.8, seed=7, include_prompt=False)
    assert (answer.object, answer.model, choice.index, choice.finish_reason) == (
        "text_completion",
        "jabez",
        0,
        "length",
    )
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (len(PROMPT), 60)
    assert answer.usage.total_tokens == len(PROMPT) + 60
    assert answer.id.startswith("cmpl-")
    assert abs(answer.created - time.time()) < 3600


def test_without_fields_the_api_s_own_defaults_hold(client, generator):
    answer = client.completions.create(model="jabez", prompt=PROMPT, seed=3)
    assert len(answer.choices[0].text) == 16
    assert answer.choices[0].text == generator.generate(PROMPT, length=16, temperature=1, seed=3, include_prompt=False)


def test_seeds_repeat_and_other_seeds_do_not(complete, client):
    first, again, other = (complete(seed=seed).choices[0].text for seed in (1, 1, 2))
    assert first == again != other
    unseeded = [client.completions.create(model="jabez", prompt=PROMPT, max_tokens=60) for _ in range(2)]
    assert unseeded[0].choices[0].text != unseeded[1].choices[0].text
    # The server tells the seed that it took, so that a text can be had again.
    for each in unseeded:
        assert complete(seed=each.seed).choices[0].text == each.choices[0].text


def test_a_stream_s_pieces_are_the_text_and_only_the_last_has_a_reason(complete):
    chunks = list(complete(stream=True, max_tokens=3000))
    assert len(chunks) > 3
    assert "".join(chunk.choices[0].text for chunk in chunks) == complete(max_tokens=3000).choices[0].text
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["length"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks)


def test_a_stream_can_end_with_the_usage(complete):
    *chunks, last = complete(stream=True, stream_options={"include_usage": True})
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert (last.choices, last.usage.prompt_tokens, last.usage.completion_tokens) == ([], len(PROMPT), 60)


def test_n_texts_are_those_that_the_generator_numbers(complete, generator):
    wanted = generator.generate_many(PROMPT, length=60, temperature=1, seed=7, count=3, include_prompt=False)
    answer = complete(n=3)
    assert [choice.text for choice in answer.choices] == wanted
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.completion_tokens == 180
    streamed = ["", "", ""]
    reasons = []
    for chunk in complete(n=3, stream=True):
        for choice in chunk.choices:
            streamed[choice.index] += choice.text
            reasons += [choice.finish_reason] if choice.finish_reason else []
    assert (streamed, reasons) == (wanted, ["length"] * 3)


def test_the_best_of_several_has_the_highest_mean_log_probability(complete, generator):
    writing = generator.write(PROMPT, length=60, temperature=1, seed=7, best_of=5, include_prompt=False)
    best = complete(best_of=5)
    assert [choice.text for choice in best.choices] == writing.finish()
    assert best.usage.completion_tokens == 5 * 60
    two = complete(best_of=5, n=2, logprobs=0).choices
    assert two[0].text == best.choices[0].text
    means = [sum(each.logprobs.token_logprobs) / len(each.logprobs.token_logprobs) for each in two]
    assert means[0] >= means[1]


@pytest.mark.parametrize("stop", [" the", ["zzz", " the", ". "], "e"])
def test_a_stop_ends_the_text_and_is_not_in_it(complete, generator, stop):
    text = complete(max_tokens=2000).choices[0].text
    stops = [stop] if isinstance(stop, str) else stop
    end = min(text.find(each) for each in stops if each in text)
    choice = complete(max_tokens=2000, stop=stop).choices[0]
    assert (choice.text, choice.finish_reason) == (text[:end], "stop")
    chunks = [chunk.choices[0] for chunk in complete(max_tokens=2000, stop=stop, stream=True)]
    assert "".join(chunk.text for chunk in chunks) == text[:end]
    assert chunks[-1].finish_reason == "stop"


def test_logprobs_are_those_of_the_network(complete, generator):
    choice = complete(echo=True, logprobs=3).choices[0]
    logprobs = choice.logprobs
    assert choice.text.startswith(PROMPT)
    assert "".join(logprobs.tokens) == choice.text
    assert logprobs.text_offset == list(range(len(choice.text)))
    engine, wanted, state = generator.engine, [], generator.engine.initial_state()
    ids = ids_of(generator, choice.text)
    for before, index in itertools.pairwise(ids):
        logits, state = engine.step(state, np.array([before]))
        wanted.append(float(logits[0, index]) - float(np.logaddexp.reduce(logits[0].astype(np.float64))))
    assert logprobs.token_logprobs[0] is None
    assert logprobs.token_logprobs[1:] == pytest.approx(wanted, abs=1e-4)
    for token, own, top in list(zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs, strict=True))[1:]:
        assert 3 <= len(top) <= 4
        assert top[token] == pytest.approx(own)
        assert list(top.values())[:3] == sorted(top.values(), reverse=True)[:3]


def test_logprobs_of_a_stream_are_those_of_the_whole(complete):
    whole = complete(logprobs=2, max_tokens=400, stop=["\n\n", "ing "]).choices[0].logprobs
    parts = [
        chunk.choices[0].logprobs for chunk in complete(logprobs=2, max_tokens=400, stop=["\n\n", "ing "], stream=True)
    ]
    for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset"):
        assert [each for part in parts for each in getattr(part, name)] == getattr(whole, name)


def test_logprobs_do_not_depend_on_the_options_of_sampling(complete):
    plain, changed = (
        complete(echo=True, logprobs=0, max_tokens=0, prompt="The river ran.", extra_body=extra).choices[0].logprobs
        for extra in ({}, {"top_k": 1, "temperature": 0.1})
    )
    assert plain.token_logprobs == changed.token_logprobs


def test_echo_alone_returns_the_prompt(complete):
    answer = complete(echo=True, max_tokens=0)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == (PROMPT, "length")
    assert answer.usage.completion_tokens == 0
    texts = complete(echo=True, prompt=["The", "A"], n=2, max_tokens=5).choices
    assert [len(choice.text) for choice in texts] == [8, 8, 6, 6]


def test_a_logit_bias_forbids_and_forces(complete, generator):
    letters = ids_of(generator, "et")
    text = complete(max_tokens=400, logit_bias={str(index): -100 for index in letters}).choices[0].text
    assert not set("et") & set(text)
    (only,) = ids_of(generator, "q")
    assert complete(max_tokens=20, logit_bias={str(only): 100}).choices[0].text == "q" * 20


def test_prompts_may_be_texts_or_ids_one_or_many(complete, generator):
    texts = ["The river ", "A boat "]
    wanted = generator.generate_many(texts, length=60, temperature=1, seed=7, include_prompt=False)
    ids = [ids_of(generator, each) for each in texts]
    for prompt in (texts, ids):
        answer = complete(prompt=prompt)
        assert [choice.text for choice in answer.choices] == wanted
        assert answer.usage.prompt_tokens == sum(map(len, texts))
    assert complete(prompt=ids[0]).choices[0].text == complete(prompt=texts[0]).choices[0].text == wanted[0]


def test_this_tools_own_fields_pass_through_the_client(complete, generator):
    own = {
        "top_k": 5,
        "min_p": 0.02,
        "typical_p": 0.9,
        "repetition_penalty": 1.2,
        "no_repeat": 6,
        "temperature": "1:0.5",
    }
    wanted = generator.generate(
        PROMPT,
        length=60,
        seed=7,
        include_prompt=False,
        typical=0.9,
        **{k: v for k, v in own.items() if k != "typical_p"},
    )
    assert complete(extra_body=own).choices[0].text == wanted
    assert complete(extra_body={"beam": 4}).choices[0].text == generator.generate(
        PROMPT, length=60, seed=7, include_prompt=False, beam=4, temperature=1
    )
    assert complete(extra_body={"forbid": ["e", " the"]}).choices[0].text.count("e") == 0


def test_the_models_are_listed_and_described(client):
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == ("jabez", "model", "textgen")
    assert client.models.retrieve("jabez") == model


@pytest.mark.parametrize(
    ("options", "param", "words"),
    [
        ({"temperature": -1}, "temperature", "a number from 0 to 100"),
        ({"max_tokens": 10**9}, "max_tokens", "at most 30000"),
        ({"n": 0}, "n", "from 1 to 128"),
        ({"suffix": "end"}, "suffix", "only continues a text"),
        ({"prompt": "čau"}, "prompt", "č"),
        ({"prompt": [10**6]}, "prompt", "1000000"),
        ({"logit_bias": {"5": 1000}}, "logit_bias", "-100 to 100"),
        ({"logprobs": 6}, "logprobs", "from 0 to 5"),
        ({"extra_body": {"topk": 3}}, "topk", "did you mean 'top_k'"),
        ({"best_of": 2, "n": 3}, "best_of", "at least `n`"),
    ],
)
def test_what_is_wrong_is_a_bad_request_that_names_the_field(openai, complete, options, param, words):
    with pytest.raises(openai.BadRequestError) as caught:
        complete(**options)
    assert (caught.value.status_code, caught.value.type, caught.value.param) == (400, "invalid_request_error", param)
    assert words in caught.value.message


def test_errors_are_the_clients_own_classes(openai, client, server):
    def create(client, **options):
        return client.completions.create(**{"model": "jabez", "prompt": PROMPT} | options)

    with pytest.raises(openai.NotFoundError, match=r"no model 'jabes'.*jabez") as caught:
        create(client, model="jabes")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError, match="do not chat"):
        client.chat.completions.create(model="jabez", messages=[{"role": "user", "content": "Hello"}])
    with pytest.raises(openai.AuthenticationError) as caught:
        create(client.with_options(api_key="another"))
    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.PermissionDeniedError, match="host name"):
        create(client.with_options(default_headers={"Host": "elsewhere.example"}))
    with pytest.raises(openai.APIStatusError, match="larger than 1,000,000 bytes") as caught:
        create(client, prompt="a" * 1_100_000)
    assert caught.value.status_code == 413
    with client.completions.create(model="jabez", prompt="", max_tokens=30000, n=64, stream=True) as running:
        next(iter(running))
        with pytest.raises(openai.RateLimitError, match="try again later") as caught:
            create(client)
        assert int(caught.value.response.headers["Retry-After"]) >= 1
    assert are_free(server)
    assert create(client).choices[0].finish_reason == "length"


def are_free(server, seconds=10):
    """Whether all rows get free in time."""
    until = time.monotonic() + seconds
    while server.rows_busy():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_a_client_that_hangs_up_frees_its_rows(complete, server):
    stream = complete(stream=True, n=20, max_tokens=30000)
    for _, _ in zip(range(30), stream, strict=False):
        pass
    assert server.rows_busy() == 20
    stream.close()
    assert are_free(server)


def test_the_asynchronous_client_has_many_texts_at_once(openai, server, generator):
    async def all_of_them():
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:

            async def one(seed):
                text = ""
                stream = await client.completions.create(
                    model="jabez", prompt=PROMPT, max_tokens=200, seed=seed, stream=True
                )
                async for chunk in stream:
                    text += chunk.choices[0].text
                return text

            return await asyncio.gather(*map(one, range(12)))

    texts = asyncio.run(all_of_them())
    assert texts == [
        generator.generate(PROMPT, length=200, temperature=1, seed=seed, include_prompt=False) for seed in range(12)
    ]


def test_the_script_of_the_guide_writes(server, openai, generator, capsys):
    page = (ROOT / "docs/guide/serving.md").read_text("utf-8")
    (script,) = [text for _, text in blocks(page, "python") if "import OpenAI" in text]
    exec(compile(script.replace("http://127.0.0.1:8000", server.url).replace('"none"', repr(KEY)), "guide", "exec"), {})
    first = generator.generate(PROMPT, length=100, temperature=0.8, seed=1, min_p=0.05, include_prompt=False)
    shown = capsys.readouterr().out
    assert shown.startswith(first + "\n")
    assert len(shown) == 201


@pytest.fixture
def llm(server, tmp_path):
    """Run the `llm` command with the settings of docs/guide/serving.md."""
    pytest.importorskip("llm")
    page = (ROOT / "docs/guide/serving.md").read_text("utf-8")
    settings = page.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "extra-openai-models.yaml").write_text(settings.replace("http://127.0.0.1:8000", server.url), "utf-8")
    (tmp_path / "keys.json").write_text(json.dumps({"textgen": KEY}))

    def run(*arguments, code=0):
        command = [Path(sys.executable).with_name("llm"), *map(str, arguments)]
        environment = os.environ | {"LLM_USER_PATH": str(tmp_path)}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )
        assert done.returncode == code, done.stderr
        return done

    return run


def test_the_llm_command_completes(llm, generator):
    wanted = generator.generate(PROMPT, length=80, temperature=0.5, seed=9, include_prompt=False)
    options = ["-o", "max_tokens", 80, "-o", "temperature", 0.5, "-o", "seed", 9]
    assert llm("-m", "jabez", PROMPT, *options).stdout == wanted + "\n"
    assert llm("-m", "jabez", PROMPT, *options, "--no-stream").stdout == wanted + "\n"
    assert "jabez" in llm("models").stdout


def test_the_llm_command_stops_biases_and_shows_errors(llm, generator):
    text = llm("-m", "jabez", PROMPT, "-o", "max_tokens", 2000, "-o", "seed", 9, "-o", "stop", " the").stdout
    whole = generator.generate(PROMPT, length=2000, temperature=1, seed=9, include_prompt=False)
    assert text == whole.partition(" the")[0] + "\n"
    (letter,) = ids_of(generator, "e")
    bias = json.dumps({str(letter): -100})
    assert "e" not in llm("-m", "jabez", PROMPT, "-o", "max_tokens", 200, "-o", "logit_bias", bias).stdout
    assert "at most 30000" in llm("-m", "jabez", PROMPT, "-o", "max_tokens", 10**6, code=1).stderr
    assert "the key is not the server's" in llm("-m", "jabez", PROMPT, "--key", "another", code=1).stderr
