// A picture with boxes over it, coloured by score. Follows common.js and marks.js.

const HINT = "Point at a region to read it, click to pick; click again for the next larger one. Keys: arrows go by score, Enter picks, Escape clears.";
const NEAR = 4; // CSS pixels within which two clicks are on the same spot

function buildPicture(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "picture with regions");
  view.canvas = element("canvas", "", view.stage);
  view.overlay = document.createElement("canvas");
  view.spot = null;
  view.draw = () => drawPicture(view);
  view.announce = () => announceWith(view, HINT);
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
    scale ? `${place} of ${labels.length} by score` : `region ${index + 1} of ${labels.length}`,
    masked.includes(index) && "masked: not shown to the model",
  ];
}

// ---- picking --------------------------------------------------------------------------------------------------

/** The regions under the mouse, smallest first. */
function regionsAt(view, event) {
  if (!view.zoom) return [];
  const frame = view.canvas.getBoundingClientRect();
  const [x, y] = [(event.clientX - frame.left) / view.zoom, (event.clientY - frame.top) / view.zoom];
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
function paintOverlay(view, ratio) {
  const { arrays: { ranked, boxes, level, lut }, overlay, canvas } = view;
  [overlay.width, overlay.height] = [canvas.width, canvas.height];
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
  if (!header || !picture || !view.stage.clientWidth) return;
  const look = theme(view.root);
  view.zoom = Math.min(view.stage.clientWidth / header.width, header.height / header.tall, 16);
  const [w, h] = [header.width * view.zoom, header.tall * view.zoom];
  view.foot.style.maxWidth = `${Math.max(w, 340)}px`; // the tools stay near the picture
  const context = sharpContext(canvas, w, h);
  context.imageSmoothingEnabled = view.zoom < 3; // few large pixels are shown as pixels
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, w, h);
  if (view.grey) greyOut(context, 0, 0, w, h);
  if (header.scale) {
    const wanted = [view.arrays.level, canvas.width, canvas.height];
    if (!view.painted || wanted.some((value, i) => value !== view.painted[i])) paintOverlay(view, canvas.width / w);
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
  const { crosses } = view.arrays;
  for (let i = 0; i < crosses.length; i += 2) cross(context, crosses[i] * view.zoom, crosses[i + 1] * view.zoom, 5);
  const marked = [view.selected, view.cursor].filter((i, k, all) => i !== null && i < header.labels.length && all.indexOf(i) === k);
  marked.forEach((i) => outline(context, ...box(i), i === view.selected ? look.accent : "#fff", i === view.selected ? 3 : 1.5));
  marked.forEach((i) => drawTag(context, header.labels[i], box(i), w, look));
}

/** The strongest regions, the stronger the thicker; the rest are seen when pointed at. */
function drawOutlines(context, view, box) {
  const { header, arrays: { ranked, value } } = view;
  const size = (i) => (value && header.scale ? Math.min(1, Math.abs(value[i]) / Math.max(Math.abs(header.scale.high), Math.abs(header.scale.low))) : 0);
  for (const i of [...ranked.slice(0, header.strongest)].reverse()) {
    if (value && Number.isNaN(value[i])) continue;
    const thick = 1 + 2.5 * size(i);
    for (const [style, line] of [["rgb(0 0 0 / 0.6)", thick + 1.5], ["rgb(255 255 255 / 0.95)", thick]]) {
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
  if (data) {
    receive(view, data, setStateValue);
    view.tools.style.display = view.header.scale ? "" : "none";
    view.release = () => view.picture?.close();
    if (view.stillId !== view.header.still) whenStill(view, view.header.still, (still) => usePicture(view, view.header.still, still));
    view.draw();
    view.announce();
  }
  return () => destroy(view);
}
