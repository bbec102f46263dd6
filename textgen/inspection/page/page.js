"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("values").textContent);
  const time = data.symbols.length;

  // The arrays, as _Packed in build.py describes them: one block for each unit, layer by layer.
  const compressed = Uint8Array.from(atob(data.arrays), (character) => character.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const numbers = new DataView(await new Response(stream).arrayBuffer());
  const blockBytes = 2 * (5 * time + 1);
  const firstBlock = [0];
  data.shown.forEach((units, layer) => firstBlock.push(firstBlock[layer] + units.length));
  const blockStart = (layer, row) => blockBytes * (firstBlock[layer] + row);
  const gatePlace = { i: 0, f: 1, g: 2, o: 3 };
  const readGate = (name, layer, row, step) =>
    numbers.getUint16(blockStart(layer, row) + 2 * (gatePlace[name] * time + step), true) / 65535;
  // Step -1 is the state before the first step.
  const readCell = (layer, row, step) =>
    (numbers.getInt16(blockStart(layer, row) + 2 * (4 * time + step + 1), true) / 32767) * data.scales[layer][row];
  const value = {
    i: (layer, row, step) => readGate("i", layer, row, step),
    f: (layer, row, step) => readGate("f", layer, row, step),
    g: (layer, row, step) => readGate("g", layer, row, step) * 2 - 1,
    o: (layer, row, step) => readGate("o", layer, row, step),
    c: (layer, row, step) => readCell(layer, row, step),
    h: (layer, row, step) => value.o(layer, row, step) * Math.tanh(readCell(layer, row, step)),
  };
  const labels = {
    i: "input gate i", f: "forget gate f", g: "candidate g", o: "output gate o", c: "cell state tanh(c)", h: "hidden state h",
  };
  const isSigned = (name) => "gch".includes(name);

  // Colours: gates from white to green, signed values from blue to red, surprisal from white to red.
  // They are those of the style sheet, and follow the browser from light to dark.
  const DARK = "#1d2733"; // text on a light colour
  let INK, WHITE, GREEN, RED, BLUE;
  const readColours = () => {
    const styles = getComputedStyle(document.documentElement);
    const rgb = (name) => styles.getPropertyValue(name).trim().split(/\s+/).map(Number);
    WHITE = rgb("--paper");
    INK = styles.getPropertyValue("--ink").trim();
    [GREEN, RED, BLUE] = ["--open", "--warm", "--cold"].map(rgb);
  };
  readColours();
  const MAX_BITS = 10;
  const blend = (from, to, share) => from.map((channel, place) => Math.round(channel + (to[place] - channel) * share));
  const colourOf = (name, number) => {
    if (name === "bits") return blend(WHITE, RED, Math.min(number / MAX_BITS, 1));
    if (name === "c") number = Math.tanh(number);
    if (!isSigned(name)) return blend(WHITE, GREEN, number);
    return blend(WHITE, number < 0 ? BLUE : RED, Math.min(Math.abs(number), 1));
  };
  const css = (rgb) => `rgb(${rgb})`;
  const textColourOn = (rgb) => (rgb[0] * 0.3 + rgb[1] * 0.59 + rgb[2] * 0.11 < 140 ? "#fff" : DARK);

  const state = { step: 0, held: false, layer: 0, row: 0, colour: "bits", part: "f" };
  if (data.watched.length) {
    state.layer = data.watched[0].layer;
    state.row = data.shown[state.layer].indexOf(data.watched[0].unit);
  }

  // Parts of the page that never change.
  byId("run").textContent = data.run || "a run";
  document.title = `textgen: inside ${data.run}`;
  const meanBits = data.bits.reduce((sum, bits) => sum + bits, 0) / time;
  const someAreLeftOut = data.shown.some((units) => units.length < data.units);
  byId("facts").textContent = [
    `${data.layers} LSTM layer${data.layers > 1 ? "s" : ""} of ${data.units} units`,
    `${time} ${data.noun}s` + (time < data.total ? ` (${data.start + 1} to ${data.start + time} of ${data.total})` : ""),
    `${meanBits.toFixed(2)} bits per ${data.noun}`,
    ...(someAreLeftOut ? [`units shown: ${data.shown.map((units) => units.length).join(", ")}`] : []),
  ].join("; ");
  byId("notes").textContent = data.notes.join(". ");
  const addOption = (select, key, text) => select.append(new Option(text, key));
  addOption(byId("colour"), "bits", "surprisal");
  for (const name in labels) {
    addOption(byId("colour"), name, `${labels[name]} of the unit`);
    addOption(byId("part"), name, labels[name]);
  }
  byId("part").value = state.part;
  data.shown.forEach((units, layer) => addOption(byId("layer"), layer, layer));

  const unknown = new Set(data.unknown);
  const spans = data.symbols.map((symbol, step) => {
    const span = document.createElement("span");
    // A line feed has no width, so an arrow is shown before it.
    span.textContent = symbol.includes("\n") ? data.visible[step] + symbol : symbol;
    span.dataset.step = step;
    if (unknown.has(step)) span.className = "unknown";
    return span;
  });
  byId("text").append(...spans);

  const correlations = (watched) => `r = ${watched.correlation.toFixed(2)} (${watched.elsewhere.toFixed(2)})`;
  const buttons = data.watched.map((watched) => {
    const button = document.createElement("button");
    const where = `layer ${watched.layer} unit ${watched.unit}`;
    button.textContent = watched.follows ? `${watched.follows}: ${where}, ${correlations(watched)}` : where;
    if (watched.follows && !watched.holds) {
      button.classList.add("doubtful");
      button.title = "The second half of the text does not confirm this.";
    }
    button.addEventListener("click", () => {
      state.layer = watched.layer;
      state.row = data.shown[watched.layer].indexOf(watched.unit);
      state.colour = "c";
      byId("colour").value = "c";
      drawAll();
    });
    byId("watched").append(button);
    return button;
  });
  if (!buttons.length) byId("watched").textContent = "No unit was found. A longer text may help.";

  // Parts that change with the unit: the lists, the colours of the text, the map.
  const drawUnit = () => {
    const units = data.shown[state.layer];
    byId("layer").value = state.layer;
    byId("unit").replaceChildren(...units.map((unit, row) => new Option(unit, row)));
    byId("unit").value = state.row;
    const isChosen = (watched) => watched.layer === state.layer && watched.unit === units[state.row];
    byId("why").textContent = data.watched
      .filter((watched) => isChosen(watched) && watched.follows)
      .map((watched) => `${watched.holds ? "follows" : "seems to follow"} ${watched.follows}, ${correlations(watched)}`)
      .join("; ");
    data.watched.forEach((watched, place) => buttons[place].classList.toggle("on", isChosen(watched)));
  };
  const drawColours = () => {
    const name = state.colour;
    spans.forEach((span, step) => {
      const rgb = colourOf(name, name === "bits" ? data.bits[step] : value[name](state.layer, state.row, step));
      span.style.background = css(rgb);
      span.style.color = textColourOn(rgb);
    });
    const [low, high] = name === "bits" ? ["0", `${MAX_BITS} bits`] : isSigned(name) ? ["−1", "1"] : ["0", "1"];
    const colours = isSigned(name) ? [BLUE, WHITE, RED] : [WHITE, name === "bits" ? RED : GREEN];
    const bar = document.createElement("i");
    bar.style.background = `linear-gradient(90deg, ${colours.map(css).join(", ")})`;
    byId("legend").replaceChildren(low, bar, high);
  };
  let stepWidth = 1, rowHeight = 1; // of the map, in CSS pixels
  const drawMap = () => {
    const units = data.shown[state.layer], canvas = byId("canvas");
    canvas.width = time;
    canvas.height = units.length;
    stepWidth = Math.max(2, Math.min(10, Math.floor((byId("map").clientWidth - 2) / time)));
    rowHeight = Math.max(2, Math.min(12, Math.floor(420 / units.length)));
    canvas.style.width = `${stepWidth * time}px`;
    canvas.style.height = `${rowHeight * units.length}px`;
    const context = canvas.getContext("2d");
    const image = context.createImageData(time, units.length);
    units.forEach((_, row) => {
      for (let step = 0; step < time; step++) {
        const rgb = colourOf(state.part, value[state.part](state.layer, row, step));
        image.data.set([...rgb, 255], 4 * (row * time + step));
      }
    });
    context.putImageData(image, 0, 0);
  };

  // Parts that change with the step.
  const format = (number) => number.toFixed(3).replace("-", "−");
  const nextRow = ([text, probability], actual) => {
    const row = document.createElement("tr");
    row.className = text === actual ? "actual" : "";
    const percent = `${(100 * probability).toFixed(1)}%`;
    for (const [kind, content] of [["symbol", text], ["bar", ""], ["percent", percent]]) {
      const entry = row.insertCell();
      entry.className = kind;
      entry.textContent = content;
    }
    const bar = document.createElement("b");
    bar.style.width = `${100 * probability}%`;
    row.querySelector(".bar").append(bar);
    return row;
  };
  let markedSpan = null;
  const drawReading = () => {
    const step = state.step;
    if (markedSpan) markedSpan.classList.remove("on");
    markedSpan = spans[step];
    markedSpan.classList.add("on");
    byId("number").textContent = data.start + step + 1;
    byId("symbol").textContent = data.visible[step];
    byId("bits").textContent = data.bits[step].toFixed(2);
    const percent = 100 * 2 ** -data.bits[step];
    byId("probability").textContent = `${percent >= 10 ? percent.toFixed(0) : percent.toPrecision(2)}%`;
    const actual = step + 1 < time ? data.visible[step + 1] : null;
    byId("next").tBodies[0].replaceChildren(...data.next[step].map((entry) => nextRow(entry, actual)));
  };
  const drawCell = () => {
    const { step, layer, row } = state;
    const now = {};
    for (const name in value) now[name] = value[name](layer, row, step);
    const before = readCell(layer, row, step - 1);
    for (const name in gatePlace) {
      const rgb = colourOf(name, now[name]), box = byId(`box-${name}`);
      box.querySelector("rect").style.fill = css(rgb);
      box.querySelectorAll("text").forEach((text) => (text.style.fill = textColourOn(rgb)));
    }
    for (const name in now) byId(name).textContent = format(now[name]);
    byId("before").textContent = format(before);
    byId("sum").textContent =
      `c = f·c + i·g = ${format(now.f)}·${format(before)} + ${format(now.i)}·${format(now.g)} = ${format(now.c)}\n` +
      `h = o·tanh(c) = ${format(now.o)}·${format(Math.tanh(now.c))} = ${format(now.h)}`;
  };
  const drawLayer = () => {
    const { step, layer, row } = state, units = data.shown[layer];
    const { width, height } = byId("strips"), unitWidth = width / units.length;
    const context = byId("strips").getContext("2d");
    context.clearRect(0, 0, width, height);
    Object.keys(value).forEach((name, strip) => {
      units.forEach((_, place) => {
        context.fillStyle = css(colourOf(name, value[name](layer, place, step)));
        context.fillRect(unitWidth * place, 20 * strip, unitWidth + 0.5, 18);
      });
    });
    context.strokeStyle = INK;
    context.strokeRect(unitWidth * row, 0.5, Math.max(unitWidth, 2), height - 2);
  };
  const drawStep = () => {
    drawReading();
    drawCell();
    drawLayer();
    byId("cursor").style.left = `${stepWidth * state.step + stepWidth / 2}px`;
  };
  const drawAll = () => {
    drawUnit();
    drawColours();
    drawMap();
    drawStep();
  };

  const clamp = (number, count) => Math.max(0, Math.min(count - 1, number));
  const goTo = (step) => {
    state.step = clamp(step, time);
    drawStep();
  };
  const stepOf = (event) => {
    const span = event.target.closest("span[data-step]");
    return span ? Number(span.dataset.step) : null;
  };
  byId("text").addEventListener("pointerover", (event) => {
    const step = stepOf(event);
    if (step !== null && !state.held) goTo(step);
  });
  byId("text").addEventListener("click", (event) => {
    const step = stepOf(event);
    if (step === null) return;
    state.held = !(state.held && state.step === step);
    goTo(step);
  });
  byId("text").addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in moves) {
      event.preventDefault();
      goTo(state.step + moves[event.key]);
      markedSpan.scrollIntoView({ block: "nearest" });
    }
  });
  const stepAndRow = (event) => {
    const box = byId("canvas").getBoundingClientRect();
    const step = Math.floor((event.clientX - box.left) / stepWidth);
    const row = Math.floor((event.clientY - box.top) / rowHeight);
    return [step, clamp(row, data.shown[state.layer].length)];
  };
  byId("canvas").addEventListener("pointermove", (event) => {
    const [step, row] = stepAndRow(event);
    if (!state.held) goTo(step);
    byId("canvas").title = `unit ${data.shown[state.layer][row]}`;
  });
  byId("canvas").addEventListener("click", (event) => {
    const [step, row] = stepAndRow(event);
    state.row = row;
    state.step = clamp(step, time);
    drawAll();
  });
  byId("colour").addEventListener("change", () => { state.colour = byId("colour").value; drawColours(); });
  byId("part").addEventListener("change", () => { state.part = byId("part").value; drawMap(); });
  byId("layer").addEventListener("change", () => { state.layer = Number(byId("layer").value); state.row = 0; drawAll(); });
  byId("unit").addEventListener("change", () => { state.row = Number(byId("unit").value); drawAll(); });
  addEventListener("resize", () => { drawMap(); drawStep(); });
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    drawAll();
  });
  document.documentElement.dataset.ready = "yes";
})();
