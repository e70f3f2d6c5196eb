// Both sides of an attention, linked, in a page without a server. `MOUNTS` holds the mounting functions of the
// components by kind. Follows message.js and offline.js. Names reach the page as text alone, never as HTML.

const { header: index, arrays } = unpack(read("index"));
const panels = new Map(index.panels.map((panel, number) => [panel.name, { ...panel, number, message: unpack(read(`panel-${number}`)) }]));
const lutOfAttention = unpack(read("attention-lut")).arrays.lut;
const crosses = index.calls.findIndex(({ queries, keys }) => JSON.stringify(queries) !== JSON.stringify(keys));
const richest = index.calls.reduce((best, { queries }, i) => (queries.length > (index.calls[best]?.queries.length ?? 0) ? i : best), 0);
const state = { call: crosses < 0 ? richest : crosses, head: -1, explanation: index.calls.length ? -1 : 0, pick: null };
const places = new Map(); // "left 0" → the element that a component lives in

function node(tag, parent, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  parent?.append(made);
  return made;
}

// ---- rows of attention ----------------------------------------------------------------------------------------

const callNow = () => index.calls[state.call];
const mapOf = () => ({ levels: arrays[`${callNow().id}h${state.head}`], most: arrays[`${callNow().id}h${state.head}most`], keys: callNow().count[1] });

/** The mean of the rows of some queries. */
function rowsOf(queries) {
  const { levels, most, keys } = mapOf(), sum = new Float32Array(keys);
  for (const q of queries) for (let k = 0; k < keys; k += 1) sum[k] += (levels[q * keys + k] / 255) * most[q];
  return sum.map((value) => value / queries.length);
}

/** What every query gives to some keys together. */
function columnsOf(wanted) {
  const { levels, most, keys } = mapOf();
  return Float32Array.from(most, (high, q) => wanted.reduce((sum, k) => sum + (levels[q * keys + k] / 255) * high, 0));
}

const sidesNow = () => {
  if (state.explanation < 0) return { left: callNow().queries, right: callNow().keys };
  const { spaces } = index.explanations[state.explanation], half = Math.ceil(spaces.length / 2);
  return { left: spaces.slice(0, half), right: spaces.slice(half) };
};

/** Where the tokens of a space begin in the sequence of its side. */
function startOf(side, name) {
  const names = sidesNow()[side];
  return names.slice(0, names.indexOf(name)).reduce((sum, before) => sum + panels.get(before).count, 0);
}

/** The tokens of a thing: the pieces of a word, else the thing itself. */
function tokensOf({ number, count }, thing) {
  const of = arrays[`of${number}`];
  return of ? [...Array(count).keys()].filter((token) => of[token] === thing) : [thing];
}

/** One value a token → one a thing: the sum over pieces, or their mean where these are queries. */
function painted({ number, labels }, values, mean) {
  const of = arrays[`of${number}`];
  if (!of) return values;
  const sums = new Float32Array(labels.length), counts = new Float32Array(labels.length);
  values.forEach((value, token) => { sums[of[token]] += value; counts[of[token]] += 1; });
  return sums.map((sum, thing) => (counts[thing] ? (mean ? sum / counts[thing] : sum) : NaN));
}

// ---- messages for the components --------------------------------------------------------------------------------

const SCORES = ["value", "level", "lut", "field", "fineLevel", "fineValue", "fineCell"];
const levelOf = (value, { low, high }) => (Number.isNaN(value) ? 0 : 1 + Math.round((254 * (Math.min(high, Math.max(low, value)) - low)) / (high - low)));

function bare(panel, selected, title) {
  const { header, arrays: own } = panel.message;
  return {
    header: { ...header, scale: null, selected, title, alt: title, ...(header.totals ? { totals: header.totals.map(() => "") } : {}) },
    arrays: Object.fromEntries(Object.entries(own).filter(([name]) => !SCORES.includes(name))),
  };
}

/** The same drawing with scores and their colour bar; what a component needs beside them is made of them. */
function scored(panel, values, selected, title, scale, lut) {
  const message = bare(panel, selected, title), ranked = [...values.keys()].sort((a, b) => Math.abs(values[b] || 0) - Math.abs(values[a] || 0));
  const told = ranked.slice(0, 3).filter((i) => !Number.isNaN(values[i])).map((i) => `${panel.labels[i]} ${number(values[i])}`).join(", ");
  Object.assign(message.header, { scale, alt: `${title}, ${scale.lowText} … ${scale.highText} ${scale.name}. Strongest: ${told}.` });
  Object.assign(message.arrays, { value: Float32Array.from(values), level: Uint8Array.from(values, (value) => levelOf(value, scale)), lut });
  if ("ranked" in message.arrays) message.arrays.ranked = Uint32Array.from(ranked);
  if (panel.kind === "picture") message.header.strongest = 5;
  if (panel.kind === "head") Object.assign(message.arrays, { field: fieldOf(panel, values, scale) }), (message.header.cells = panel.cells);
  if (message.header.totals) message.header.totals = totalsOf(message.header, values);
  return message;
}

function totalsOf({ names }, values) {
  const each = values.length / names.length;
  return names.map((_, photo) => number(values.slice(photo * each, (photo + 1) * each).reduce((a, b) => a + (b || 0), 0)));
}

/** The field between electrodes: that of each electrode alone, weighted by its score. */
function fieldOf(panel, values, scale) {
  const basis = arrays[`field${panel.number}`], size = panel.cells ** 2;
  if (!basis) return new Uint8Array(0);
  const sum = new Float32Array(size);
  values.forEach((value, i) => { for (let cell = 0; cell < size; cell += 1) sum[cell] += value * basis[i * size + cell]; });
  return Uint8Array.from(sum, (value) => levelOf(value, scale));
}

function scaleOf(values) {
  const high = Math.max(...values.map((some) => some.reduce((a, b) => Math.max(a, b || 0), 0))) || 1;
  return { low: 0, high, lowText: "0", highText: number(high), diverging: false, name: "attention weight", clipped: 0 };
}

// ---- what is shown ----------------------------------------------------------------------------------------------

/** Scores of both sides for what is picked, side → space → values of things or null, with the words for the titles. */
function answers() {
  const sides = sidesNow(), pick = state.pick;
  const cut = (side, values, mean) => sides[side].map((name) => {
    const start = startOf(side, name), panel = panels.get(name);
    return painted(panel, values.slice(start, start + panel.count), mean);
  });
  const none = (side) => sides[side].map(() => null);
  if (!pick) return { left: none("left"), right: cut("right", rowsOf([...Array(callNow().count[0]).keys()])), says: "mean over all queries" };
  const panel = panels.get(pick.name), start = startOf(pick.side, pick.name);
  const tokens = tokensOf(panel, pick.thing).map((token) => start + token), label = panel.labels[pick.thing];
  if (!tokens.length) return { left: none("left"), right: none("right"), says: `“${label}” lies beyond what the model reads` };
  if (pick.side === "left") return { left: none("left"), right: cut("right", rowsOf(tokens)), says: `attention from “${label}”` };
  return { left: cut("left", columnsOf(tokens), true), right: none("right"), says: `attention to “${label}”` };
}

function render() {
  const sides = sidesNow(), signature = JSON.stringify(sides);
  if (places.signature !== signature) build(sides, signature);
  const explanation = state.explanation < 0 ? null : index.explanations[state.explanation];
  const { says, ...values } = explanation ? ofExplanation(explanation, sides) : answers();
  const every = [...values.left, ...values.right].filter(Boolean);
  const scale = explanation?.scale ?? scaleOf(every), lut = explanation ? arrays[`e${state.explanation}lut`] : lutOfAttention;
  for (const side of ["left", "right"]) sides[side].forEach((name, i) => {
    const panel = panels.get(name), own = state.pick?.side === side && state.pick.name === name;
    const selected = own ? state.pick.thing : -1, some = values[side][i];
    const title = some ? `${name}: ${says}` : own && !explanation ? `${name}: picked “${panel.labels[state.pick.thing]}”` : name;
    const message = some ? scored(panel, some, selected, title, scale, lut) : bare(panel, selected, title);
    if (panel.still) keepStill(unpack(read(`still-${panel.number}`)));
    MOUNTS[panel.kind]({
      data: packPage(message), parentElement: places.get(`${side} ${i}`),
      setStateValue: (_, [thing]) => { state.pick = thing === null ? null : { side, name, thing }; render(); },
    });
  });
  document.getElementById("now").textContent = [says, explanation?.note ?? callNow().note, ...(every.length ? [`Scale ${scale.lowText} … ${scale.highText} ${scale.name}.`] : [])].filter(Boolean).join(". ").replaceAll("..", ".");
}

/** Scores that may not be ranked are not coloured: their warning stands below, as in the app. */
function ofExplanation({ title, spaces, ranked }, sides) {
  const values = (side) => sides[side].map((name) => ranked ? [...arrays[`e${state.explanation}s${spaces.indexOf(name)}`]] : null);
  return { left: values("left"), right: values("right"), says: title };
}

/** The places of the components, anew where other spaces are shown. */
function build(sides, signature) {
  places.clear();
  places.signature = signature;
  const main = document.getElementById("sides");
  main.replaceChildren();
  for (const side of ["left", "right"]) {
    const column = node("section", main);
    column.id = side;
    sides[side].forEach((name, i) => {
      const place = node("div", column, undefined, "panel");
      place.dataset.space = name;
      node("div", place, undefined, "xv");
      places.set(`${side} ${i}`, place);
    });
  }
}

function chooser(parent, text, options, chosen, change) {
  if (options.length < 2) return;
  const select = node("select", node("label", parent, `${text} `));
  options.forEach(([value, label]) => { node("option", select, label).value = value; });
  select.value = chosen;
  select.name = text.toLowerCase();
  select.addEventListener("change", () => { change(Number(select.value)); choices(); render(); });
}

function choices() {
  const form = document.getElementById("choices");
  form.replaceChildren();
  const shown = [...(index.calls.length ? [[-1, "attention"]] : []), ...index.explanations.map(({ title }, i) => [i, title])];
  chooser(form, "Show", shown, state.explanation, (value) => { [state.explanation, state.pick] = [value, null]; });
  if (state.explanation >= 0) return;
  chooser(form, "Attention", index.calls.map(({ title }, i) => [i, title]), state.call, (value) => {
    const before = JSON.stringify(sidesNow());
    [state.call, state.head] = [value, -1];
    if (JSON.stringify(sidesNow()) !== before) state.pick = null;
  });
  const { all, heads } = callNow();
  chooser(form, "Head", [[-1, `mean of ${all}`], ...[...Array(heads).keys()].map((head) => [head, `head ${head + 1}`])], state.head, (value) => { state.head = value; });
}

document.getElementById("choices").addEventListener("submit", (event) => event.preventDefault());
if (index.calls.length || index.explanations.length) { choices(); render(); }
