// The page: its model, its tabs and its settings.

import { collect, loadModel, openModel, startWorker, useServer } from "./client.js";
import { byId, say } from "./elements.js";
import { Inside } from "./inside.js";
import { Poems, ServerPoems } from "./poems.js";
import { modelNames, modelOf, numbersOf, serverTasks } from "./server.js";
import { Settings } from "./settings.js";
import { Surprise } from "./surprise.js";
import { Together } from "./together.js";
import { Writing } from "./writing.js";

const RESERVED_IDS = 2; // that stand for no symbol: the end of a document, and what is unknown
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

function sizesOf({ sizes, noun }) {
  if (!sizes) return `Several LSTM language models of ${noun}s, mixed`;
  const layers = `${sizes.layers} layer${sizes.layers > 1 ? "s" : ""} of ${sizes.units} units`;
  return `An LSTM language model of ${layers}, over ${(sizes.vocabulary - RESERVED_IDS).toLocaleString("en")} ${noun}s`;
}

function tell(page, model) {
  document.title = `${page.title} · textgen`;
  byId("title").textContent = page.title;
  byId("facts").textContent = [sizesOf(model), ...page.facts].join("; ");
  byId("origin").textContent = page.origin;
}

/** The network's step in WebAssembly, its variants, the better first. */
const kernels = () => JSON.parse(byId("kernels").textContent);

/** The model of a page that has one in it. */
async function modelInPage({ model }) {
  await openModel(model.name, model);
  const numbers = byId("numbers"), loaded = loadModel(model.name, numbers.textContent, kernels());
  numbers.remove();
  useServer({ load: () => loaded }); // what needs the model waits for it
  return { model, loaded };
}

/** The model of a server that the address names, or its first; and the choice of where it works. */
async function modelOfServer() {
  const names = await modelNames(), asked = new URLSearchParams(location.hash.slice(1)).get("model");
  const name = names.includes(asked) ? asked : names[0], model = await modelOf(name);
  byId("model").append(...names.map((each) => new Option(each, each, false, each === name)));
  byId("model").addEventListener("change", () => {
    location.hash = new URLSearchParams({ model: byId("model").value });
  });
  byId("server").hidden = false;
  if (model.tokenizer) await openModel(name, model);
  else byId("where").disabled = true;
  let numbers = null;
  const load = () => (numbers ??= (async () => {
    say("The page is fetching the model.");
    await loadModel(name, await numbersOf(model), kernels());
    say("");
  })().catch((error) => {
    numbers = null; // the next task tries again
    throw error;
  }));
  useServer({ ...serverTasks(model, () => byId("where").value === "server"), load });
  return { model, loaded: null };
}

async function begin() {
  const page = JSON.parse(byId("data").textContent);
  startWorker(byId("worker").textContent);
  const { model, loaded } = await (page.model ? modelInPage(page) : modelOfServer());
  page.title ||= model.name;
  tell(page, model);
  let writing;
  const settings = new Settings(model, () => writing.tell());
  writing = new Writing(model, settings);
  new Surprise(model, settings);
  byId("tab-inside").hidden = !page.explains || !model.tokenizer;
  byId("tab-together").hidden = !model.tokenizer;
  byId("tab-poem").hidden = !model.verse && !model.forms;
  if (model.forms) new ServerPoems(model, settings);
  else if (model.verse) new Poems(model, settings);
  const together = model.tokenizer && new Together(model, settings), inside = model.tokenizer && new Inside(model, settings);
  startTabs({
    together: () => together.open(writing.prompt),
    inside: () => inside.open(writing.prompt),
  });
  addEventListener("hashchange", () => location.reload()); // a link to the page that is open
  const { prompt, refused } = settings.take(location.hash);
  byId("prompt").value = prompt ?? page.prompt;
  if (refused.length) say(`The link holds what this page does not understand: ${refused.slice(0, 5).join(", ")}.`);
  await loaded;
  // For the browser's console.
  window.textgen = {
    write: async (text, options, change) =>
      (await collect(model.name, "write", [text, options, 0, change])).map((piece) => piece.text).join(""),
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
