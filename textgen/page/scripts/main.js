// The page: its model, its tabs and its settings.

import { collect, openModel, startWorker } from "./client.js";
import { byId, say } from "./elements.js";
import { Inside } from "./inside.js";
import { Poems } from "./poems.js";
import { Settings } from "./settings.js";
import { Surprise } from "./surprise.js";
import { Together } from "./together.js";
import { Writing } from "./writing.js";

const TABS = ["write", "together", "poem", "surprise", "inside"];

/** Show a tab; its buttons follow the pattern for tabs of the ARIA Authoring Practices Guide. */
function showTab(name, opened) {
  for (const each of TABS) {
    const isChosen = each === name;
    byId(each).hidden = !isChosen;
    byId(`tab-${each}`).setAttribute("aria-selected", String(isChosen));
    byId(`tab-${each}`).tabIndex = isChosen ? 0 : -1;
  }
  opened[name]?.();
}

function startTabs(opened) {
  const shown = () => TABS.filter((name) => !byId(`tab-${name}`).hidden);
  for (const name of TABS) byId(`tab-${name}`).addEventListener("click", () => showTab(name, opened));
  byId("tabs").addEventListener("keydown", (event) => {
    const names = shown(), now = names.findIndex((name) => byId(`tab-${name}`) === document.activeElement);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined || now < 0) return;
    event.preventDefault();
    const name = names[(to + names.length) % names.length];
    showTab(name, opened);
    byId(`tab-${name}`).focus();
  });
}

function tell(page, model) {
  const { layers, units, vocabulary } = model.sizes;
  document.title = `${page.title} · textgen`;
  byId("title").textContent = page.title;
  byId("facts").textContent = [
    `An LSTM language model of ${layers} layer${layers > 1 ? "s" : ""} of ${units} units, over ${vocabulary.toLocaleString("en")} ${model.noun}s`,
    ...page.facts,
  ].join("; ");
  byId("origin").textContent = page.origin;
}

async function begin() {
  const page = JSON.parse(byId("data").textContent), { model } = page;
  tell(page, model);
  startWorker(byId("worker").textContent);
  const numbers = byId("numbers"), opening = openModel(model.name, model, numbers.textContent, byId("kernel").textContent);
  numbers.remove();
  let writing;
  const settings = new Settings(model, () => writing.tell());
  writing = new Writing(model, settings);
  const together = new Together(model, settings), inside = new Inside(model, settings);
  new Surprise(model, settings);
  byId("tab-inside").hidden = !page.explains;
  byId("tab-poem").hidden = !model.verse;
  if (model.verse) new Poems(model, settings);
  startTabs({
    together: () => together.open(writing.prompt),
    inside: () => inside.open(writing.prompt),
  });
  const { prompt, refused } = settings.take(location.hash);
  byId("prompt").value = prompt ?? page.prompt;
  if (refused.length) say(`The link holds what this page does not understand: ${refused.slice(0, 5).join(", ")}.`);
  byId("own-prose").value = page.prompt;
  await opening;
  // For scripts in the page and for its console.
  window.textgen = {
    write: async (prompt, options, change) => (await collect(model.name, "write", [prompt, options, 0, change])).map(({ text }) => text).join(""),
    poem: async (asked, options) => (await collect(model.name, "poem", [asked, options, {}]))[0],
    score: async (text, change) => (await collect(model.name, "score", [text, change])).map(({ nats }) => nats),
  };
  document.documentElement.dataset.ready = "yes";
  if (!refused.length || prompt !== null) writing.write();
}

begin().catch((error) => {
  document.documentElement.dataset.failed = "yes";
  say(`This page cannot run here: ${error.message}`);
});
