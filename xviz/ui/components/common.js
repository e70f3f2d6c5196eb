// What the live components share. Each is served as message.js, colour.js and this file followed by its own, which
// default-exports the mount function. Data reach the page only as textContent or canvas text, never as HTML.

// ---- the frame around every drawing ---------------------------------------------------------------------------

function element(tag, className, parent, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  parent?.append(node);
  return node;
}

/** The view living under this parent: made by `build` at the first call, found again at every later one. */
function viewOf(parent, build) {
  const root = parent.querySelector(".xv");
  if (root.xvizView) return root.xvizView;
  const view = { root, cursor: null, selected: null };
  view.title = element("div", "title", root);
  view.stage = element("div", "stage", root);
  view.stage.tabIndex = 0;
  view.below = element("div", "below", root);
  view.foot = element("div", "foot", root);
  makeBar(view);
  view.tools = element("div", "tools", view.foot);
  view.note = element("div", "note", root);
  view.say = element("div", "say", root);
  view.say.setAttribute("role", "status"); // implies aria-live="polite"
  view.say.setAttribute("aria-live", "polite");
  view.tip = element("div", "tip", root);
  view.tip.setAttribute("aria-hidden", "true"); // the status line says the same
  build(view);
  window.setTimeout(() => document.body.classList.add("xviz-drawn"), 500); // page.css keeps their place before
  view.resizes = new ResizeObserver(() => view.draw?.());
  view.resizes.observe(root);
  root.xvizView = view;
  LIVE.add(view);
  return view;
}

// Drawings on the page, which follow each other's picks, and what was picked lately in every group of them.
const LIVE = (window.xvizLive ??= new Set());
const RECENT = (window.xvizPicks ??= new Map());
const LATELY = 8000; // milliseconds after which the server has answered, or never will

/** Takes a message of the server and lets `show` draw it, unless it is on view already or a newer pick overtook it. */
function take(view, data, setStateValue, show) {
  const message = unpack(data);
  listenTo(view, setStateValue);
  view.show = show;
  const known = view.header && message.header.answers && sameMessage(message, view) && sameToken(view, message.header);
  if (!known && overtaken(view, message)) return;
  count(view, "messages");
  if (known) return;
  if (view.foretold) count(view, "corrected"); // the tests read that this never happens
  accept(view, message);
  show();
}

/** Whether what a header selects is selected; null selects nothing anew, a negative number or an empty list takes away. */
function sameToken(view, { selected }) {
  const plain = (token) => (Array.isArray(token) && token.length < 2 ? token[0] : token) ?? -1;
  return selected === null || JSON.stringify(plain(selected)) === JSON.stringify(plain(view.selected));
}

const count = (view, what) => { view.root.dataset[what] = 1 + Number(view.root.dataset[what] ?? 0); };

/** Whether a message answers a pick after which there was another one, whose answer is on view already. */
function overtaken(view, message) {
  const own = message.header.answers, lately = RECENT.get(own?.group)?.filter(({ time }) => performance.now() - time < LATELY) ?? [];
  return view.foretold && lately.slice(0, -1).some(({ pick, shown }) => {
    const earlier = shown.get(view) ?? foretold(own, pick);
    return earlier && sameMessage(earlier, message);
  });
}

/** What a pick in a drawing is called. */
function pickOf({ as }, token) {
  const index = [token].flat()[0];
  return token === null ? "none" : Array.isArray(as) ? as[index] : `${as}-${index}`;
}

/** Shows the answers to a pick that are there before it, in this drawing and in those of its group; fetches a single one. */
function answerAtOnce(view, token) {
  const { answers } = view.header;
  if (!answers) return;
  const asked = { pick: pickOf(answers, token), time: performance.now(), shown: new Map() };
  RECENT.set(answers.group, [...(RECENT.get(answers.group) ?? []).slice(-7), asked]);
  showAnswers(answers.group, asked);
  if (answers.single) asked.coming = fetchAnswer(answers, asked.pick).then((came) => came && showAnswers(answers.group, asked));
  return asked;
}

/** Whether no other pick followed. */
const isLatest = (group, asked) => RECENT.get(group).at(-1) === asked;

/** Shows the answers to a pick, unless another one followed, in all drawings of a group that the server did not answer yet. */
function showAnswers(group, asked) {
  const latest = isLatest(group, asked);
  for (const other of LIVE) {
    if (other.header?.answers?.group !== group || !other.show) continue;
    const message = foretold(other.header.answers, asked.pick);
    if (message) asked.shown.set(other, message);
    if (!latest) continue;
    other.foretold = message !== null;
    if (!message || (sameMessage(message, other) && sameToken(other, message.header))) continue;
    accept(other, message);
    other.show();
  }
}

/** Takes a message of the server, for drawings that are never answered before it. */
function receive(view, data, setStateValue) {
  listenTo(view, setStateValue);
  accept(view, unpack(data));
  count(view, "messages"); // read by the tests
}

function listenTo(view, setStateValue) {
  view.send = (token) => {
    view.picks = 1 + (view.picks ?? 0); // the same token twice would be no change to Streamlit
    setStateValue("pick", [token, view.picks]);
  };
}

/** A message becomes what the drawing shows: it keeps the visitor's selection unless the header names one. */
function accept(view, { header, arrays }) {
  Object.assign(view, { header, arrays });
  if (header.selected < 0) view.selected = null; // taken away, because something else is picked elsewhere
  else if (header.selected !== null) view.selected = header.selected;
  view.stage.setAttribute("aria-label", header.alt);
  view.title.textContent = header.title;
  view.note.textContent = header.note ?? "";
  showBar(view);
  hideTip(view); // it spoke of the message before
}

const HELD = 150; // milliseconds that an answer may be on its way before Python is told of the pick

/** Shows the token as picked at once, and tells Python; the answer comes as a new message, or is fetched just before. */
function choose(view, token) {
  view.selected = token;
  const asked = answerAtOnce(view, token), group = view.header.answers?.group;
  view.draw();
  view.announce();
  if (!asked?.coming) return view.send(token);
  const late = new Promise((done) => window.setTimeout(done, HELD)); // at once, both answers would share a processor
  Promise.race([asked.coming, late]).then(() => isLatest(group, asked) && view.send(token)); // else Python is told of that one
}

function destroy(view) {
  LIVE.delete(view);
  view.resizes.disconnect();
  view.stopWaiting?.();
  view.release?.();
  view.root.replaceChildren();
  delete view.root.xvizView;
}

/** Keys every drawing answers to: `view.step(key, event)` moves the cursor and returns whether it knew the key. */
function listenKeys(view) {
  view.stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !view.header) return;
    if (event.key === "Enter" || event.key === " ") {
      if (view.cursor !== null) choose(view, view.cursor);
    } else if (event.key === "Escape") {
      if (view.selected === null) return;
      view.cursor = null;
      hideTip(view);
      choose(view, null);
    } else if (view.step(event.key, event)) {
      view.draw();
      view.announce();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  view.stage.addEventListener("focus", () => view.header && view.announce());
  view.stage.addEventListener("blur", () => {
    hideTip(view);
    if (view.header) view.announce();
  });
}

/** Arrow keys through the tokens from the strongest to the weakest: a `view.step`. */
function stepByScore(view, key) {
  const ranked = [...view.arrays.ranked];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[key];
  if (!step || !ranked.length) return false;
  const from = ranked.indexOf(view.cursor ?? view.selected);
  view.cursor = from < 0 ? ranked[0] : ranked[Math.max(0, Math.min(ranked.length - 1, from + step))];
  return true;
}

/** A tick box among the tools for `view[name]`, which must be set before. */
function makeSwitch(view, name, text) {
  const label = element("label", "tool", view.tools);
  const box = element("input", "", label);
  Object.assign(box, { type: "checkbox", checked: view[name] });
  label.append(` ${text}`);
  box.addEventListener("change", () => {
    view[name] = box.checked;
    view.draw();
  });
}

const RESTED = 60; // milliseconds after which a pointer on a token is taken to rest there, perhaps to click

/** Fetches the answer to a pick that may come. */
function expect(view, token) {
  const answers = view.header?.answers;
  if (answers && view.root.isConnected && JSON.stringify(token) !== JSON.stringify(view.selected)) fetchAnswer(answers, pickOf(answers, token));
}

function listenPointer(view, canvas, at) {
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || !view.header) return;
    point(view, at(event), event);
  });
  canvas.addEventListener("pointerleave", () => point(view, null));
}

/** Puts the cursor on a token under the mouse (null for none) and redraws if it moved. */
function point(view, token, event) {
  const moved = JSON.stringify(token) !== JSON.stringify(view.cursor);
  view.cursor = token;
  if (moved) {
    view.draw();
    view.announce();
    window.clearTimeout(view.resting);
    if (token !== null) view.resting = window.setTimeout(() => expect(view, token), RESTED);
  }
  if (token === null) hideTip(view);
  else showTip(view, view.describe(token), event.clientX, event.clientY);
}

// ---- text -----------------------------------------------------------------------------------------------------

/** A score as people read it: four digits, a true minus sign. */
function format(value) {
  if (value === undefined || Number.isNaN(value)) return "no value";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value === 0 ? "0" : value.toPrecision(4);
  return text.replaceAll("-", "−");
}

/** A score with what it measures, or the class that it is the number of; nothing where there are no scores. */
function worth(view, value) {
  const { scale } = view.header;
  if (!scale) return null;
  if (!scale.names) return `${format(value)} ${scale.name}`;
  return `${scale.name}: ${scale.names[value] ?? "none"}`;
}

/** What it is, what it is worth, and whatever else there is to say. */
function showTip(view, [name, worth, ...more], clientX, clientY) {
  const lines = [name, worth, more.filter(Boolean).join(" · ")];
  const box = view.root.getBoundingClientRect();
  view.tip.replaceChildren(...lines.filter(Boolean).map((line) => element("div", "", null, line)));
  view.tip.style.display = "block";
  const { offsetWidth: width, offsetHeight: height } = view.tip;
  const x = clientX - box.left + 14, y = clientY - box.top + 14;
  view.tip.style.left = `${Math.max(0, Math.min(x, box.width - width))}px`;
  view.tip.style.top = `${y + height > box.height ? Math.max(0, y - height - 28) : y}px`;
}

function hideTip(view) {
  view.tip.style.display = "none";
}

/** Says the token under the cursor, or the picked one, or at the keyboard which keys there are; marks its score on the bar. */
function announceWith(view, hint, token = view.cursor ?? view.selected) {
  const picked = JSON.stringify(token) === JSON.stringify(view.selected);
  view.say.textContent = token === null ? (view.stage.matches(":focus") ? hint : "") : `${picked ? "Picked: " : ""}${view.describe(token).filter(Boolean).join(" · ")}`;
  view.say.classList.toggle("hint", token === null);
  markBar(view, token === null ? null : view.valueOf(token));
}
