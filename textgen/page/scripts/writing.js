// The tab that writes: one text or several side by side, and the same call elsewhere.

import { start } from "./client.js";
import { bits, byId, copy, make, say } from "./elements.js";
import { apiFields, bodyOf, hasKey } from "./server.js";
import { seedOf } from "./settings.js";

const CLASSES = 9; // of surprise: s1 to s9
const MOST_BITS = 10;
export const MOST_PROMPT = 20_000; // characters
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g; // but for the line feed
const HAS_CONTROLS = new RegExp(CONTROLS.source);

/** The class of a surprise: none where it is small. */
export const surpriseClass = (nats) => {
  const level = Math.min(Math.floor((bits(nats) / MOST_BITS) * (CLASSES + 1)), CLASSES);
  return level > 0 ? `s${level}` : "";
};

/** A place in the page in which a text grows. */
export class Growing {
  constructor(element, prompt) {
    this.element = element;
    element.replaceChildren(make("span", { className: "prompt", textContent: prompt }));
    this.isColoured = byId("colour").checked;
  }

  add(pieces) {
    if (!this.isColoured) {
      this.element.append(pieces.map(({ text }) => text).join(""));
      return;
    }
    this.element.append(...pieces.filter(({ text }) => text).map(({ text, nats }) =>
      make("span", { textContent: text, className: surpriseClass(nats), title: `${bits(nats).toFixed(1)} bits` })));
  }
}

/** What goes before a text is written: the prompt, cut and without what the model never saw; tells the person. */
export function known(model, prompt) {
  const text = prompt.length > MOST_PROMPT ? prompt.slice(-MOST_PROMPT) : prompt;
  const cut = text === prompt ? "" : `The prompt is long: its last ${MOST_PROMPT.toLocaleString("en")} characters are read. `;
  if (!model.tokenizer) return Promise.resolve(text); // a server that mixes models
  return new Promise((resolve, reject) => {
    const asked = start(model.name, "ids", [text], ([{ unknown }]) => {
      const some = unknown.slice(0, 8).map((symbol) => JSON.stringify(symbol)).join(" ");
      const more = unknown.length > 8 ? " and more" : "";
      say(cut + (unknown.length ? `The model never saw ${some}${more}; it reads the prompt without.` : ""));
      resolve(text);
    });
    asked.over.catch(reject);
  });
}

export class Writing {
  constructor(model, settings) {
    Object.assign(this, { model, settings, running: [], turn: 0 });
    byId("go").addEventListener("click", () => this.write());
    byId("halt").addEventListener("click", () => this.stop());
    byId("prompt").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.write();
    });
    byId("prompt").addEventListener("input", () => this.tell());
    for (const button of document.querySelectorAll("[data-copies]"))
      button.addEventListener("click", () => copy(byId(button.dataset.copies).textContent));
    byId("commands").addEventListener("toggle", () => this.tell());
  }

  get prompt() {
    return byId("prompt").value;
  }

  stop() {
    this.turn++;
    for (const { stop } of this.running) stop();
    this.running = [];
    byId("halt").disabled = true;
  }

  async write() {
    this.stop();
    const { turn } = this, seed = this.settings.seed();
    const options = { ...this.settings.options(), seed }, change = this.settings.told();
    byId("speed").textContent = "";
    try {
      const prompt = await known(this.model, this.prompt);
      if (turn !== this.turn) return; // another text was begun meanwhile
      const elements = Array.from({ length: options.count }, () => make("div", { className: "text", dir: "auto" }));
      byId("texts").replaceChildren(...elements);
      const began = performance.now();
      let symbols = 0;
      this.running = elements.map((element, number) => {
        const growing = new Growing(element, prompt);
        return start(this.model.name, "write", [prompt, options, number, change], (pieces) => {
          if (turn !== this.turn) return; // on their way when the text was stopped
          symbols += pieces.length;
          document.documentElement.dataset.first ??= String(performance.now()); // milliseconds after the page was opened
          growing.add(pieces);
        });
      });
      byId("halt").disabled = false;
      this.tell();
      await Promise.all(this.running.map(({ over }) => over));
      if (turn !== this.turn) return;
      const seconds = (performance.now() - began) / 1000;
      byId("speed").textContent = `${Math.round(symbols / seconds).toLocaleString("en")} ${this.model.noun}s a second`;
      if (!byId("own-prose").value) byId("own-prose").value = elements[0].textContent.slice(0, 600);
      document.documentElement.dataset.written = String(symbols);
    } catch (error) {
      if (turn === this.turn) say(error.message);
    }
    if (turn === this.turn) byId("halt").disabled = true;
  }

  /** Show the same call elsewhere. */
  tell() {
    if (byId("commands").open) this.commands().catch((error) => say(error.message));
  }

  async commands() {
    let skips = false; // whether the prompt has symbols that the model never saw
    if (this.model.tokenizer)
      await start(this.model.name, "ids", [this.prompt], ([{ unknown }]) => (skips = unknown.length > 0)).over;
    const seed = String(seedOf(byId("seed").value) ?? 0n);
    const options = { ...this.settings.options(), seed, ...(skips && { unknown: "skip" }) };
    const call = { model: this.model, prompt: this.prompt, told: this.settings.told(), options };
    const { run } = this.model, none = "The server mixes several runs here; give them to textgen sample one by one.";
    byId("as-shell").textContent = run ? asShell(run, call) : none;
    byId("as-python").textContent = run ? asPython(run, call) : none;
    byId("as-curl").textContent = asCurl(call);
    byId("as-link").textContent = location.href.split("#")[0] + this.settings.fragment(this.prompt);
  }
}

/** A text as a shell takes it; control characters are written out, so that a terminal does not act on them. */
export function quoted(text) {
  if (/^[\w.,:/=][\w.,:/=-]*$/.test(text)) return text;
  if (!HAS_CONTROLS.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text.replace(/['\\]/g, "\\$&").replace(CONTROLS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `$'${escaped}'`;
}

/** A run's name as an argument: no option, whatever it begins with. */
export const runArgument = (name) => quoted(name.startsWith("-") ? `./${name}` : name);

/** The labels as options of a command. */
export const labelFlags = ({ labels, guidance = 1 }) => [
  ...Object.entries(labels).map(([field, label]) => `--label ${quoted(`${field}=${label}`)}`),
  ...(guidance === 1 ? [] : [`--guidance ${guidance}`]),
];

/** The options in the order of their names here, without those that say what is said anyway. */
const given = ({ count, repetition_window, ...options }) => [
  ...Object.entries(options),
  ...(count > 1 ? [["count", count]] : []),
  ...(options.repetition_penalty ? [["repetition_window", repetition_window]] : []),
];

export function asShell(run, { prompt, told, options }) {
  const parts = ["textgen sample", runArgument(run)];
  if (prompt) parts.push(`--prompt ${quoted(prompt)}`);
  parts.push(...labelFlags(told));
  for (const [option, value] of given(options))
    for (const one of [value].flat()) parts.push(`--${option.replaceAll("_", "-")} ${quoted(String(one))}`);
  return parts.join(" ");
}

export function asPython(run, { prompt, told: { labels, guidance = 1 }, options }) {
  const isTold = Object.keys(labels).length > 0, strength = guidance === 1 ? "" : `, guidance=${guidance}`;
  const fields = given(options).map(([option, value]) => `${option}=${option === "seed" ? value : JSON.stringify(value)}`);
  const call = options.count > 1 ? "generate_many" : "generate";
  const told = isTold ? `.with_labels(${JSON.stringify(labels)}${strength})` : "";
  const print = options.count > 1 ? `print("\\n\\n".join(texts))` : "print(text)";
  const result = options.count > 1 ? "texts" : "text";
  return [
    "from textgen import Generator",
    "",
    `generator = Generator.load(${JSON.stringify(run)})${told}`,
    `${result} = generator.${call}(${[JSON.stringify(prompt), ...fields].join(", ")})`,
    print,
  ].join("\n");
}

export function asCurl({ model, prompt, told, options }) {
  const address = location.protocol.startsWith("http") ? location.origin : "http://127.0.0.1:8000";
  const key = hasKey() ? " -H 'Authorization: Bearer KEY'" : "", body = bodyOf(apiFields(model.name, prompt, options, told));
  return `curl ${address}/v1/completions -H 'Content-Type: application/json'${key} -d ${quoted(body)}`;
}
