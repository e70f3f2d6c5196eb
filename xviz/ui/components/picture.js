// A picture with boxes over it, coloured by score. Follows common.js and marks.js.

const HINT = "Hover to read a NOUN, click to pick; click again for the next larger one. Keys: arrows go by score, Enter picks, Esc clears.";
const NEAR = 4; // CSS pixels within which two clicks are on the same spot
const NO_MARGIN = { left: 0, right: 0, top: 0, bottom: 0 };

function buildPicture(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "picture with regions");
  view.canvas = element("canvas", "", view.stage);
  view.overlay = document.createElement("canvas");
  [view.spot, view.margin] = [null, NO_MARGIN];
  followClock(view);
  view.draw = () => drawPicture(view);
  view.announce = () => announceWith(view, view.header.compact ? "" : HINT.replace("NOUN", view.header.noun));
  view.valueOf = (index) => view.arrays.value?.[index];
  view.describe = (index) => describeRegion(view, index);
  view.step = (key) => stepByScore(view, key);
  makeOverlayTools(view);
  listenKeys(view);
  listenPointer(view, view.canvas, (event) => regionAt(view, event));
  view.canvas.addEventListener("click", (event) => pickRegion(view, event));
}

function describeRegion(view, index) {
  const { labels, scale, masked } = view.header;
  const place = view.arrays.ranked.indexOf(index) + 1;
  return [
    labels[index],
    scale && `${format(view.valueOf(index))} ${scale.name}`,
    scale ? `${place} of ${labels.length} by score` : `${view.header.noun} ${index + 1} of ${labels.length}`,
    masked.includes(index) && "left out: not shown to the model",
  ];
}

// ---- picking --------------------------------------------------------------------------------------------------

/** The regions under the mouse, smallest first. */
function regionsAt(view, event) {
  if (!view.zoom) return [];
  const frame = view.canvas.getBoundingClientRect();
  const x = (event.clientX - frame.left - view.margin.left) / view.zoom;
  const y = (event.clientY - frame.top - view.margin.top) / view.zoom;
  const { boxes } = view.arrays;
  const area = (i) => (boxes[4 * i + 2] - boxes[4 * i]) * (boxes[4 * i + 3] - boxes[4 * i + 1]);
  const covers = (i) => boxes[4 * i] <= x && x < boxes[4 * i + 2] && boxes[4 * i + 1] <= y && y < boxes[4 * i + 3];
  return view.header.labels.map((_, i) => i).filter(covers).sort((a, b) => area(a) - area(b));
}

const onSpot = (view, event) => view.spot && Math.hypot(event.clientX - view.spot.x, event.clientY - view.spot.y) <= NEAR;

function regionAt(view, event) {
  const found = regionsAt(view, event);
  // where the last click was, the region it picked stays under the cursor, so that the next click can go past it
  if (onSpot(view, event) && found.includes(view.selected)) return view.selected;
  return found[0] ?? null;
}

function pickRegion(view, event) {
  const found = regionsAt(view, event);
  if (!found.length) return;
  const again = onSpot(view, event) ? found.indexOf(view.selected) + 1 : 0;
  if (!onSpot(view, event)) view.spot = { x: event.clientX, y: event.clientY };
  choose(view, (view.cursor = found[again % found.length]));
  showTip(view, view.describe(view.cursor), event.clientX, event.clientY);
}

// ---- drawing --------------------------------------------------------------------------------------------------

/** Boxes from the weakest to the strongest, each opaque: what is left on a pixel is the strongest that covers it. */
function paintOverlay(view, width, height, ratio) {
  const { arrays: { ranked, boxes, level, lut }, overlay } = view;
  [overlay.width, overlay.height] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  const context = overlay.getContext("2d");
  const edge = (value) => Math.round(value * view.zoom * ratio);
  for (const i of [...ranked].reverse()) {
    if (!level[i]) continue;
    const [x0, y0, x1, y1] = [0, 1, 2, 3].map((k) => edge(boxes[4 * i + k]));
    context.fillStyle = cssColour(lut, level[i]);
    context.fillRect(x0, y0, x1 - x0, y1 - y0);
  }
}

function drawPicture(view) {
  const { header, canvas, picture } = view;
  if (!header || !view.stage.clientWidth) return;
  const look = theme(view.root);
  const { left, right, top, bottom } = (view.margin = margins(view, look));
  view.zoom = Math.min((view.stage.clientWidth - left - right) / header.width, header.height / header.tall, 16);
  const [w, h] = [header.width * view.zoom, header.tall * view.zoom];
  view.foot.style.maxWidth = `${Math.max(w + left + right, 340)}px`; // the tools stay near the picture
  const context = sharpContext(canvas, w + left + right, h + top + bottom);
  if (!picture) return; // its place is kept until it is decoded
  if (header.frame) drawAxes(context, view, w, h, look);
  context.save();
  context.translate(left, top);
  context.imageSmoothingEnabled = view.zoom < 3; // few large pixels are shown as pixels
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, w, h);
  if (view.grey) greyOut(context, 0, 0, w, h);
  if (header.scale) {
    const ratio = window.devicePixelRatio || 1;
    const wanted = [view.arrays.level, Math.round(w * ratio), Math.round(h * ratio)];
    if (!view.painted || wanted.some((value, i) => value !== view.painted[i])) paintOverlay(view, w, h, ratio);
    view.painted = wanted;
    context.globalAlpha = view.opacity;
    context.drawImage(view.overlay, 0, 0, w, h);
    context.globalAlpha = 1;
  }
  const box = (i) => {
    const [x0, y0, x1, y1] = view.arrays.boxes.subarray(4 * i, 4 * i + 4);
    return [x0, y0, x1 - x0, y1 - y0].map((value) => value * view.zoom);
  };
  header.masked.forEach((i) => hatch(context, ...box(i)));
  drawOutlines(context, view, box);
  drawKnown(context, view);
  const { crosses } = view.arrays;
  for (let i = 0; i < crosses.length; i += 2) cross(context, crosses[i] * view.zoom, crosses[i + 1] * view.zoom, 5);
  const marked = [view.selected, view.cursor].filter((i, k, all) => i !== null && i < header.labels.length && all.indexOf(i) === k);
  marked.forEach((i) => outline(context, ...box(i), i === view.selected ? look.accent : "#fff", i === view.selected ? 3 : 1.5));
  marked.forEach((i) => drawTag(context, header.labels[i], box(i), w, look));
  context.restore();
  moveHand(view, view.hand.second ?? null);
}

/** Line segments around what is known to be meant, dashed. */
function drawKnown(context, view) {
  const { known } = view.arrays;
  if (!known?.length) return;
  context.save();
  for (const [style, line, dash] of [["rgb(0 0 0 / 0.85)", 3.5, []], ["#7dff9b", 1.75, [6, 4]]]) {
    context.setLineDash(dash);
    context.strokeStyle = style;
    context.lineWidth = line;
    context.beginPath();
    for (let i = 0; i < known.length; i += 4) {
      context.moveTo(known[i] * view.zoom, known[i + 1] * view.zoom);
      context.lineTo(known[i + 2] * view.zoom, known[i + 3] * view.zoom);
    }
    context.stroke();
  }
  context.restore();
}

// ---- axes and clock -------------------------------------------------------------------------------------------

const TICK_FONT = (look) => `11px ${look.font}`;

/** The room that ticks and names need, CSS pixels. */
function margins(view, look) {
  const { frame } = view.header;
  if (!frame || !(frame.x.length || frame.y.length)) return NO_MARGIN;
  const context = view.canvas.getContext("2d");
  context.font = TICK_FONT(look);
  const widest = Math.max(0, ...frame.y.map(([, text]) => context.measureText(text).width));
  return { left: Math.ceil(widest) + 8 + (frame.names[1] ? 16 : 0), right: 10, top: 5, bottom: 20 + (frame.names[0] ? 15 : 0) };
}

/** Ticks and names around the picture; ticks that would touch the one before are left out. */
function drawAxes(context, view, w, h, look) {
  const { margin: { left, top }, header: { frame } } = view;
  context.font = TICK_FONT(look);
  [context.fillStyle, context.strokeStyle, context.lineWidth] = [look.faint, look.faint, 1];
  [context.textAlign, context.textBaseline] = ["center", "top"];
  let end = -Infinity;
  for (const [share, text] of frame.x) {
    const [x, half] = [left + share * w, context.measureText(text).width / 2];
    if (x - half < end + 5) continue;
    context.fillRect(x - 0.5, top + h, 1, 4);
    context.fillText(text, x, top + h + 6);
    end = x + half;
  }
  context.fillText(frame.names[0], left + w / 2, top + h + 20);
  [context.textAlign, context.textBaseline] = ["right", "middle"];
  let last = Infinity;
  for (const [share, text] of [...frame.y].sort((a, b) => b[0] - a[0])) {
    const y = top + share * h;
    if (y > last - 12) continue;
    context.fillRect(left - 4, y - 0.5, 4, 1);
    context.fillText(text, left - 7, y);
    last = y;
  }
  context.save();
  context.translate(9, top + h / 2);
  context.rotate(-Math.PI / 2);
  [context.textAlign, context.textBaseline] = ["center", "middle"];
  context.fillText(frame.names[1], 0, 0);
  context.restore();
}

/** A line over the picture that stands where the player of its clock is. */
function followClock(view) {
  view.hand = element("div", "hand", view.stage);
  const listener = ({ detail: [player, second] }) => {
    if (view.header?.frame?.clock?.[0] === player) moveHand(view, second);
  };
  window.addEventListener(CLOCK, listener);
  view.stopClock = () => window.removeEventListener(CLOCK, listener);
}

function moveHand(view, second) {
  const clock = view.header?.frame?.clock;
  view.hand.second = second;
  const share = clock && second !== null ? (second - clock[1]) / (clock[2] - clock[1]) : -1;
  const shown = share >= 0 && share <= 1 && Boolean(view.zoom);
  view.hand.style.display = shown ? "block" : "none";
  if (!shown) return;
  const { left, top } = view.margin;
  view.hand.style.left = `${left + share * view.header.width * view.zoom}px`;
  view.hand.style.top = `${top}px`;
  view.hand.style.height = `${view.header.tall * view.zoom}px`;
}

// ---- marks ----------------------------------------------------------------------------------------------------

/** The strongest regions, the stronger the thicker; the rest are seen when pointed at. */
function drawOutlines(context, view, box) {
  const { header, arrays: { ranked, value } } = view;
  const size = (i) => (value && header.scale ? Math.min(1, Math.abs(value[i]) / Math.max(Math.abs(header.scale.high), Math.abs(header.scale.low))) : 0);
  for (const i of [...ranked.slice(0, header.strongest)].reverse()) {
    if (value && Number.isNaN(value[i])) continue;
    const thick = 1 + 2.5 * size(i);
    const grid = header.frame && !header.scale; // cells that fill the plane are seen under a faint grid
    const lines = grid
      ? [["rgb(0 0 0 / 0.3)", 2], ["rgb(255 255 255 / 0.4)", 1]]
      : [["rgb(0 0 0 / 0.6)", thick + 1.5], ["rgb(255 255 255 / 0.95)", thick]];
    for (const [style, line] of lines) {
      context.strokeStyle = style;
      context.lineWidth = line;
      context.strokeRect(...box(i));
    }
  }
}

/** The region's name on a dark plate, above its box or, at the top of the picture, inside it. */
function drawTag(context, label, [x, y], width, look) {
  context.font = `600 12px ${look.font}`;
  const text = fitText(context, label, Math.min(220, width - 12));
  const wide = context.measureText(text).width + 10;
  const left = Math.max(0, Math.min(x - 2, width - wide));
  const top = y >= 24 ? y - 23 : y + 5;
  context.fillStyle = "rgb(20 20 24 / 0.88)";
  context.fillRect(left, top, wide, 19);
  context.fillStyle = "#fff";
  [context.textAlign, context.textBaseline] = ["left", "middle"];
  context.fillText(text, left + 5, top + 10);
}

// ---- mounting -------------------------------------------------------------------------------------------------

/** Decodes the picture once; a later picture wins over an earlier one that is still being decoded. */
async function usePicture(view, id, { header, arrays }) {
  if (view.stillId === id) return;
  view.stillId = id;
  view.spot = null;
  const picture = await createImageBitmap(new Blob([arrays.file], { type: header.type }));
  if (view.stillId !== id) return picture.close();
  view.picture?.close();
  view.picture = picture;
  view.draw();
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildPicture);
  if (data) take(view, data, setStateValue, () => {
    view.tools.style.display = view.header.scale && !view.header.compact ? "" : "none";
    view.say.style.display = view.header.compact ? "none" : "";
    view.hand.second ??= clockOf(view.header.frame?.clock?.[0]);
    view.release = () => {
      view.picture?.close();
      view.stopClock();
    };
    if (view.stillId !== view.header.still) whenStill(view, view.header.still, (still) => usePicture(view, view.header.still, still));
    view.draw();
    view.announce();
  });
  return () => destroy(view);
}
