"""Random requests to a server by the ten thousand, made from its own /openapi.json: does it ever fail, or grow?

    python -m benchmarks.fuzz_server [--requests 20000] [--seed 1]

A third of the bodies fit the schema of their route, a third do so but for one property, a third are any JSON values,
or are completions that must succeed. Each must get 200, 400 or 404, and an error its message, type, param and code;
`param` is a field of the route. The server runs in a process of its own, with two models of random weights: one writes
poems, one reads whole files. Its memory is printed on the way.
"""

import argparse
import functools
import http.client
import json
import multiprocessing
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.helpers import bodies
from tests.helpers.models import untaught
from textgen.serve import ServeConfig, app

ALPHABET = "abcdefghijklmnopqrstuvwxyz ,.\n"
ERROR = {"message", "type", "param", "code"}
POSSIBLE = {200, 400, 404}
# Of the requests: poems take a hundred times as long as the others.
SHARES, OTHERS = {"/v1/completions": 0.5, "/v1/textgen/poem": 0.02}, 0.12


def served():
    """The application that is attacked, and the list that takes the lines of its log."""
    lines = []
    models = [untaught(ALPHABET), untaught(ALPHABET, seed=1, documents="file")]
    return app(models, config=ServeConfig(max_length=24, timeout=1.0, threads=1), say=lines.append), lines


def serve(listener, faults):
    from textgen.serve.listening import listen

    application, lines = served()
    try:
        listen(application, listener)
    finally:
        faults.put([line for line in lines if " fault " in line])


def strategy(path, schema):
    """Bodies for a route: (whether it must succeed, the body)."""
    kinds = [bodies.bodies(schema), bodies.nearly(schema), bodies.JSON]
    found = st.one_of([st.tuples(st.just(False), kind) for kind in kinds])
    return found | st.tuples(st.just(True), bodies.plain(schema, ALPHABET)) if path == "/v1/completions" else found


def complaint(schema, must_succeed, status, kind, text):
    """What is wrong with an answer; empty where nothing is."""
    if status == 503 and "tries" in schema["properties"]:
        return ""  # no poem was found in time
    if status not in POSSIBLE or (must_succeed and status != 200):
        return f"status {status}"
    if kind.startswith("text/event-stream"):
        return "" if text.endswith("data: [DONE]\n\n") else "no [DONE]"
    values = json.loads(text)
    if status == 200:
        return ""
    error = values["error"]
    if set(values) != {"error"} or set(error) != ERROR or not error["message"] or "\n" in error["message"]:
        return "the error's fields"
    unknown = error["message"].startswith("unknown field")
    return "" if error["param"] is None or error["param"] in schema["properties"] or unknown else "param"


class Attack:
    """Sends requests, and counts how they end."""

    def __init__(self, connection, pid, pace):
        self.ends, self.wrong, self.figures, self.slowest = Counter(), [], [], (0.0, "")
        self._connection, self._pid, self._pace = connection, pid, pace

    def __call__(self, path, schema, pair):
        must_succeed, body = pair
        data, began = json.dumps(body), time.perf_counter()
        status, kind, text = ask(self._connection, "POST", path, data)
        self.slowest = max(self.slowest, (time.perf_counter() - began, f"{path} {data[:300]}"))
        self.ends[path, status] += 1
        if why := complaint(schema, must_succeed, status, kind, text):
            self.wrong.append(f"{why}: {path} {data[:300]} -> {text[:300]}")
        if self.ends.total() % self._pace == 0:
            self.figures.append(memory(self._pid))


def _called(one):
    """A function that Hypothesis can call: it takes no defaults and no partial functions."""
    return lambda pair: one(pair)


def memory(pid):
    status = Path(f"/proc/{pid}/status")
    line = next((line for line in status.read_text().splitlines() if "VmRSS" in line), "") if status.exists() else ""
    return int(line.split()[1]) / 1024 if line else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    from textgen.serve.listening import bind

    warnings.simplefilter("ignore")
    listener, faults = bind("127.0.0.1", 0), multiprocessing.Queue()
    port = listener.getsockname()[1]
    server = multiprocessing.Process(target=serve, args=(listener, faults))
    server.start()
    listener.close()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    schemas = bodies.schemas(json.loads(ask(connection, "GET", "/openapi.json")[2]))
    print(f"seed {arguments.seed}, {arguments.requests:,} requests for {', '.join(schemas)}")
    began = time.monotonic()
    attack = Attack(connection, server.pid, arguments.requests // 20 or 1)
    for path, schema in schemas.items():
        usual = settings(
            max_examples=round(arguments.requests * SHARES.get(path, OTHERS)), deadline=None, database=None
        )
        bold = settings(usual, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        one = functools.partial(attack, path, schema)
        seeded(arguments.seed)(bold(given(pair=strategy(path, schema))(_called(one))))()
    ends, wrong, figures = attack.ends, attack.wrong, attack.figures
    for (path, status), number in sorted(ends.items()):
        print(f"{number:8,}  {status}  {path}")
    alive = ask(connection, "GET", "/health")[0] == 200
    server.terminate()
    found = faults.get()
    server.join()
    print(f"{ends.total():,} requests in {time.monotonic() - began:.0f} s; alive: {alive}; faults logged: {len(found)}")
    print(f"slowest: {attack.slowest[0]:.2f} s: {attack.slowest[1]}")
    print("memory of the server, MB:", *(f"{each:.0f}" for each in figures))
    print(f"wrong: {len(wrong)}", *wrong[:10], *found[:3], sep="\n")
    sys.exit(bool(wrong or found or not alive))


def ask(connection, method, path, data=None):
    connection.request(method, path, data, {"Content-Type": "application/json"} if data is not None else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    return answer.status, answer.getheader("content-type"), text


if __name__ == "__main__":
    main()
