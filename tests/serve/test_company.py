"""Requests with all kinds of options, in random company: each text is what `textgen sample` writes alone."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.helpers.server import serving
from textgen import Generator
from textgen.serve.fields import PROPERTIES

REQUESTS, COMPANY = 200, 12
# What the command calls a field of a request, where the names differ.
COMMAND = {"max_tokens": "length", "n": "count", "typical_p": "typical", "logit_bias": "bias"}
# Not options of sampling, or tested elsewhere: alone they would end the request, or change the shape of its answer.
OTHERS = {"model", "prompt", "echo", "logprobs", "stream", "stream_options", "suffix", "user", "best_of"}
OTHERS |= {"label", "guidance"}  # these runs know no labels: test_labels.py
OPENINGS = ["", "the hen ", "12: the fox went", "and what did you see", "99: the"]


@pytest.fixture(scope="module")
def runs(tiny_run, word_run):
    return {"tiny": tiny_run, "words": word_run}


@pytest.fixture(scope="module")
def generators(runs):
    return {name: Generator.load(run) for name, run in runs.items()}


@pytest.fixture(scope="module")
def server(runs, text_file):
    with serving(*runs.values(), "--corpus", text_file) as found:
        yield found


def options_of(numbers, generator):
    """Some options of a request at random, fit for a model, by the API's names."""
    # The command names symbols and not ids; a word may stand for the word after a space too.
    tokenizer = generator.tokenizer
    biased = [
        index for index in range(2, len(generator.printed)) if tokenizer.ids_of(generator.printed[index]) == [index]
    ]
    every = {
        "temperature": lambda: numbers.choice([0, 0.5, 1.3, 100, [0.5, 1.0, 0.7], "1.5:0.2", "0.2:1"]),
        "top_k": lambda: numbers.choice([-1, 0, 1, 3, 20, 10_000]),
        "top_p": lambda: numbers.choice([0, 0.3, 0.9, 1]),
        "min_p": lambda: numbers.choice([0, 0.01, 0.5, 1]),
        "typical_p": lambda: numbers.choice([0.2, 0.95, 1]),
        "repetition_penalty": lambda: numbers.choice([0.8, 1, 1.5]),
        "repetition_window": lambda: numbers.choice([1, 10, 4096]),
        "presence_penalty": lambda: numbers.choice([-2, 0.5, 2]),
        "frequency_penalty": lambda: numbers.choice([-0.3, 0.1, 2]),
        "no_repeat": lambda: numbers.choice([2, 4, 9]),
        "forbid": lambda: numbers.choice(["e", ["the", "q"], ["ow ", "\n"]]),
        "forbid_word": lambda: numbers.choice(["fox", ["the", "and"]]),
        "logit_bias": lambda: {str(numbers.choice(biased)): numbers.choice([-100, -1.5, 3]) for _ in range(3)},
        "stop": lambda: numbers.choice(["\n", ["the", "you"], ".", ["zz"]]),
        "seed": lambda: numbers.choice([0, 2**63 - 1, numbers.randrange(1000)]),
        "n": lambda: numbers.choice([1, 2, 5]),
        "unknown": lambda: numbers.choice(["skip", "nearest"]),
        "max_tokens": lambda: numbers.choice([0, 1, 16, 40, 120]),
    }
    if generator.documents != "file":
        every["documents"] = lambda: numbers.choice([1, 2])
    options = {name: make() for name, make in every.items() if numbers.random() < 0.25}
    alone = numbers.random()
    if alone < 0.05:
        options["beam"] = numbers.choice([5, 8])
    elif alone < 0.1:
        options["max_copy"] = numbers.choice([12, 40])
    # Without a length, a text of documents may have thousands of symbols.
    return {"max_tokens": 30, "seed": numbers.randrange(2**32), "temperature": 1, "unknown": "skip"} | options


@pytest.fixture(scope="module")
def requests(generators):
    numbers = random.Random(20)
    made = []
    for _ in range(REQUESTS):
        model = numbers.choice(list(generators))
        several = numbers.choice([1, 1, 1, 2, 3])
        # A file of prompts has no empty ones.
        prompt = numbers.choice(OPENINGS) if several == 1 else numbers.sample(OPENINGS[1:], several)
        made.append({"model": model, "prompt": prompt} | options_of(numbers, generators[model]))
    return made


@pytest.fixture(scope="module")
def answers(server, requests):
    """The texts of each request, all sent by a few threads; every third is streamed."""

    def ask(pair):
        number, body = pair
        if number % 3:
            return [choice["text"] for choice in server.complete(**body)["choices"]]
        texts = {}
        for event in server.events(**body):
            for choice in event["choices"] if event != "[DONE]" else ():
                texts[choice["index"]] = texts.get(choice["index"], "") + choice["text"]
        return [texts[index] for index in sorted(texts)]

    with ThreadPoolExecutor(COMPANY) as pool:
        return list(pool.map(ask, enumerate(requests)))


def flags_of(body, generator):
    """The options of a request as `textgen sample` takes them."""
    options = {COMMAND.get(name, name): value for name, value in body.items() if name not in OTHERS}
    for name, off in (("top_k", (0, -1)), ("min_p", (0,)), ("typical", (1,)), ("top_p", (1,))):
        if options.get(name) in off:
            del options[name]
    if options.get("top_p") == 0:
        options["top_p"] = 1e-9
    flags = [f"--bias={generator.printed[int(index)]}={x}" for index, x in options.pop("bias", {}).items()]
    for name, value in options.items():
        if name == "temperature" and isinstance(value, list):
            value = ",".join(map(str, value))
        flags += [f"--{name.replace('_', '-')}={one}" for one in (value if isinstance(value, list) else [value])]
    return flags


def test_the_requests_use_every_option(requests):
    assert {name for body in requests for name in body} | OTHERS == set(PROPERTIES)


def test_each_text_is_what_the_command_prints(requests, answers, runs, generators, text_file, command, tmp_path):
    prompts = tmp_path / "prompts"
    for body, texts in zip(requests, answers, strict=True):
        flags = flags_of(body, generators[body["model"]])
        if isinstance(body["prompt"], list):
            prompts.write_text("\n".join(body["prompt"]), "utf-8")
            flags.append(f"--prompts={prompts}")
        else:
            flags.append(f"--prompt={body['prompt']}")
        if "max_copy" in body:
            flags.append(f"--corpus={text_file}")
        result = command("sample", runs[body["model"]], "--json", "--no-include-prompt", *flags)
        assert result.exit_code == 0, (body, result.stderr)
        assert texts == [json.loads(line)["text"] for line in result.stdout.splitlines()], body
