"""Poems by textgen and by the usual LSTM in PyTorch, which learned the same poems for as much CPU time, side by side.

    python -m benchmarks.poem_peer --learn tang/*.json --reference held-out/*.json --form jueju7 [--minutes 12] \\
        [--poems 300] [--torch-python PATH] [--temperature 0.8] [--out FOLDER]

Both learn the poems of the forms among `--learn`. textgen trains with `--minutes` of the clock; the CPU seconds that
its process takes are measured, and PyTorch stops after as many. So a busy machine is fair to both.

The peer follows the well-known example of a CharRNN for Tang poems: an embedding of 128, two LSTM layers of 256 units,
Adam at 0.001, batches of 128, a poem a row, which begins with a start token and ends with an end token. In its favour,
padding is left out of the loss, and a twentieth of the poems is held out: its weights are those with the lowest loss on
them. It has the first characters of a poem forced and goes on, by the likeliest character or by chance, until the form
has its lines, the poem ends, or 200 characters are written.

Each writes a poem from the first characters of each held-out poem; textgen also writes one on the title of each. What
is printed for each form: what share of the poems keeps its shape and all of its rules (`textgen poem check`), how many
lines are copied from the poems that were learned, and the figures of `textgen poem judge`, which judges the poems of
the right shape only. --torch-python is a Python that can import PyTorch (default: this one).
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START, END, PADDING = "<start>", "<end>", "<padding>"
# Marks that end a line of a poem, and how long a poem may become, as in the example.
CLOSING, LONGEST = "，。！？；", 200
EMBEDDING, UNITS, LAYERS, BATCH, RATE = 128, 256, 2, 128, 1e-3
HELD_OUT = 20
# The first characters of a poem that are given.
GIVEN = 2


# ---- the peer: a process of its own, which knows nothing of textgen ----


def peer(task):
    """Train on `task["poems"]` for `task["seconds"]` of CPU time, then write a poem for each of `task["starts"]`."""
    import torch
    from torch import nn

    torch.manual_seed(1)
    poems = task["poems"]
    symbols = [PADDING, START, END, *sorted(set("".join(poems)))]
    id_of = {symbol: index for index, symbol in enumerate(symbols)}
    rows = [[id_of[START], *map(id_of.__getitem__, poem), id_of[END]] for poem in poems]
    held_out, learned = rows[::HELD_OUT], [row for at, row in enumerate(rows) if at % HELD_OUT]

    class CharRNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(len(symbols), EMBEDDING)
            self.lstm = nn.LSTM(EMBEDDING, UNITS, LAYERS, batch_first=True)
            self.output = nn.Linear(UNITS, len(symbols))

        def forward(self, ids, state=None):
            outputs, state = self.lstm(self.embedding(ids), state)
            return self.output(outputs), state

    model = CharRNN()
    optimizer = torch.optim.Adam(model.parameters(), RATE)

    def loss_of(some):
        size = max(map(len, some))
        ids = torch.tensor([row + [0] * (size - len(row)) for row in some])
        logits, _ = model(ids[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=0)

    def held_out_loss():
        model.eval()
        with torch.no_grad():
            parts = [held_out[at : at + BATCH] for at in range(0, len(held_out), BATCH)]
            found = sum(loss_of(part).item() * len(part) for part in parts) / len(held_out)
        model.train()
        return found

    best, weights, epochs, steps = float("inf"), {}, 0, 0
    while spent() < task["seconds"]:
        order = torch.randperm(len(learned)).tolist()
        for at in range(0, len(order), BATCH):
            optimizer.zero_grad()
            loss_of([learned[one] for one in order[at : at + BATCH]]).backward()
            optimizer.step()
            steps += 1
            if spent() >= task["seconds"]:
                break
        epochs += 1
        if (found := held_out_loss()) < best:
            best, weights = found, {name: value.clone() for name, value in model.state_dict().items()}
    seconds = spent()
    model.load_state_dict(weights)
    model.eval()

    def written(start, lines, temperature):
        """Go on from the first characters of a poem; temperature 0 takes the likeliest."""
        text = start
        with torch.no_grad():
            logits, state = model(torch.tensor([[id_of[START], *(id_of[one] for one in start if one in id_of)]]))
            while len(text) < LONGEST and sum(one in CLOSING for one in text) < lines:
                scores = logits[0, -1]
                scores[[id_of[PADDING], id_of[START]]] = -float("inf")
                if temperature:
                    index = int(torch.multinomial(torch.softmax(scores / temperature, 0), 1))
                else:
                    index = int(scores.argmax())
                if index == id_of[END]:
                    break
                text += symbols[index]
                logits, state = model(torch.tensor([[index]]), state)
        return text

    found = {
        name: [written(start, task["lines"], temperature) for start in task["starts"]]
        for name, temperature in (("sampled", task["temperature"]), ("likeliest", 0))
    }
    about = f"{steps:,} steps, {epochs} epochs, held-out loss {best:.3f}, {seconds:.0f} CPU seconds"
    print(json.dumps({"about": about, **found}))


def spent():
    """CPU seconds of this process, all threads."""
    used = os.times()
    return used.user + used.system


# ---- what runs both and compares them ----


def documents(paths, form):
    """The title and the text of each poem of a form, without its heading."""
    from textgen.corpus.documents import read_corpus
    from textgen.corpus.headings import title_of, without_heading
    from textgen.corpus.poems import Selection

    selection = Selection(heading="title", forms=(form,))
    found = read_corpus(sorted(paths), selection=selection).documents
    return [(title_of(document), without_heading(document).replace("\n", "")) for document in found]


def trained(paths, form, minutes, run):
    """Train textgen; returns the CPU seconds of its process and of those that it started."""
    command = [sys.executable, "-m", "textgen", "train", *sorted(paths), "--form", form, "--minutes", str(minutes)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--out", str(run), "--overwrite", "--sample-length", "0", "--quiet"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_textgen(run, form, asked, temperature):
    """A poem for each of some options; those that textgen refuses are counted."""
    from textgen import Generator
    from textgen.errors import TextgenError
    from textgen.verse import compose

    generator, poems, refused = Generator.load(run), [], 0
    for seed, options in enumerate(asked):
        try:
            poem = compose(generator, form=form, seed=seed, temperature=temperature, **options)
            poems.append("".join(poem.lines))
        except TextgenError:
            refused += 1
            poems.append("")
    return poems, refused


def by_torch(python, task):
    """What the peer writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.json"
        path.write_text(json.dumps(task), "utf-8")
        command = [python, __file__, "--peer", str(path)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def shares(poems, form, learned):
    """The shares of poems of the right shape and of those that keep every rule, and the share of lines copied."""
    from textgen.corpus.forms import form_of
    from textgen.corpus.memory import lines_of, without_marks
    from textgen.verse import check

    parts = [lines_of(poem) for poem in poems if poem]
    shaped = [form_of(form).fits([without_marks(line) for line in lines]) for lines in parts]
    held = [fits and check(lines, form).holds for fits, lines in zip(shaped, parts, strict=True)]
    lines = [without_marks(line) for own in parts for line in own]
    total = max(len(parts), 1)
    return sum(shaped) / total, sum(held) / total, sum(line in learned for line in lines) / max(len(lines), 1)


def judged(poems, titles, form, reference, path):
    """The judge's figures by name, and those of human poems; empty where too few poems have the shape."""
    from textgen.errors import TextgenError
    from textgen.judging import judge

    rows = [
        {"title": title, "author": "machine", "paragraphs": [poem]}
        for title, poem in zip(titles, poems, strict=True)
        if poem
    ]
    path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    try:
        found = judge(path, reference=sorted(reference), form=form)
    except TextgenError as error:
        print(f"  not judged: {error}")
        return {}
    # Contenders differ in how many of their poems have the shape.
    return {re.sub(", of [0-9,]+ poems$", "", one.label.strip()): (one.value, one.human) for one in found.measures}


def compare(given, form, folder):
    """Train both on a form, let both write, and print the table."""
    from textgen.corpus.forms import form_of
    from textgen.corpus.memory import lines_of, without_marks

    learned, human = documents(given.learn, form), documents(given.reference, form)
    human = [(title, text) for title, text in human if title][: given.poems]
    titles, starts = [title for title, _ in human], [text[:GIVEN] for _, text in human]
    run = folder / f"textgen-{form}"
    seconds = trained(given.learn, form, given.minutes, run)
    print(f"{form}: {len(learned):,} poems learned, {len(human)} to write", flush=True)
    print(f"  textgen: {seconds:.0f} CPU seconds with --minutes {given.minutes:g}", flush=True)
    task = {"poems": [text for _, text in learned], "seconds": seconds, "starts": starts}
    other = by_torch(given.torch_python, task | {"lines": form_of(form).lines, "temperature": given.temperature})
    print(f"  PyTorch: {other.pop('about')}", flush=True)
    own, refused = by_textgen(run, form, [{"start": start} for start in starts], given.temperature)
    themed, also = by_textgen(run, form, [{"theme": title} for title in titles], given.temperature)
    print(f"  textgen refused {refused} beginnings and {also} titles", flush=True)
    contenders = {"textgen": own, "textgen, title": themed}
    contenders |= {f"PyTorch, {name}": poems for name, poems in other.items()}
    known = {without_marks(line) for _, text in learned for line in lines_of(text)}
    table = {}
    for name, poems in contenders.items():
        shape, holds, copied = shares(poems, form, known)
        path = folder / f"{form}-{name.replace(', ', '-')}.json"
        figures = judged(poems, titles, form, given.reference, path)
        measured = {"poems of the shape": (shape, 1.0), "poems whose form holds": (holds, None)}
        table[name] = measured | {"lines copied": (copied, None)} | figures
    labels = dict.fromkeys(label for column in table.values() for label in column)
    print(f"  {'':<44}" + "".join(f"{name:>20}" for name in table) + f"{'human':>12}")
    for label in labels:
        cells = [column.get(label, (None, None))[0] for column in table.values()]
        human_values = [column[label][1] for column in table.values() if label in column]
        print(
            f"  {label:<44}" + "".join(map(cell, cells)) + cell(next(filter(None, human_values), None), 12), flush=True
        )


def cell(value, width=20):
    """A figure in a column."""
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.3f}"


def main():
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learn", nargs="+", metavar="FILE")
    parser.add_argument("--reference", nargs="+", metavar="FILE")
    parser.add_argument("--form", nargs="+", default=["jueju7"])
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--poems", type=int, default=300)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--out", help="keep the runs and the poems in this folder")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        peer(json.loads(Path(given.peer).read_text("utf-8")))
        return
    if not given.learn or not given.reference:
        parser.error("give the files to learn from (--learn) and held-out ones (--reference)")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.out or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for form in given.form:
            compare(given, form, folder)
    print(f"{(time.perf_counter() - began) / 60:.0f} minutes of the clock in all")


if __name__ == "__main__":
    main()
