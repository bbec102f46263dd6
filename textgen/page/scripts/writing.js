// The tab that writes: one text or several side by side, and the same call elsewhere.

import { start } from "./client.js";
import { bits, byId, copy, make, say } from "./elements.js";
import { apiFields, bodyOf } from "./server.js";

const CLASSES = 9; // of surprise: s1 to s9
const MOST_BITS = 10;
const MOST_PROMPT = 20_000; // characters

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
    Object.assign(this, { model, settings, running: [] });
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
    for (const { stop } of this.running) stop();
    byId("halt").disabled = true;
  }

  async write() {
    this.stop();
    const seed = this.settings.seed();
    const options = { ...this.settings.options(), seed };
    const change = this.settings.told();
    const began = performance.now();
    let symbols = 0;
    byId("speed").textContent = "";
    byId("halt").disabled = false;
    try {
      const prompt = await known(this.model, this.prompt);
      const elements = Array.from({ length: options.count }, () => make("div", { className: "text", dir: "auto" }));
      byId("texts").replaceChildren(...elements);
      this.running = elements.map((element, number) => {
        const growing = new Growing(element, prompt);
        return start(this.model.name, "write", [prompt, options, number, change], (pieces) => {
          symbols += pieces.length;
          document.documentElement.dataset.first ??= String(performance.now()); // milliseconds after the page was opened
          growing.add(pieces);
        });
      });
      this.tell();
      const running = this.running;
      await Promise.all(running.map(({ over }) => over));
      if (running !== this.running) return;
      const seconds = (performance.now() - began) / 1000;
      if (!byId("own-prose").value) byId("own-prose").value = elements[0].textContent.slice(0, 600);
      byId("speed").textContent = `${Math.round(symbols / seconds).toLocaleString("en")} ${this.model.noun}s a second`;
      document.documentElement.dataset.written = String(symbols);
    } catch (error) {
      say(error.message);
    }
    byId("halt").disabled = true;
  }

  /** Show the same call elsewhere. */
  async tell() {
    if (!byId("commands").open) return;
    let skips = false; // whether the prompt has symbols that the model never saw
    if (this.model.tokenizer)
      await start(this.model.name, "ids", [this.prompt], ([{ unknown }]) => (skips = unknown.length > 0)).over;
    const options = { ...this.settings.options(), seed: byId("seed").value || "0", ...(skips && { unknown: "skip" }) };
    const call = { name: this.model.name, prompt: this.prompt, told: this.settings.told(), options };
    byId("as-shell").textContent = asShell(call);
    byId("as-python").textContent = asPython(call);
    byId("as-curl").textContent = asCurl(call);
    byId("as-link").textContent = location.href.split("#")[0] + this.settings.fragment(this.prompt);
  }
}

/** A text as a shell takes it. */
export const quoted = (text) => (/^[\w.,:/=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The options in the order of their names here, without those that say what is said anyway. */
const given = ({ count, repetition_window, ...options }) => [
  ...Object.entries(options),
  ...(count > 1 ? [["count", count]] : []),
  ...(options.repetition_penalty ? [["repetition_window", repetition_window]] : []),
];

export function asShell({ name, prompt, told, options }) {
  const parts = ["textgen sample", quoted(name)];
  if (prompt) parts.push(`--prompt ${quoted(prompt)}`);
  for (const [field, label] of Object.entries(told.labels)) parts.push(`--label ${quoted(`${field}=${label}`)}`);
  if (told.guidance !== undefined && told.guidance !== 1) parts.push(`--guidance ${told.guidance}`);
  for (const [option, value] of given(options))
    for (const one of [value].flat()) parts.push(`--${option.replaceAll("_", "-")} ${quoted(String(one))}`);
  return parts.join(" ");
}

export function asPython({ name, prompt, told: { labels, guidance = 1 }, options }) {
  const isTold = Object.keys(labels).length > 0, strength = guidance === 1 ? "" : `, guidance=${guidance}`;
  const fields = given(options).map(([option, value]) => `${option}=${option === "seed" ? value : JSON.stringify(value)}`);
  const call = options.count > 1 ? "generate_many" : "generate";
  const load = `generator = Generator.load(${JSON.stringify(name)})${isTold ? `.with_labels(${JSON.stringify(labels)}${strength})` : ""}`;
  const print = options.count > 1 ? `print("\\n\\n".join(texts))` : "print(text)";
  const result = options.count > 1 ? "texts" : "text";
  return `from textgen import Generator\n\n${load}\n${result} = generator.${call}(${[JSON.stringify(prompt), ...fields].join(", ")})\n${print}`;
}

export function asCurl({ name, prompt, told, options }) {
  const body = bodyOf(apiFields(name, prompt, options, told));
  return `curl http://127.0.0.1:8000/v1/completions -H 'Content-Type: application/json' -d ${quoted(body)}`;
}
