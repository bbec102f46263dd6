// The tab that shows how surprising each symbol of a text is.

import { start } from "./client.js";
import { bits, byId, make, say, visible } from "./elements.js";
import { surpriseClass } from "./writing.js";

const MOST = 20_000; // characters of a text

export class Surprise {
  constructor(model, settings) {
    Object.assign(this, { model, settings, symbols: [], at: 0, asked: null });
    byId("read").addEventListener("click", () => this.read());
    byId("surprising").addEventListener("mouseover", (event) => this.show(event.target.dataset?.at));
    byId("surprising").addEventListener("click", (event) => this.show(event.target.dataset?.at));
    byId("surprising").addEventListener("keydown", (event) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      this.show(Math.min(Math.max(this.at + move, 0), this.symbols.length - 1));
    });
    const levels = Array.from({ length: 10 }, (_, level) => make("span", { className: `s${level}`, textContent: `${level}` }));
    byId("scale").append("bits: ", ...levels, " and more");
  }

  async read() {
    this.asked?.stop();
    const whole = byId("own-prose").value, text = whole.slice(0, MOST);
    say(text === whole ? "" : `The text is long: its first ${MOST.toLocaleString("en")} characters are read.`);
    this.symbols = [];
    byId("surprising").replaceChildren();
    byId("expected").replaceChildren();
    const found = [];
    const asked = start(this.model.name, "score", [text, this.settings.told()], (read) => {
      if (asked === this.asked) found.push(...read);
    });
    this.asked = asked;
    try {
      await asked.over;
    } catch (error) {
      say(error.message);
    }
    if (asked !== this.asked) return;
    this.symbols = found.sort((one, other) => one.place - other.place);
    const spans = this.symbols.map(({ symbol, nats, isKnown }, at) => {
      const span = make("span", { textContent: symbol === "\n" ? "↵\n" : symbol, className: surpriseClass(nats) });
      span.dataset.at = at;
      if (!isKnown) span.classList.add("unknown");
      return span;
    });
    byId("surprising").replaceChildren(...spans);
    const total = this.symbols.reduce((sum, { nats }) => sum + nats, 0), count = this.symbols.length;
    const never = this.symbols.filter(({ isKnown }) => !isKnown).length;
    byId("mean").textContent = count
      ? `${bits(total / count).toFixed(3)} bits a ${this.model.noun} over ${count.toLocaleString("en")}` +
        (never ? `; ${never.toLocaleString("en")} underlined that the model never saw` : "")
      : "Type or paste a text first.";
  }

  show(place) {
    if (place === undefined || !this.symbols.length) return;
    const spans = byId("surprising").children;
    spans[this.at]?.classList.remove("on");
    this.at = Number(place);
    spans[this.at].classList.add("on");
    const { symbol, nats, next } = this.symbols[this.at];
    const likely = next.map(([text, chance]) => `${visible(text)} ${(100 * chance).toFixed(1)}%`).join(", ");
    byId("expected").replaceChildren(
      make("span", { className: "glyph", textContent: visible(symbol) }),
      ` ${bits(nats).toFixed(2)} bits (probability ${(100 * Math.exp(-nats)).toPrecision(2)}%).${likely && ` Expected: ${likely}.`}`,
    );
  }
}
