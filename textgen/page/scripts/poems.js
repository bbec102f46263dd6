// The tab that composes Chinese regulated verse.

import { startHere } from "./client.js";
import { byId, make, say } from "./elements.js";
import { labelsOf, poemsOf, verdictOf } from "./server.js";
import { labelFlags, quoted, runArgument } from "./writing.js";

const TRIES = 12; // lines that are sampled side by side

export class Poems {
  constructor(model, settings) {
    Object.assign(this, { model, settings, asked: null });
    for (const { name, about } of model.verse.forms) byId("form").append(new Option(about, name));
    byId("compose").addEventListener("click", () => this.compose());
    byId("signs").addEventListener("change", () => this.draw());
    this.found = [];
  }

  async compose() {
    this.asked?.stop();
    const seed = this.settings.otherSeed(), temperature = this.settings.value("temperature");
    const wanted = { form: byId("form").value, acrostic: byId("acrostic").value, title: byId("poem-title").value, tones: byId("tones").value };
    byId("poem-shell").textContent = [
      "textgen poem", runArgument(this.model.run), ...labelFlags(this.settings.told()), `--form ${wanted.form}`, `--temperature ${temperature}`, `--seed ${seed}`,
      ...(wanted.tones === "strict" ? [] : [`--tones ${wanted.tones}`]), "--plain",
      ...["acrostic", "title"].filter((name) => wanted[name].trim()).map((name) => `--${name} ${quoted(wanted[name].trim())}`),
      ...(this.settings.value("count") > 1 ? [`--count ${this.settings.value("count")}`] : []),
    ].join(" ");
    this.found = [];
    this.title = wanted.title.trim();
    this.draw();
    say("");
    const change = this.settings.told();
    try {
      for (let number = 0; number < this.settings.value("count"); number++) {
        const asked = startHere(this.model.name, "poem", [wanted, { seed, number, temperature, tries: TRIES }, change], ([poem]) => {
          if (asked !== this.asked) return;
          this.found.push(poem);
          this.draw();
        });
        this.asked = asked;
        await asked.over;
        if (asked !== this.asked) return;
      }
    } catch (error) {
      say(error.message);
    }
    document.documentElement.dataset.composed = String(this.found.length);
  }

  draw() {
    const hasSigns = byId("signs").checked;
    byId("poems").replaceChildren(...this.found.map(({ rows, template, rhyme }) => {
      const lines = rows.map((symbols) => make("span", { className: "line" }, ...symbols.map(({ symbol, sign, isWrong, rhymes }) => {
        if (!hasSigns || !sign) return symbol;
        return make("ruby", { className: isWrong ? "wrong" : "" }, symbol, make("rt", { textContent: rhymes ? `${sign}韻` : sign }));
      })));
      const wrong = rows.flat().filter(({ isWrong }) => isWrong).length;
      const about = `${wrong ? `${wrong} character${wrong > 1 ? "s" : ""} break${wrong > 1 ? "" : "s"} the form` : "keeps the form"}; template ${template}${rhyme ? `; rhyme ${rhyme}` : ""}`;
      const title = this.title ? [make("h3", { textContent: this.title, lang: "zh" })] : [];
      return make("article", {}, ...title, make("div", { className: "text", lang: "zh" }, ...lines), make("p", { className: "soft", textContent: about }));
    }));
  }
}

/** The tab for poems that a server writes: in every form, with a theme and the score that chooses among lines. */
export class ServerPoems {
  constructor(model, settings) {
    Object.assign(this, { model, settings });
    for (const { name, about } of model.forms) byId("form").append(new Option(`${name}: ${about}`, name));
    for (const each of document.querySelectorAll(".of-server")) each.hidden = false;
    byId("signs").parentElement.hidden = true;
    if (!model.verse) {
      for (const each of [byId("tones"), document.querySelector("[for=tones]")]) each.hidden = true;
      byId("poem-about").textContent = "The server writes a poem of a form. Masks let the model choose only among words that keep the meter and the rhyme.";
      byId("acrostic-help").textContent = "An acrostic gives the first letter of each line. The model reads the title first.";
    }
    byId("compose").addEventListener("click", () => this.compose());
  }

  async compose() {
    const seed = this.settings.otherSeed(), form = byId("form").value, count = this.settings.value("count");
    const named = ["acrostic", "title", "theme"].map((name) => [name, byId(name === "acrostic" ? name : `poem-${name}`).value.trim()]).filter(([, text]) => text);
    const temperature = this.settings.value("temperature"), tones = byId("tones").value;
    if (this.model.verse && tones !== "strict") named.push(["tones", tones]);
    byId("poem-shell").textContent = [
      "textgen poem", runArgument(this.model.run ?? this.model.name), ...labelFlags(this.settings.told()), `--form ${form}`, `--temperature ${temperature}`, `--seed ${seed}`,
      ...named.map(([name, text]) => `--${name} ${quoted(text)}`), ...(count > 1 ? [`--count ${count}`] : []),
    ].join(" ");
    say("The server is writing.");
    byId("poems").replaceChildren();
    try {
      const asked = { model: this.model.name, form, temperature, count, ...Object.fromEntries(named), ...labelsOf(this.settings.told()) };
      const poems = await poemsOf({ ...asked, seed });
      const verdicts = await Promise.all(poems.map(({ lines }) => verdictOf({ text: lines.join("\n"), ...(form === "free" ? {} : { form }), ...(named.some(([name]) => name === "tones") && { tones }) }).catch(() => null)));
      byId("poems").replaceChildren(...poems.map((poem, at) => shownPoem(poem, verdicts[at], this.model.verse ? "zh" : "en")));
      say("");
      document.documentElement.dataset.composed = String(poems.length);
    } catch (error) {
      say(error.message);
    }
  }
}

/** A poem, with its plan and what the checker heard: under each line its keyword and its marks. */
function shownPoem({ title, lines, form, plan }, verdict, lang) {
  const rows = lines.flatMap((line, at) => {
    const notes = [plan?.[at], verdict?.lines[at]?.marks].filter(Boolean).join(" · ");
    return [make("span", { className: "line", textContent: line }), ...(notes ? [make("small", { className: "line marks", textContent: notes })] : [])];
  });
  const about = verdict ? `${form}: ${verdict.holds ? "keeps the form" : "breaks the form"}` : form;
  const head = title ? [make("h3", { textContent: title, lang })] : [];
  return make("article", {}, ...head, make("div", { className: "text", dir: "auto", lang }, ...rows), make("p", { className: "soft", textContent: about }));
}
