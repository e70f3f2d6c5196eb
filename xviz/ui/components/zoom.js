// Looking closer at a matrix: which rows and columns are in view, by wheel, pinch, drag, buttons and keys. Follows cells.js.

const CLOSEST = 24; // CSS pixels of a cell, beyond which nothing zooms
const TINY = 3; // CSS pixels of a cell, below which a matrix can be zoomed
const STEP = 1.5; // of a button or a key

/** First and last row, first and last column in view, the last ones not among them; may lie within cells. */
const windowOf = ({ window: seen, matrix }) => seen ?? [0, matrix.rows, 0, matrix.columns];

/** The same as whole cells. */
const seenCells = (view) => windowOf(view).map((edge, i) => (i % 2 ? Math.ceil(edge) : Math.floor(edge)));

const canZoom = ({ matrix, layout }) => matrix.tall * matrix.wide > 1 || Math.min(layout.width / matrix.columns, layout.height / matrix.rows) < TINY;

/** Puts rows and columns in view, as far as there are some and not too close; all of them are no window. */
function look(view, [r0, r1, c0, c1]) {
  const { matrix, layout } = view;
  const kept = (from, to, all, pixels) => {
    const span = Math.min(all, Math.max(to - from, Math.max(1, pixels / CLOSEST)));
    const first = Math.max(0, Math.min(all - span, (from + to - span) / 2));
    return [first, first + span];
  };
  const now = [...kept(r0, r1, matrix.rows, layout.height), ...kept(c0, c1, matrix.columns, layout.width)];
  view.window = now[1] - now[0] > matrix.rows - 0.5 && now[3] - now[2] > matrix.columns - 0.5 ? null : now;
  hideTip(view);
  view.draw();
}

/** Shows 1/factor of what is in view; `across` and `down` are the place that stays, as shares of the drawing. */
function zoomAt(view, factor, across = 0.5, down = 0.5) {
  const [r0, r1, c0, c1] = windowOf(view), { matrix, layout } = view;
  const span = (now, all, pixels) => Math.min(all, Math.max(now / factor, Math.min(now, Math.max(1, pixels / CLOSEST))));
  const tall = span(r1 - r0, matrix.rows, layout.height), wide = span(c1 - c0, matrix.columns, layout.width);
  const top = Math.max(0, Math.min(matrix.rows - tall, r0 + down * (r1 - r0 - tall)));
  const left = Math.max(0, Math.min(matrix.columns - wide, c0 + across * (c1 - c0 - wide)));
  look(view, [top, top + tall, left, left + wide]);
}

/** Zooms around the cell under the cursor or the picked one, else around the middle. */
function zoomHere(view, factor) {
  const [r0, r1, c0, c1] = windowOf(view), cell = view.cursor ?? view.selected;
  const share = cell && [(cell[0] + 0.5 - r0) / (r1 - r0), (cell[1] + 0.5 - c0) / (c1 - c0)];
  const inside = share && share.every((part) => part >= 0 && part <= 1);
  zoomAt(view, factor, ...(inside ? [share[1], share[0]] : [0.5, 0.5]));
}

/** Moves what is in view by cells. */
function slide(view, rows, columns) {
  const [r0, r1, c0, c1] = windowOf(view), { matrix } = view;
  const down = Math.max(-r0, Math.min(matrix.rows - r1, rows)), across = Math.max(-c0, Math.min(matrix.columns - c1, columns));
  look(view, [r0 + down, r1 + down, c0 + across, c1 + across]);
}

/** Moves what is in view as far as a cell needs to be seen. */
function follow(view, [row, column]) {
  const [r0, r1, c0, c1] = windowOf(view);
  const by = (cell, from, to) => (cell < from ? cell - from : cell + 1 > to ? cell + 1 - to : 0);
  if (view.window && (by(row, r0, r1) || by(column, c0, c1))) slide(view, by(row, r0, r1), by(column, c0, c1));
}

/** + − and 0; whether the key was one of them. */
function zoomKey(view, key) {
  if (!canZoom(view) || !["+", "=", "-", "0"].includes(key)) return false;
  if (key === "0") look(view, [0, view.matrix.rows, 0, view.matrix.columns]);
  else zoomHere(view, key === "-" ? 1 / STEP : STEP);
  return true;
}

function makeZoomTools(view) {
  const button = (text, label, act) => {
    const made = element("button", "tool", view.tools, text);
    made.setAttribute("aria-label", label);
    made.title = label;
    made.addEventListener("click", act);
    return made;
  };
  view.zooms = [
    button("+", "Zoom in", () => zoomHere(view, STEP)),
    button("−", "Zoom out", () => zoomHere(view, 1 / STEP)),
    button("whole matrix", "Show the whole matrix", () => look(view, [0, view.matrix.rows, 0, view.matrix.columns])),
  ];
}

/** Buttons and gestures as they are of use now. */
function showZoomTools(view) {
  const offered = canZoom(view);
  view.zooms.forEach((button, i) => {
    button.style.display = offered ? "" : "none";
    button.setAttribute("aria-disabled", i > 0 && !view.window); // not disabled, which would lose the focus
  });
  view.canvas.style.touchAction = !offered ? "" : view.window ? "none" : "pan-y";
  view.canvas.style.cursor = view.drag?.moved ? (view.drag.boxed ? "crosshair" : "grabbing") : "";
}

// ---- gestures -------------------------------------------------------------------------------------------------

/** Where an event is, as shares of the drawing from its left and top. */
function shareOf(view, { clientX, clientY }) {
  const box = view.canvas.getBoundingClientRect(), { left, top, width, height } = view.layout;
  return [(clientX - box.left - left) / width, (clientY - box.top - top) / height];
}

function listenZoom(view) {
  const { canvas } = view, held = new Map(); // pointers that are down → where they were last
  canvas.addEventListener("pointerdown", (event) => {
    view.dragged = false;
    if (!view.matrix || !view.layout || !canZoom(view) || event.button > 0) return;
    const at = shareOf(view, event);
    if (at.some((share) => share < 0 || share > 1)) return;
    held.set(event.pointerId, at);
    const boxed = event.shiftKey || !view.window;
    view.drag = { from: at, x: event.clientX, y: event.clientY, boxed, moved: held.size > 1, touch: event.pointerType === "touch" };
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = shareOf(view, event), { drag } = view, [r0, r1, c0, c1] = windowOf(view);
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) <= 4) return;
    if (!drag.moved) canvas.setPointerCapture(event.pointerId);
    drag.moved = view.dragged = true;
    held.set(event.pointerId, now);
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = ([x, y]) => Math.max(1, Math.hypot((x - other[0]) * view.layout.width, (y - other[1]) * view.layout.height));
      zoomAt(view, apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      slide(view, ((before[1] - now[1]) / 2) * (r1 - r0), ((before[0] - now[0]) / 2) * (c1 - c0));
    } else if (!drag.boxed) slide(view, (before[1] - now[1]) * (r1 - r0), (before[0] - now[0]) * (c1 - c0));
    else if (!drag.touch) {
      drag.to = now.map((share) => Math.max(0, Math.min(1, share)));
      view.draw();
    }
  });
  const release = (event) => {
    if (!held.delete(event.pointerId) || held.size) return;
    const { drag } = view;
    view.drag = null;
    if (drag.to && event.type === "pointerup") {
      const [r0, r1, c0, c1] = windowOf(view), sorted = (axis) => [drag.from[axis], drag.to[axis]].sort((a, b) => a - b);
      look(view, [...sorted(1).map((share) => r0 + share * (r1 - r0)), ...sorted(0).map((share) => c0 + share * (c1 - c0))]);
    } else if (view.matrix) view.draw();
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("wheel", (event) => {
    // the wheel belongs to the page until the matrix has the focus
    if (!view.matrix || !view.layout || !canZoom(view) || (view.root.getRootNode().activeElement !== view.stage && !event.ctrlKey)) return;
    event.preventDefault();
    zoomAt(view, Math.exp(-0.002 * event.deltaY), ...shareOf(view, event).map((share) => Math.max(0, Math.min(1, share))));
    point(view, view.cellAt(event), event);
  }, { passive: false });
}

/** The rectangle that is being drawn. */
function drawBox({ drag }, context, at, look_) {
  if (!drag?.to) return;
  const [x, y] = [0, 1].map((axis) => Math.min(drag.from[axis], drag.to[axis]));
  const [w, h] = [0, 1].map((axis) => Math.abs(drag.from[axis] - drag.to[axis]));
  outline(context, at.left + x * at.width, at.top + y * at.height, w * at.width, h * at.height, look_.accent, 1);
}
