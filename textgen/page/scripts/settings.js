// The settings of writing: what each may be, its control, and the part of the address that carries them.

import { byId, make, say } from "./elements.js";

const MOST_SEED = 2n ** 63n - 1n;
const MOST_FRAGMENT = 20_000; // characters

// By name: as an option of textgen sample; off: the value at which it does nothing and is not given.
const SLIDERS = [
  { name: "temperature", label: "Temperature", low: 0, high: 2, step: 0.01, value: 0.8, help: "below 1: likelier symbols; above 1: more surprises" },
  { name: "length", label: "Length", low: 1, high: 3000, step: 1, value: 400, help: "symbols to write" },
  { name: "count", label: "Texts", low: 1, high: 6, step: 1, value: 1, help: "side by side, from one seed" },
];
const MORE = [
  { name: "top_k", label: "Top k", low: 0, high: 50, step: 1, value: 0, off: 0, help: "only the k likeliest symbols" },
  { name: "top_p", label: "Top p", low: 0.01, high: 1, step: 0.01, value: 1, off: 1, help: "the fewest symbols that reach this probability" },
  { name: "min_p", label: "Min p", low: 0, high: 1, step: 0.01, value: 0, off: 0, help: "at least this share of the likeliest" },
  { name: "typical", label: "Typical", low: 0.01, high: 1, step: 0.01, value: 1, off: 1, help: "surprisal near the expected one" },
  { name: "repetition_penalty", label: "Repetition penalty", low: 0.5, high: 2, step: 0.01, value: 1, off: 1, help: "above 1: fewer repetitions" },
  { name: "no_repeat", label: "No repeat", low: 0, high: 30, step: 1, value: 0, off: 0, help: "never the same n symbols twice" },
];
const GUIDANCE = { name: "guidance", label: "Guidance", low: 0, high: 4, step: 0.1, value: 1, help: "above 1: follow the labels more strongly" };
const ALL = [...SLIDERS, ...MORE];

const newSeed = () => BigInt(crypto.getRandomValues(new Uint32Array(1))[0]);

/** The settings' controls, and their values. changed is called after each change by the person. */
export class Settings {
  constructor(model, changed) {
    this.changed = changed;
    this.model = model;
    this.sliders = model.labels.length ? [...ALL, GUIDANCE] : ALL;
    for (const { name, values } of model.labels) byId("choices").append(this.choice(name, values));
    if (model.labels.length) byId("choices").append(this.slider(GUIDANCE));
    byId("reset").addEventListener("click", () => {
      for (const { name, value } of this.sliders) this.set(name, value);
      for (const name of ["stop-text", "forbid"]) byId(name).value = "";
      for (const select of byId("choices").querySelectorAll("select")) select.value = "0";
      byId("keep").checked = false;
      changed();
    });
    for (const name of ["stop-text", "forbid"]) byId(name).addEventListener("input", changed);
    for (const one of SLIDERS) byId("sliders").append(this.slider(one));
    for (const one of MORE) byId("more-sliders").append(this.slider(one));
    byId("seed").value = String(newSeed());
    byId("seed").addEventListener("input", () => {
      byId("keep").checked = true;
      changed();
    });
  }

  slider(one) {
    const output = make("output", { id: `${one.name}-value`, htmlFor: one.name });
    const input = make("input", { type: "range", id: one.name, "aria-describedby": `${one.name}-help` });
    Object.assign(input, { min: one.low, max: one.high, step: one.step, value: one.value });
    const show = () => (output.textContent = Number(input.value) === one.off ? "off" : input.value);
    input.addEventListener("input", () => {
      show();
      this.changed();
    });
    show();
    const help = make("small", { id: `${one.name}-help`, textContent: one.help });
    return make("div", { className: "setting" }, make("label", { htmlFor: one.name, textContent: one.label }), output, input, help);
  }

  /** A list of the labels of a name. */
  choice(name, values) {
    const select = make("select", { id: `label-${name}` }, new Option("not told", "0"));
    values.forEach((value, place) => select.append(new Option(value || "(none)", place + 1)));
    select.addEventListener("change", this.changed);
    return make("div", { className: "setting" }, make("label", { htmlFor: select.id, textContent: name }), select);
  }

  /** What a text is told: its labels, and how strongly they are followed. */
  told() {
    const labels = this.labels();
    return Object.keys(labels).length ? { labels, guidance: this.value("guidance") } : { labels };
  }

  /** The labels that are chosen, by name. */
  labels() {
    const chosen = this.model.labels.map(({ name, values }) => [name, values[Number(byId(`label-${name}`).value) - 1]]);
    return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
  }

  /** The seed that is kept, or null. */
  kept() {
    return byId("keep").checked ? seedOf(byId("seed").value) : null;
  }

  value(name) {
    return Number(byId(name).value);
  }

  set(name, value) {
    byId(name).value = value;
    byId(name).dispatchEvent(new Event("input"));
  }

  /** The seed to write a text with: the one that is kept, or a new one, which the field then shows. */
  seed() {
    const kept = seedOf(byId("seed").value);
    if (byId("keep").checked && kept === null) say(`The seed is a whole number from 0 to ${MOST_SEED}; this text has a new one.`);
    if (!byId("keep").checked || kept === null) byId("seed").value = String(newSeed());
    return seedOf(byId("seed").value);
  }

  /** The same for what is no text of the first tab: the field keeps the seed of that one. */
  otherSeed() {
    return this.kept() ?? newSeed();
  }

  /** The options by their names, without those that are off. */
  options() {
    const stop = byId("stop-text").value, forbid = byId("forbid").value;
    const chosen = ALL.filter(({ name, off }) => this.value(name) !== off).map(({ name }) => [name, this.value(name)]);
    return {
      ...Object.fromEntries(chosen),
      repetition_window: 64,
      ...(stop && { stop: [unescaped(stop)] }),
      ...(forbid && { forbid: [unescaped(forbid)] }),
    };
  }

  /** What the address carries. */
  fragment(prompt) {
    const fields = new URLSearchParams();
    if (!byId("server").hidden) fields.set("model", this.model.name);
    if (prompt) fields.set("prompt", prompt);
    for (const [name, label] of Object.entries(this.labels())) fields.set(`label-${name}`, label);
    for (const { name, value } of this.sliders) if (this.value(name) !== value) fields.set(name, this.value(name));
    for (const name of ["stop-text", "forbid"]) if (byId(name).value) fields.set(name, byId(name).value);
    fields.set("seed", byId("seed").value);
    return `#${fields}`;
  }

  /** Take what an address carries. Returns {prompt, refused}: the names of what was not understood. */
  take(fragment) {
    const text = fragment.replace(/^#/, "");
    if (text.length > MOST_FRAGMENT) return { prompt: null, refused: ["the whole link, which is too long"] };
    const refused = [];
    let prompt = null;
    for (const [name, value] of new URLSearchParams(text)) {
      const one = this.sliders.find((each) => each.name === name);
      const labels = this.model.labels.find((each) => `label-${each.name}` === name);
      if (name === "model") continue; // of a server: see main.js
      if (name === "prompt") prompt = value;
      else if (name === "stop-text" || name === "forbid") byId(name).value = value;
      else if (labels?.values.includes(value)) byId(name).value = String(labels.values.indexOf(value) + 1);
      else if (name === "seed" && seedOf(value) !== null) {
        byId("seed").value = value;
        byId("keep").checked = true;
      } else if (one && value.trim() !== "" && Number(value) >= one.low && Number(value) <= one.high) this.set(name, value);
      else refused.push(name.slice(0, 30));
    }
    return { prompt, refused };
  }
}

/** A seed as a BigInt, or null where a text is none. */
export function seedOf(text) {
  if (!/^\d{1,19}$/.test(text.trim())) return null;
  const seed = BigInt(text.trim());
  return seed <= MOST_SEED ? seed : null;
}

const unescaped = (text) => text.replaceAll("\\n", "\n");
