// A sentence as chips that wrap like text, coloured by score. Follows common.js.

const HINT = "Click a word to pick it. Keys: arrows move, Enter picks, Esc clears.";

function buildWords(view) {
  view.stage.setAttribute("role", "listbox");
  view.stage.classList.add("chips");
  view.chips = [];
  view.draw = () => markChips(view);
  view.announce = () => announceWith(view, HINT, view.cursor ?? firstSelected(view));
  view.valueOf = (index) => view.arrays.value?.[index];
  view.describe = (index) => {
    const { words, scale, groups, unknown } = view.header;
    return [words[index], unknown?.includes(index) && "unknown to the model", scale && `${format(view.valueOf(index))} ${scale.name}`, groups?.[index], `word ${index + 1} of ${words.length}`];
  };
  view.step = (key) => stepWord(view, key);
  listenKeys(view);
  const chipAt = (event) => {
    const chip = event.target.closest?.(".chip");
    return chip ? view.chips.indexOf(chip) : null;
  };
  listenPointer(view, view.stage, chipAt);
  view.stage.addEventListener("click", (event) => {
    const index = chipAt(event);
    if (index !== null) choose(view, (view.cursor = index));
  });
}

/** Left and right follow the eye, so they turn round in a right-to-left sentence; up and down go by line. */
function stepWord(view, key) {
  const { chips } = view;
  if (!chips.length) return false;
  const last = chips.length - 1;
  const from = view.cursor ?? firstSelected(view);
  const towards = getComputedStyle(chips[from ?? 0].parentElement).direction === "rtl" ? -1 : 1;
  const along = { ArrowLeft: -towards, ArrowRight: towards }[key];
  const across = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (key === "Home") view.cursor = 0;
  else if (key === "End") view.cursor = last;
  else if (from === null && (along || across)) view.cursor = 0;
  else if (along) view.cursor = Math.max(0, Math.min(last, from + along));
  else if (across) view.cursor = nextLine(chips, from, across);
  else return false;
  return true;
}

/** The chip of the next line nearest to this one. */
function nextLine(chips, from, direction) {
  const boxes = chips.map((chip) => chip.getBoundingClientRect());
  const middle = (box) => (box.left + box.right) / 2;
  const beyond = boxes.map((box, i) => [i, direction * (box.top - boxes[from].top)]).filter(([, d]) => d > 2);
  if (!beyond.length) return from;
  const line = Math.min(...beyond.map(([, d]) => d));
  const near = ([i]) => Math.abs(middle(boxes[i]) - middle(boxes[from]));
  return beyond.filter(([, d]) => d < line + 2).reduce((a, b) => (near(b) < near(a) ? b : a))[0];
}

function makeChips(view) {
  const { header: { words, groups, scale, unknown }, arrays: { level, lut, value } } = view;
  view.chips = [];
  view.stage.replaceChildren();
  let line = null;
  words.forEach((word, i) => {
    if (!line || (groups && groups[i] !== groups[i - 1])) {
      if (groups) element("div", "group", view.stage, groups[i]);
      line = element("div", "line", view.stage);
      line.dir = "auto";
      line.setAttribute("role", "group");
      if (groups) line.setAttribute("aria-label", groups[i]);
    }
    const chip = element("span", "chip", line);
    chip.id = `chip-${i}`;
    chip.setAttribute("role", "option");
    element("span", "word", chip, word);
    if (scale) {
      element("span", "score", chip, format(value[i]));
      if (level[i] && !unknown?.includes(i)) chip.firstChild.style.cssText = `background: ${cssColour(lut, level[i])}; color: ${inkOn(lut, level[i])}`;
      else chip.classList.add("empty");
    } else chip.classList.add("plain");
    if (unknown?.includes(i)) {
      chip.classList.add("unknown");
      chip.title = "Unknown to the model";
    }
    view.chips.push(chip);
  });
}

const firstSelected = (view) => (Array.isArray(view.selected) ? view.selected[0] : view.selected);

function markChips(view) {
  const selected = new Set([view.selected].flat());
  view.chips.forEach((chip, i) => {
    chip.setAttribute("aria-selected", String(selected.has(i)));
    chip.classList.toggle("cursor", i === view.cursor);
  });
  if (view.cursor === null) view.stage.removeAttribute("aria-activedescendant");
  else view.stage.setAttribute("aria-activedescendant", `chip-${view.cursor}`);
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildWords);
  if (data) take(view, data, setStateValue, () => {
    if (Array.isArray(view.selected) && view.selected.length === 1) [view.selected] = view.selected;
    makeChips(view);
    view.draw();
    view.announce();
  });
  return () => destroy(view);
}
