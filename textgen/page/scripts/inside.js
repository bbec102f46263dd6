// The tab that shows the network step by step, and lets a person put a hand on it.

import { collect, startHere } from "./client.js";
import { bits, byId, make, say, shown, visible } from "./elements.js";
import { Growing, MOST_PROMPT, known } from "./writing.js";

const MOST_STEPS = 400; // of a text that is read
const PLAY = 350; // milliseconds between two symbols
const COMPARED = 300; // symbols of each of the two texts
const GATE_ROWS = ["input", "forget", "output", "candidate"];
const LETTERS = { input: "i", forget: "f", output: "o", candidate: "g" };

/** A colour of the style sheet as three numbers. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim().split(/\s+/).map(Number);

export class Inside {
  constructor(model, settings) {
    Object.assign(this, { model, settings, ids: [], written: 0, steps: [], at: 0, unit: 0, holds: [] });
    Object.assign(this, { turn: 0, asked: null, isWalking: false, playing: null });
    const { layers, units } = model.sizes;
    for (let layer = 0; layer < layers; layer++) byId("inside-layer").append(new Option(String(layer), layer));
    byId("unit").max = units - 1;
    byId("inside-read").addEventListener("click", () => this.read());
    byId("inside-next").addEventListener("click", () => this.next());
    byId("inside-play").addEventListener("click", () => this.play(!this.playing));
    byId("inside-step").addEventListener("input", () => this.show(Number(byId("inside-step").value)));
    byId("inside-layer").addEventListener("change", () => this.draw());
    byId("unit").addEventListener("change", () => this.choose(Number(byId("unit").value)));
    byId("inside-line").addEventListener("click", ({ target }) => target.dataset?.at && this.show(Number(target.dataset.at)));
    byId("inside-line").addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      this.show(Math.min(Math.max(this.at + move, 0), this.steps.length - 1));
    });
    for (const canvas of [byId("gates"), byId("states")])
      canvas.addEventListener("click", ({ offsetX }) => this.choose(Math.floor((offsetX / canvas.clientWidth) * units)));
    byId("hold").addEventListener("click", () => {
      const gate = byId("hold-gate").value, value = Number(byId("hold-value").value);
      this.hold(byId("hold-unit").value === "all" ? { gate, value, layer: null, unit: null } : this.here({ gate, value }));
    });
    byId("silence").addEventListener("click", () => this.hold(this.here({ gate: "output", value: 0 })));
    byId("compare").addEventListener("click", () => this.compare());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get layer() {
    return Number(byId("inside-layer").value);
  }

  get step() {
    return this.steps[this.at];
  }

  here(hold) {
    return { ...hold, layer: this.layer, unit: this.unit };
  }

  /** What the person does to the network. */
  change() {
    return { ...this.settings.told(), holds: this.holds, instead: byId("instead").value.slice(-MOST_PROMPT) };
  }

  options() {
    return { ...this.settings.options(), seed: this.settings.kept() ?? this.seed };
  }

  /** Begin, when the tab opens. */
  open(prompt) {
    if (this.steps.length) return;
    byId("inside-text").value = prompt;
    this.read();
  }

  /** Do something that waits for the worker; what it throws is said. */
  async trying(task) {
    try {
      await task();
    } catch (error) {
      say(error.message);
    }
  }

  read() {
    return this.trying(async () => {
      this.play(false);
      this.seed = this.settings.otherSeed();
      const turn = ++this.turn, text = await known(this.model, byId("inside-text").value);
      const [{ ids }] = await collect(this.model.name, "ids", [text]);
      if (turn !== this.turn) return;
      this.ids = ids.slice(-MOST_STEPS);
      this.written = 0;
      if (ids.length > MOST_STEPS) say(`The text is long: its last ${MOST_STEPS} ${this.model.noun}s are read.`);
      await this.walk(0);
    });
  }

  /** Read the ids from a place on, and keep their steps. An older walk that is not over has no effect any more. */
  async walk(from) {
    const turn = ++this.turn, found = [];
    this.asked?.stop();
    const change = { ...this.change(), instead: "" };
    const parameters = [this.ids, from, this.written, this.options(), change, this.steps[from - 1] ?? null];
    this.isWalking = true;
    const asked = startHere(this.model.name, "walk", parameters, (steps) => found.push(...steps));
    this.asked = asked;
    try {
      await asked.over;
    } finally {
      if (turn === this.turn) this.isWalking = false; // also after an error: the next click tries again
    }
    if (turn !== this.turn) return;
    this.steps = [...this.steps.slice(0, from), ...found];
    byId("inside-step").max = this.steps.length - 1;
    this.write();
    this.show(this.steps.length - 1);
    document.documentElement.dataset.steps = String(this.steps.length);
  }

  /** Take the symbol that was drawn, and make a step with it. */
  next() {
    return this.trying(async () => {
      const { drawn } = this.steps[this.steps.length - 1] ?? {};
      if (!drawn || this.isWalking) return;
      this.ids = [...this.ids, drawn.id];
      this.written++;
      await this.walk(this.ids.length - 1);
    });
  }

  async play(isOn) {
    const playing = (this.playing = isOn ? {} : null);
    byId("inside-play").setAttribute("aria-pressed", String(isOn));
    byId("inside-play").textContent = isOn ? "Pause" : "Play";
    while (playing && playing === this.playing) {
      await this.next();
      await new Promise((resolve) => setTimeout(resolve, PLAY));
    }
  }

  write() {
    const first = this.ids.length - this.written;
    byId("inside-line").replaceChildren(...this.steps.map(({ symbol }, at) => {
      const span = make("span", { textContent: symbol.includes("\n") ? `↵${symbol}` : visible(symbol) === symbol || symbol === " " ? symbol : visible(symbol) });
      span.dataset.at = at;
      if (at >= first) span.className = "written";
      return span;
    }));
  }

  show(at) {
    if (!this.steps.length) return;
    byId("inside-line").children[this.at]?.classList.remove("on");
    this.at = at;
    byId("inside-line").children[at]?.classList.add("on");
    byId("inside-step").value = at;
    byId("inside-number").textContent = `${at + 1} of ${this.steps.length}`;
    this.draw();
  }

  choose(unit) {
    this.unit = Math.min(Math.max(Math.round(unit) || 0, 0), this.model.sizes.units - 1);
    byId("unit").value = this.unit;
    this.draw();
  }

  /** The step that is shown, in all its parts. */
  draw() {
    if (!this.step) return;
    const { id, symbol, gates, c, h, next, drawn } = this.step, { units, output, vocabulary } = this.model.sizes;
    byId("reads").textContent = visible(symbol);
    byId("reads-as").textContent = `number ${id} of ${vocabulary.toLocaleString("en")}; the gates receive its row of weights`;
    const { layer } = this, of = (array, size, at = 0) => array.subarray(at, at + size);
    paint(byId("gates"), units, this.unit, GATE_ROWS.map((gate, row) => [of(gates, units, (4 * layer + row) * units), gate === "candidate"]));
    const hidden = of(h, output, layer * output);
    paint(byId("states"), units, this.unit, [[of(c, units, layer * units).map(Math.tanh), true], [hidden, true]]);
    const rows = next.map(([text, logit, plain, chance]) => {
      const row = make("tr", {}, make("td", { textContent: visible(text), className: "symbol" }), make("td", { textContent: shown(logit) }), share(plain), share(chance));
      if (text === drawn?.symbol) row.className = "drawn";
      return row;
    });
    byId("logits").tBodies[0].replaceChildren(...rows);
    this.drawChance(drawn);
    this.drawUnit();
  }

  drawChance(drawn) {
    const following = this.steps[this.at + 1];
    byId("draw").textContent = drawn
      ? `The random number ${drawn.uniform.toFixed(4)} falls into the share of ${visible(drawn.symbol)}, from ${drawn.low.toFixed(4)} to ${drawn.high.toFixed(4)}. That symbol is read next.`
      : `The next symbol of the text is ${visible(following?.symbol ?? "")}.`;
    byId("chances").hidden = !drawn;
    if (!drawn) return;
    const parts = drawn.shares.map(([symbol, low, high]) => {
      const isDrawn = low === drawn.low, span = make("span", { className: isDrawn ? "drawn" : "", textContent: high - low > 0.03 || isDrawn ? visible(symbol) : "" });
      span.style.left = `${100 * low}%`;
      span.style.width = `${100 * (high - low)}%`;
      return span;
    });
    byId("needle").style.left = `${100 * drawn.uniform}%`;
    byId("chances").replaceChildren(...parts, byId("needle"));
  }

  /** The arithmetic of the chosen unit at the step that is shown. */
  drawUnit() {
    const { layer, unit, at } = this, change = { ...this.change(), instead: "" };
    startHere(this.model.name, "unit", [this.ids[at], this.steps[at - 1] ?? null, layer, unit, change], ([value]) => {
      if (unit !== this.unit || layer !== this.layer || at !== this.at) return;
      const { gates, before, c, h } = value;
      for (const [gate, letter] of Object.entries(LETTERS)) byId(letter).textContent = shown(gates[gate].value);
      byId("before").textContent = shown(before);
      byId("c").textContent = shown(c);
      byId("h").textContent = shown(h);
      const line = (gate) => {
        const { input, recurrent, bias, sum, value: result } = gates[gate], name = gate === "candidate" ? "tanh" : "σ";
        return `${LETTERS[gate]} = ${name}(${shown(input, 3)} + ${shown(recurrent, 3)} + ${shown(bias, 3)}) = ${name}(${shown(sum, 3)}) = ${shown(result, 3)}`;
      };
      byId("arithmetic").textContent = [
        "gate = activation(from the symbol + from the hidden state + bias)",
        ...["forget", "input", "candidate", "output"].map(line),
        `c = f · c + i · g = ${shown(gates.forget.value, 3)} · ${shown(before, 3)} + ${shown(gates.input.value, 3)} · ${shown(gates.candidate.value, 3)} = ${shown(c, 3)}`,
        `h = o · tanh(c) = ${shown(gates.output.value, 3)} · ${shown(Math.tanh(c), 3)} = ${shown(h, 3)}`,
      ].join("\n");
    }).over.catch((error) => say(error.message));
  }

  hold(hold) {
    const isSame = (other) => ["gate", "layer", "unit"].every((name) => other[name] === hold[name]);
    this.holds = [...this.holds.filter((other) => !isSame(other)), hold];
    this.drawHolds();
  }

  drawHolds() {
    const name = ({ gate, value, layer, unit }) => `${gate} gate of ${unit === null ? "all units" : `layer ${layer} unit ${unit}`} at ${value}`;
    byId("holds").replaceChildren(...this.holds.map((hold) => {
      const button = make("button", { textContent: `${name(hold)} ✕`, title: "Let go" });
      button.addEventListener("click", () => {
        this.holds = this.holds.filter((other) => other !== hold);
        this.drawHolds();
      });
      return make("li", {}, button);
    }));
    if (this.ids.length) this.trying(() => this.walk(0));
  }

  /** Write with and without what is held, from one seed, and say what it costs on the text that was read. */
  async compare() {
    const prompt = byId("inside-text").value, seed = this.settings.kept() ?? this.seed ?? this.settings.seed();
    const options = { ...this.settings.options(), seed, length: COMPARED, count: 1 };
    const sides = [["As it learned", this.settings.told()], ["With your hand on it", this.change()]];
    const texts = sides.map(() => make("div", { className: "text", dir: "auto" }));
    byId("both").replaceChildren(...sides.map(([title], at) => make("section", {}, make("h3", { textContent: title }), texts[at])));
    try {
      const text = await known(this.model, prompt);
      await Promise.all(sides.map(([, change], at) => {
        const growing = new Growing(texts[at], text);
        return startHere(this.model.name, "write", [text, options, 0, change], (pieces) => growing.add(pieces)).over;
      }));
      const means = await Promise.all(sides.map(([, change]) => this.mean(text, change)));
      byId("cost").textContent = text
        ? `The text to read: ${bits(means[0]).toFixed(2)} bits a ${this.model.noun} as it learned, ${bits(means[1]).toFixed(2)} with what is held.`
        : "";
    } catch (error) {
      say(error.message);
    }
    document.documentElement.dataset.compared = "yes";
  }

  async mean(text, change) {
    let sum = 0, count = 0;
    await startHere(this.model.name, "score", [text, { ...change, instead: "" }], (read) => {
      for (const { nats } of read) [sum, count] = [sum + nats, count + 1];
    }).over;
    return count ? sum / count : 0;
  }
}

function share(chance) {
  const bar = make("b");
  bar.style.width = `${100 * chance}%`;
  return make("td", { className: "share" }, bar, make("span", { textContent: `${(100 * chance).toFixed(1)}%` }));
}

/** Rows of numbers as stripes of colour: of 0 to 1, or of -1 to 1 where the row is signed. The chosen column is marked. */
function paint(canvas, units, chosen, rows) {
  const [open, warm, cold, ground] = ["--open", "--warm", "--cold", "--paper"].map(colour);
  canvas.width = units;
  canvas.height = rows.length;
  const context = canvas.getContext("2d"), image = context.createImageData(units, rows.length);
  rows.forEach(([numbers, isSigned], row) => {
    for (let unit = 0; unit < units; unit++) {
      const number = numbers[unit] ?? 0, to = isSigned ? (number < 0 ? cold : warm) : open, part = Math.min(Math.abs(number), 1);
      const at = 4 * (row * units + unit);
      for (let channel = 0; channel < 3; channel++) image.data[at + channel] = ground[channel] + (to[channel] - ground[channel]) * part;
      image.data[at + 3] = 255;
    }
  });
  context.putImageData(image, 0, 0);
  canvas.title = `unit ${chosen} of ${units}`;
}
