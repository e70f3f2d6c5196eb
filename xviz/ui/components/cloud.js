// A point cloud in WebGL2: orbit, zoom, pan, and a token under the mouse read from the picture of numbers. Follows common.js, marks.js, camera.js, overlay.js and points.js.

const HINT = "Drag to turn, Shift-drag to move, scroll to zoom once clicked. Keys: arrows move between tokens, Shift-arrows turn, + and − zoom, 0 resets, Enter picks, Esc clears.";

// ---- building -------------------------------------------------------------------------------------------------

function buildCloud(view) {
  view.stage.setAttribute("role", "application");
  view.stage.setAttribute("aria-roledescription", "point cloud");
  view.stage.classList.add("cloud");
  view.canvas = element("canvas", "", view.stage);
  view.marks = element("canvas", "marks", view.stage); // names, rings and the axes, drawn in 2D on top
  view.camera = startOf(view);
  [view.own, view.only] = [false, null];
  view.recolour = () => uploadLevels(view);
  view.draw = () => (view.frame ??= requestAnimationFrame(() => drawCloud(view)));
  view.announce = () => announceWith(view, HINT);
  view.valueOf = (token) => (view.header.fine ? finerOf(view, token) : view.arrays.value?.[token]);
  view.describe = (token) => describeToken(view, token);
  view.step = (key, event) => stepCloud(view, key, event);
  view.tokenAt = (event) => tokenAt(view, event);
  view.placeOf = (token) => project(view, view.middles.subarray(3 * token, 3 * token + 3));
  makeCloudTools(view);
  startGl(view);
  listenKeys(view);
  listenCamera(view);
  view.canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  view.canvas.addEventListener("webglcontextrestored", () => {
    startGl(view);
    if (view.still) uploadPoints(view, view.still.arrays, 0);
    uploadLevels(view);
    view.draw();
  });
}

function makeCloudTools(view) {
  view.swap = element("button", "tool", view.tools, "");
  view.swap.addEventListener("click", () => {
    view.own = !view.own;
    view.draw();
  });
  view.fade = makeFade(view, 0.75);
  view.above = makeSlider(view, "roof", "cut above ");
  view.before = makeSlider(view, "front", "cut in front ");
  view.cameras = true;
  makeSwitch(view, "cameras", "cameras");
  view.cameraSwitch = view.tools.lastChild;
  const reset = element("button", "tool", view.tools, "reset view");
  reset.addEventListener("click", () => {
    view.camera = startOf(view);
    view.draw();
  });
}

// ---- geometry -------------------------------------------------------------------------------------------------

/** The places of tokens that are points of their own, where ring and name go; middles of segments come with the cloud. */
function addMiddles(view, { position, token }) {
  const { header: { origin, step, segmented } } = view.still;
  if (segmented) return;
  token.forEach((one, i) => { for (let k = 0; k < 3; k += 1) view.middles[3 * one + k] = origin[k] + step * position[3 * i + k]; });
}

function useGeometry(view, id, still) {
  view.still = still;
  view.stillId = id;
  view.middles = still.arrays.middles ?? new Float32Array(3 * view.header.tokens).fill(NaN);
  addMiddles(view, still.arrays);
  view.camera = startOf(view);
  Object.assign(view, { roof: still.header.roof, front: 0 });
  [view.above.lastChild.value, view.before.lastChild.value] = [view.roof, 0];
  if (view.gl) uploadPoints(view, still.arrays, 0);
  uploadLevels(view);
  view.draw();
  if (still.header.rest) whenStill(view, still.header.rest, (rest) => useRest(view, rest));
}

/** Puts the rest of a cloud behind its beginning. */
function useRest(view, { arrays }) {
  const { header, arrays: first } = view.still;
  if (view.gl) uploadPoints(view, arrays, first.token.length);
  const join = (one, other) => {
    const both = new one.constructor(one.length + other.length);
    both.set(one);
    both.set(other, one.length);
    return both;
  };
  const whole = Object.fromEntries(Object.entries(first).map(([name, array]) => [name, arrays[name] ? join(array, arrays[name]) : array]));
  if (view.parts === first.token) view.parts = whole.token;
  view.still = { header, arrays: whole };
  addMiddles(view, arrays);
  drawOn(view);
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawCloud(view) {
  view.frame = null;
  const { header, still, canvas, gl } = view;
  if (!header || !view.stage.clientWidth) return;
  const width = view.stage.clientWidth, height = Math.min(header.height, Math.round(1.1 * width));
  view.stage.style.height = `${height}px`;
  if (!gl) return void (view.note.textContent = "This browser has no WebGL2, so the cloud cannot be drawn. The table lists its strongest tokens.");
  if (!still) return;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const eye = eyeOf(view), matrix = matrixOf(view, eye), cut = cutOf(view, eye);
  const moved = matrix.some((value, i) => value !== view.matrix?.[i]) || cut.top !== view.cut?.top || cut.front !== view.cut?.front;
  Object.assign(view, { matrix, distance: eye.distance, eye, cut });
  if (sizeSeen(view) || moved || !view.drawn) drawNumbers(view, 0, Math.min(still.arrays.token.length, FIRST));
  const look = theme(view.root);
  showColours(view, look);
  drawOn(view);
  drawMarks(view, look, width, height);
  tellCamera(view);
  view.fade.style.display = header.scale && still.arrays.rgb && !view.own ? "" : "none";
  view.swap.style.display = header.scale && still.arrays.rgb ? "" : "none";
  view.cameraSwitch.style.display = header.cameras.length ? "" : "none";
  view.swap.textContent = view.own ? "show scores" : "show own colours";
}

// ---- mounting -------------------------------------------------------------------------------------------------

function showCloud(view) {
  const { still } = view.header;
  if (view.stillId === still) uploadLevels(view);
  else {
    view.still = null; // the old geometry does not fit the new scores
    whenStill(view, still, (found) => useGeometry(view, still, found));
  }
  view.draw();
  view.announce();
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildCloud);
  if (data) {
    view.release = () => view.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    take(view, data, setStateValue, () => showCloud(view));
  }
  return () => destroy(view);
}
