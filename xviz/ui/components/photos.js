// Photos beside each other, each under a grid of patches coloured by score. Follows common.js and marks.js.

const HINT = "Hover to read, click to pick. Keys: arrows move, Page Up and Page Down go by score, Enter picks, Esc clears.";
const LEAST = 170, GAP = 8, HEAD = 20; // CSS pixels: width of a photo, room between photos, and for the name above

function buildPhotos(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "photos with patches");
  view.stage.classList.add("photos");
  view.canvas = element("canvas", "", view.stage);
  view.draw = () => (view.frame ??= requestAnimationFrame(() => drawPhotos(view)));
  view.announce = () => announceWith(view, HINT);
  view.valueOf = (patch) => (view.header.fine ? undefined : view.arrays.value?.[patch]);
  view.describe = (patch) => describePatch(view, patch);
  view.step = (key) => stepPatch(view, key);
  view.boxOf = (patch) => boxOf(view, patch);
  makeOverlayTools(view);
  listenKeys(view);
  listenPointer(view, view.canvas, (event) => patchAt(view, event));
  view.canvas.addEventListener("click", (event) => {
    const patch = patchAt(view, event);
    if (patch !== null) choose(view, (view.cursor = patch));
  });
}

const perPhoto = ({ header: { grid } }) => grid[0] * grid[1];

function placeOf(view, patch) {
  const photo = Math.floor(patch / perPhoto(view)), cell = patch % perPhoto(view);
  return { photo, row: Math.floor(cell / view.header.grid[1]), column: cell % view.header.grid[1] };
}

const indexOf = (view, { photo, row, column }) => (photo * view.header.grid[0] + row) * view.header.grid[1] + column;

function describePatch(view, patch) {
  const { photo, row, column } = placeOf(view, patch);
  const { names, absent, scale } = view.header;
  const rank = view.arrays.ranked.length ? view.arrays.ranked.indexOf(patch) + 1 : 0;
  return [
    `${names[photo]}, row ${row + 1}, column ${column + 1}`,
    view.header.fine ? `sum over its ${view.header.fine.name}s: ${format(view.arrays.value?.[patch])}` : worth(view, view.valueOf(patch)),
    scale && !scale.names && rank > 0 && `${rank} of ${view.arrays.ranked.length} by score`,
    absent.includes(photo) && "left out: not shown to the model",
  ];
}

// ---- layout ---------------------------------------------------------------------------------------------------

/** Where each photo is drawn: the more room, the more beside each other, and a row as tall as its tallest photo. */
function layOut(view, width) {
  const { order } = view.header, { sizes } = view.arrays;
  const beside = Math.max(1, Math.min(order.length, Math.floor((width + GAP) / (LEAST + GAP))));
  const wide = (width - GAP * (beside - 1)) / beside;
  const tiles = [];
  let [top, tall] = [0, 0];
  order.forEach((photo, place) => {
    if (place % beside === 0) [top, tall] = [place ? top + HEAD + tall + GAP : 0, 0];
    const [w, h] = [sizes[2 * photo], sizes[2 * photo + 1]];
    const zoom = Math.min(wide / w, (1.25 * wide) / h); // an upright photo is made narrower
    tiles[photo] = { x: (place % beside) * (wide + GAP), y: top + HEAD, w: w * zoom, h: h * zoom, zoom, wide, place };
    tall = Math.max(tall, h * zoom);
  });
  return { tiles, beside, height: top + HEAD + tall };
}

/** The part of a patch that lies on its photo, in CSS pixels; null for one beside it. */
function boxOf(view, patch) {
  const { photo, row, column } = placeOf(view, patch);
  const tile = view.layout.tiles[photo], [rows, columns] = view.header.grid;
  const [x0, y0, x1, y1] = view.arrays.frames.subarray(4 * photo, 4 * photo + 4);
  const edge = (from, to, share, limit) => Math.max(0, Math.min(limit, (from + (to - from) * share) * tile.zoom));
  const [left, right] = [column, column + 1].map((i) => edge(x0, x1, i / columns, tile.w));
  const [top, bottom] = [row, row + 1].map((i) => edge(y0, y1, i / rows, tile.h));
  if (right - left < 0.5 || bottom - top < 0.5) return null;
  return [tile.x + left, tile.y + top, right - left, bottom - top];
}

function patchAt(view, event) {
  if (!view.layout) return null;
  const frame = view.canvas.getBoundingClientRect();
  const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
  const { grid: [rows, columns] } = view.header;
  const photo = view.layout.tiles.findIndex((tile) => tile && tile.x <= x && x < tile.x + tile.w && tile.y <= y && y < tile.y + tile.h);
  if (photo < 0) return null;
  const tile = view.layout.tiles[photo], [x0, y0, x1, y1] = view.arrays.frames.subarray(4 * photo, 4 * photo + 4);
  const column = Math.floor((((x - tile.x) / tile.zoom - x0) / (x1 - x0)) * columns);
  const row = Math.floor((((y - tile.y) / tile.zoom - y0) / (y1 - y0)) * rows);
  if (row < 0 || column < 0 || row >= rows || column >= columns) return null;
  return indexOf(view, { photo, row, column });
}

/** Arrows go to the neighbour, past an edge to the next photo; page keys by score. */
function stepPatch(view, key) {
  if (!view.layout) return false;
  const ranked = view.arrays.ranked, from = view.cursor ?? view.selected;
  const byScore = { PageDown: 1, PageUp: -1, Home: -Infinity, End: Infinity }[key];
  if (byScore && ranked.length) {
    const at = from === null ? -1 : ranked.indexOf(from);
    view.cursor = at < 0 ? ranked[0] : ranked[Math.max(0, Math.min(ranked.length - 1, at + byScore))];
    reveal(view);
    return true;
  }
  const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
  if (!way) return false;
  view.cursor = from === null ? firstOf(view, view.header.order[0]) : neighbour(view, from, way);
  reveal(view);
  return true;
}

const firstOf = (view, photo) => [...Array(perPhoto(view)).keys()].map((i) => photo * perPhoto(view) + i).find((patch) => boxOf(view, patch)) ?? null;

function neighbour(view, from, [down, across]) {
  const { order, grid: [rows, columns] } = view.header;
  let { photo, row, column } = placeOf(view, from);
  for (let step = 0; step <= rows + columns; step += 1) {
    [row, column] = [row + down, column + across];
    if (row < 0 || column < 0 || row >= rows || column >= columns) {
      const place = view.layout.tiles[photo].place + across + down * view.layout.beside;
      if (!(place in order)) return from;
      photo = order[place];
      [row, column] = [(row + rows) % rows, (column + columns) % columns];
    }
    const patch = indexOf(view, { photo, row, column });
    if (boxOf(view, patch)) return patch;
  }
  return from;
}

/** Scrolls the patch under the cursor into sight. */
function reveal(view) {
  const box = view.cursor === null ? null : boxOf(view, view.cursor);
  if (!box) return;
  const { stage } = view;
  if (box[1] - HEAD < stage.scrollTop) stage.scrollTop = box[1] - HEAD;
  else if (box[1] + box[3] > stage.scrollTop + stage.clientHeight) stage.scrollTop = box[1] + box[3] - stage.clientHeight + 4;
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawPhotos(view) {
  view.frame = null;
  const { header, canvas, pictures, stage } = view;
  if (!header || !pictures || !stage.clientWidth) return;
  stage.style.maxHeight = `${header.height}px`;
  const look = theme(view.root);
  view.layout = layOut(view, stage.clientWidth);
  const context = sharpContext(canvas, stage.clientWidth, view.layout.height);
  context.imageSmoothingQuality = "high";
  for (const photo of header.order) drawPhoto(context, view, photo, look);
  drawMarks(context, view, look);
}

function drawPhoto(context, view, photo, look) {
  const { header, arrays: { level, lut }, pictures } = view;
  const { x, y, w, h, wide } = view.layout.tiles[photo];
  context.drawImage(pictures[photo], x, y, w, h);
  if (view.grey) greyOut(context, x, y, w, h);
  if (header.absent.includes(photo)) hatch(context, x, y, w, h);
  else if (header.fine) drawFiner(context, view, photo);
  else if (level) {
    context.globalAlpha = view.opacity;
    for (let patch = photo * perPhoto(view); patch < (photo + 1) * perPhoto(view); patch += 1) {
      const box = level[patch] && boxOf(view, patch);
      if (!box) continue;
      const [left, top, right, bottom] = [box[0], box[1], box[0] + box[2], box[1] + box[3]].map(Math.round);
      context.fillStyle = cssColour(lut, level[patch]);
      context.fillRect(left, top, right - left, bottom - top);
    }
    context.globalAlpha = 1;
  }
  context.font = `600 12px ${look.font}`;
  [context.textAlign, context.textBaseline, context.fillStyle] = ["right", "alphabetic", look.text];
  const said = header.totals[photo] ?? "";
  context.fillText(said, x + wide, y - 6);
  const room = wide - context.measureText(said).width - 10;
  [context.font, context.textAlign, context.fillStyle] = [`12px ${look.font}`, "left", look.faint];
  context.fillText(fitText(context, header.names[photo], room), x, y - 6);
}

/** Scores finer than patches as a picture over the grid, cut at the photo's border. */
function drawFiner(context, view, photo) {
  const { x, y, w, h, zoom } = view.layout.tiles[photo], { fine: { size: [rows, columns] } } = view.header;
  const [x0, y0, x1, y1] = [...view.arrays.frames.subarray(4 * photo, 4 * photo + 4)].map((edge) => edge * zoom);
  if (view.finerOf !== view.arrays) [view.finerOf, view.finer] = [view.arrays, new Map()]; // those of another message
  if (!view.finer.has(photo)) view.finer.set(photo, coloured(view.arrays, photo * rows * columns, rows, columns));
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.globalAlpha = view.opacity;
  context.drawImage(view.finer.get(photo), x + x0, y + y0, x1 - x0, y1 - y0);
  context.restore();
}

/** Levels as a small picture; level 0 is transparent. */
function coloured({ fineLevel, lut }, start, rows, columns) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: columns, height: rows });
  const pixels = new Uint8ClampedArray(4 * rows * columns);
  for (let i = 0; i < rows * columns; i += 1) pixels.set(lut.subarray(4 * fineLevel[start + i], 4 * fineLevel[start + i] + 4), 4 * i);
  canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
  return canvas;
}

/** What is picked and pointed at, the numbers of the links, and where a point in the room is seen. */
function drawMarks(context, view, look) {
  const { header, arrays: { crosses } } = view;
  const marked = [view.selected, view.cursor].filter((patch, k, all) => patch !== null && patch < header.names.length * perPhoto(view) && all.indexOf(patch) === k);
  for (const patch of marked) {
    const box = boxOf(view, patch);
    if (box) outline(context, ...box, patch === view.selected ? look.accent : "#fff", patch === view.selected ? 3 : 1.5);
  }
  for (let i = 0; 3 * i < crosses.length; i += 1) {
    const tile = view.layout.tiles[crosses[3 * i]];
    if (tile) cross(context, tile.x + crosses[3 * i + 1] * tile.zoom, tile.y + crosses[3 * i + 2] * tile.zoom, 5);
  }
  const taken = new Map(); // several numbers on one patch stand beside each other
  for (const { text, patch } of header.numbers) {
    const box = boxOf(view, patch);
    if (!box) continue;
    const before = taken.get(patch) ?? 0;
    taken.set(patch, before + 1);
    plate(context, text, box[0] + box[2] / 2 + 18 * before, box[1] + box[3] / 2, look);
  }
}

// ---- mounting -------------------------------------------------------------------------------------------------

/** Decodes the photos once; later ones win over earlier ones that are still being decoded. */
async function usePhotos(view, id, { header, arrays }) {
  if (view.stillId === id) return;
  view.stillId = id;
  const decoded = await Promise.all(header.types.map((type, i) => createImageBitmap(new Blob([arrays[`file${i}`]], { type }))));
  if (view.stillId !== id) return decoded.forEach((picture) => picture.close());
  view.pictures?.forEach((picture) => picture.close());
  view.pictures = decoded;
  view.draw();
}

function showPhotos(view) {
  const { still } = view.header;
  view.tools.style.display = view.header.scale ? "" : "none";
  if (view.stillId !== still) {
    view.pictures = view.stillId ? null : view.pictures; // those of another sample do not fit
    whenStill(view, still, (found) => usePhotos(view, still, found));
  }
  view.draw();
  view.announce();
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildPhotos);
  if (data) {
    view.release = () => view.pictures?.forEach((picture) => picture.close());
    take(view, data, setStateValue, () => showPhotos(view));
  }
  return () => destroy(view);
}
