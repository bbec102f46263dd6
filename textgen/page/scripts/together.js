// The tab in which a person and the model write together.

import { startHere } from "./client.js";
import { byId, make, say, visible } from "./elements.js";
import { MOST_PROMPT } from "./writing.js";

const WAYS = 6;

export class Together {
  constructor(model, settings) {
    // The text so far, step by step: {text, ids, added}; ids: of it but for its end, which is `added`; null where unknown.
    Object.assign(this, { model, settings, steps: [{ text: "", ids: null, added: "" }], turn: 0, asked: null });
    byId("own").addEventListener("submit", (event) => {
      event.preventDefault();
      const own = byId("own-text").value;
      byId("own-text").value = "";
      // Symbols that are no characters may join across the place where the person goes on.
      const isJoined = this.model.tokenizer.kind === "char" && this.read;
      if (own) this.append({ text: this.text + own, ids: isJoined ? this.read : null, added: own });
    });
    byId("undo").addEventListener("click", () => {
      if (this.steps.length > 1) this.steps.pop();
      this.propose();
    });
    byId("again").addEventListener("click", () => this.propose());
    byId("words").addEventListener("change", () => this.propose());
  }

  get text() {
    return this.steps[this.steps.length - 1].text;
  }

  /** Begin with a text, when the tab opens. */
  open(prompt) {
    if (this.steps.length === 1) this.steps = [{ text: prompt.slice(-MOST_PROMPT), ids: null, added: "" }];
    this.propose();
  }

  append(step) {
    this.steps.push(step);
    this.propose();
  }

  propose() {
    byId("shared-text").textContent = this.text;
    byId("shared-text").scrollTop = byId("shared-text").scrollHeight;
    byId("undo").disabled = this.steps.length === 1;
    byId("ways").replaceChildren(); // those of another text
    this.asked?.stop();
    this.read = null;
    const seed = this.settings.kept() ?? 0n, words = Math.min(Math.max(Math.round(byId("words").value) || 3, 1), 20);
    const options = { ...this.settings.options(), seed }, written = this.steps[this.steps.length - 1];
    const parameters = [written, options, ++this.turn, words, WAYS, this.settings.told()];
    const asked = startHere(this.model.name, "propose", parameters, ([{ ids, ways }]) => {
      if (asked !== this.asked) return;
      this.read = ids;
      byId("ways").replaceChildren(...ways.map((way) => this.button(way, ids)));
    });
    this.asked = asked;
    asked.over.catch((error) => say(error.message));
  }

  button({ text, probability, ids }, read) {
    const share = make("small", { textContent: probability < 0.001 ? "<0.1%" : `${(100 * probability).toFixed(1)}%` });
    const shownText = text.trim() ? text.replaceAll("\n", "↵") : visible(text);
    const button = make("button", { dir: "auto" }, make("span", { textContent: shownText }), share);
    button.addEventListener("click", () => this.append({ text: this.text + text, ids: [...read, ...ids], added: "" }));
    return button;
  }
}
