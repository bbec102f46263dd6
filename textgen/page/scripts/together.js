// The tab in which a person and the model write together.

import { start } from "./client.js";
import { byId, make, say, visible } from "./elements.js";

const WAYS = 6;

export class Together {
  constructor(model, settings) {
    Object.assign(this, { model, settings, texts: [""], turn: 0, asked: null });
    byId("own").addEventListener("submit", (event) => {
      event.preventDefault();
      this.append(byId("own-text").value);
      byId("own-text").value = "";
    });
    byId("undo").addEventListener("click", () => {
      if (this.texts.length > 1) this.texts.pop();
      this.propose();
    });
    byId("again").addEventListener("click", () => this.propose());
    byId("words").addEventListener("change", () => this.propose());
  }

  get text() {
    return this.texts[this.texts.length - 1];
  }

  /** Begin with a text, when the tab opens. */
  open(prompt) {
    if (this.texts.length === 1) this.texts = [prompt];
    this.propose();
  }

  append(text) {
    if (text) this.texts.push(this.text + text);
    this.propose();
  }

  propose() {
    byId("shared-text").textContent = this.text;
    byId("shared-text").scrollTop = byId("shared-text").scrollHeight;
    byId("undo").disabled = this.texts.length === 1;
    this.asked?.stop();
    const seed = this.settings.kept() ?? 0n, words = Math.min(Math.max(Math.round(byId("words").value) || 3, 1), 20);
    const options = { ...this.settings.options(), seed };
    const asked = start(this.model.name, "propose", [this.text, options, ++this.turn, words, WAYS], ([ways]) => {
      if (asked !== this.asked) return;
      byId("ways").replaceChildren(...ways.map(({ text, probability }) => {
        const share = make("small", { textContent: probability < 0.001 ? "<0.1%" : `${(100 * probability).toFixed(1)}%` });
        const shownText = text.trim() ? text.replaceAll("\n", "↵") : visible(text);
        const button = make("button", { dir: "auto" }, make("span", { textContent: shownText }), share);
        button.addEventListener("click", () => this.append(text));
        return button;
      }));
    });
    this.asked = asked;
    asked.over.catch((error) => say(error.message));
  }
}
