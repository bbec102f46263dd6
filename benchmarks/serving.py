"""A textgen server beside the command line, and beside the same model in a plain PyTorch loop behind starlette.

    python benchmarks/serving.py [--run RUN] [--torch-python PATH] [--rounds 5]

In each round, one after the other: `textgen sample` writes one text, from its first to its last character; 32 texts are
written side by side by `Generator.generate_many`; one client streams a text from the server; 32 clients together ask
for whole texts, then 32 stream. The clients are one process of its own, which only looks for the end of each answer.
The PyTorch server answers the same requests: it has the same weights, its state is carried from step to step, and it
writes one text at a time. Ratios are medians of the rounds' ratios. Then: the time to the first symbol of 200 streams
after a prompt of 20 symbols, the time from the start of the process to the first answer of /health, and memory.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from contest import Worker, has_torch, ratio, serve

CLIENTS, LONG, EACH = 32, 10_000, 1_000  # symbols of one text alone, and of each of many
PROMPT, TEMPERATURE = "The river", 0.8
FIRSTS, PROMPT_OF_TWENTY = 200, "The river was so low"


# What is measured: each worker prepares itself and is asked again in each round (contest.py).


def command_worker(run):
    command = [sys.executable, "-m", "textgen", "sample", run, "--prompt", PROMPT, "--temperature", str(TEMPERATURE)]

    def turn(number):
        process = subprocess.Popen(
            [*command, "--length", str(number), "--seed", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        os.read(process.stdout.fileno(), 1)
        began = time.perf_counter()
        while os.read(process.stdout.fileno(), 65536):
            pass
        seconds = time.perf_counter() - began
        process.wait()
        return seconds / number

    serve(turn, 100)


def many_worker(run):
    from textgen import Generator

    generator = Generator.load(run)

    def turn(number):
        began = time.perf_counter()
        generator.generate_many(PROMPT, count=CLIENTS, length=number, temperature=TEMPERATURE, seed=1)
        return (time.perf_counter() - began) / number / CLIENTS

    serve(turn, 100)


def clients_worker(port, clients, streams):
    def turn(number):
        threads = [
            threading.Thread(target=request, args=(int(port), number, seed, streams == "stream"))
            for seed in range(int(clients))
        ]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (time.perf_counter() - began) / number / int(clients)

    serve(turn, 20)


def request(port, symbols, seed, stream, prompt=PROMPT):
    """Ask for a text and read the whole answer. Returns the seconds to its first event where it is streamed."""
    body = {"prompt": prompt, "max_tokens": symbols, "temperature": TEMPERATURE, "seed": seed, "stream": stream}
    data = json.dumps(body).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        connection.sendall(head.encode() + data)
        received, first = b"", None
        while piece := connection.recv(262_144):
            received += piece
            if first is None and b"\ndata: " in received:
                first = time.perf_counter() - began
    assert b" 200 " in received[:20], received[:500]
    assert b"[DONE]" in received[-30:] or not stream
    return first


def torch_server(folder, port):
    """The same model: nn.LSTM with its state carried, one text at a time, behind starlette and uvicorn."""
    import asyncio

    import numpy as np
    import torch
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, StreamingResponse
    from starlette.routing import Route

    saved = dict(np.load(Path(folder) / "weights.npz"))
    symbols = json.loads((Path(folder) / "symbols.json").read_text("utf-8"))
    vocabulary, width = saved["embedding"].shape
    layers = sum(name.endswith(".kernel") for name in saved) - 1
    units = saved["lstm.0.recurrent_kernel"].shape[0]
    embedding, lstm = torch.nn.Embedding(vocabulary, width), torch.nn.LSTM(width, units, layers)
    head = torch.nn.Linear(units, vocabulary)
    with torch.no_grad():
        embedding.weight.copy_(torch.tensor(saved["embedding"]))
        head.weight.copy_(torch.tensor(saved["output.kernel"].T.copy()))
        head.bias.copy_(torch.tensor(saved["output.bias"]))
        for layer in range(layers):
            # Keras has the gates in the order i, f, g, o, as PyTorch does, and one bias where PyTorch has two.
            for name, own in (("weight_ih", "kernel"), ("weight_hh", "recurrent_kernel")):
                getattr(lstm, f"{name}_l{layer}").copy_(torch.tensor(saved[f"lstm.{layer}.{own}"].T.copy()))
            getattr(lstm, f"bias_ih_l{layer}").copy_(torch.tensor(saved[f"lstm.{layer}.bias"]))
            getattr(lstm, f"bias_hh_l{layer}").zero_()
    torch.set_num_threads(1)  # faster than two for one row
    turn = asyncio.Lock()

    @torch.inference_mode()
    def step(ids, state):
        output, state = lstm(embedding(torch.tensor(ids)[:, None]), state)
        return head(output[-1, 0]), state

    @torch.inference_mode()
    def write(logits, state, number, temperature, generator):
        text = ""
        for _ in range(number):
            chances = torch.softmax(logits / temperature, 0)
            index = int(torch.multinomial(chances, 1, generator=generator))
            text += symbols[index]
            logits, state = step([index], state)
        return text, logits, state

    async def pieces(body):
        async with turn:
            generator = torch.Generator().manual_seed(body["seed"])
            ids = [symbols.index(symbol) for symbol in body["prompt"]]
            logits, state = await asyncio.to_thread(step, ids, None)
            left = body["max_tokens"]
            while left:
                number = min(left, 1 if left == body["max_tokens"] else 200)
                text, logits, state = await asyncio.to_thread(
                    write, logits, state, number, body["temperature"], generator
                )
                left -= number
                yield text

    async def completions(request):
        body = await request.json()
        if not body["stream"]:
            return JSONResponse({"choices": [{"index": 0, "text": "".join([each async for each in pieces(body)])}]})

        async def events():
            async for text in pieces(body):
                yield f"data: {json.dumps({'choices': [{'index': 0, 'text': text, 'finish_reason': None}]})}\n\n"
            yield "data: [DONE]\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def health(_):
        return JSONResponse({"status": "ok"})

    application = Starlette(routes=[Route("/v1/completions", completions, methods=["POST"]), Route("/health", health)])
    uvicorn.run(application, host="127.0.0.1", port=int(port), log_level="error", http="h11")


class Served:
    """A server in a process of its own, from its start to the first answer of /health."""

    def __init__(self, command):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        began = time.perf_counter()
        # As users start it: with compiled modules kept.
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.process = subprocess.Popen([*command, str(self.port)], stderr=subprocess.DEVNULL, env=kept)
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port)
                connection.request("GET", "/health")
                assert connection.getresponse().status == 200
                break
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - began > 60:
                    raise SystemExit(f"the server did not start; run it by hand to see why: {command}") from None
                time.sleep(0.002)
        self.started = time.perf_counter() - began

    def memory(self):
        """The resident set, MB; 0 where the system does not say it."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:
            return 0.0
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1e3

    def close(self):
        self.process.terminate()
        self.process.wait()


def textgen_command(run):
    return [sys.executable, "-m", "textgen", "serve", run, "--port"]


def median_start(command, times=5):
    found = []
    for _ in range(times):
        served = Served(command)
        found.append(served.started)
        served.close()
    return statistics.median(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", default="jabez", help="the run to serve; default: the one that ships")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with PyTorch, starlette and uvicorn")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    from textgen import Generator

    generator = Generator.load(options.run)
    weights = sum(array.nbytes for array in generator.engine.named_weights().values()) / 1e6
    print(generator)
    ours = Served(textgen_command(options.run))
    after_start = ours.memory()
    servers, theirs = [ours], None
    if has_torch(options.torch_python):
        folder = Path(__file__).parent.parent / "build" / "serving"
        folder.mkdir(parents=True, exist_ok=True)
        import numpy as np

        np.savez(folder / "weights.npz", **generator.engine.named_weights())
        (folder / "symbols.json").write_text(json.dumps(generator.printed), "utf-8")
        theirs = Served([options.torch_python, __file__, "--torch-server", str(folder)])
        servers.append(theirs)
    try:
        compare(options, ours, theirs)
        firsts = sorted(request(ours.port, 2, seed, True, PROMPT_OF_TWENTY) for seed in range(FIRSTS))
        print(
            f"\nfirst symbol after a prompt of {len(PROMPT_OF_TWENTY)}, {FIRSTS} streams: median "
            f"{statistics.median(firsts) * 1e3:.1f} ms, 99th percentile {firsts[FIRSTS * 99 // 100] * 1e3:.1f} ms"
        )
        print(
            f"memory: {after_start:.0f} MB after the start, {ours.memory():.0f} MB after all this; the weights are "
            f"{weights:.1f} MB of it"
        )
    finally:
        for each in servers:
            each.close()
    started = median_start(textgen_command(options.run))
    print(f"from the start of the process to /health: {started:.2f} s, median of 5")


def compare(options, ours, theirs):
    script = __file__
    jobs = {
        "textgen sample": ("command", [options.run], LONG),
        "server, 1 stream": ("clients", [ours.port, 1, "stream"], LONG),
        f"generate_many, {CLIENTS} texts": ("many", [options.run], EACH),
        f"server, {CLIENTS} clients": ("clients", [ours.port, CLIENTS, "whole"], EACH),
        f"server, {CLIENTS} streams": ("clients", [ours.port, CLIENTS, "stream"], EACH),
    }
    if theirs:
        jobs["PyTorch server, 1 stream"] = ("clients", [theirs.port, 1, "stream"], LONG // 10)
        jobs[f"PyTorch server, {CLIENTS} clients"] = ("clients", [theirs.port, CLIENTS, "whole"], EACH // 10)
    workers = {name: Worker(sys.executable, script, kind, given) for name, (kind, given, _) in jobs.items()}
    seconds = {name: [] for name in jobs}
    try:
        for _ in range(options.rounds):
            for name, worker in workers.items():
                seconds[name].append(worker.measure(jobs[name][2]))
    finally:
        for worker in workers.values():
            worker.close()
    print(f"\nsymbols a second, median of {options.rounds} rounds")
    for name, found in seconds.items():
        print(f"  {name:30} {1 / statistics.median(found):10,.0f}")
    alone, many = "textgen sample", f"generate_many, {CLIENTS} texts"
    print("\nratios, medians of the rounds' ratios")
    pairs = [("server, 1 stream", alone), (f"server, {CLIENTS} clients", many), (f"server, {CLIENTS} streams", many)]
    if theirs:
        pairs += [
            ("server, 1 stream", "PyTorch server, 1 stream"),
            (f"server, {CLIENTS} clients", f"PyTorch server, {CLIENTS} clients"),
        ]
    for one, other in pairs:
        print(f"  {one} / {other}: {ratio(seconds[other], seconds[one]):.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        kinds = {"command": command_worker, "many": many_worker, "clients": clients_worker}
        kinds[sys.argv[2]](*sys.argv[3:])
    elif sys.argv[1:2] == ["--torch-server"]:
        torch_server(*sys.argv[2:])
    else:
        main()
