// How the point cloud is turned, and how a token is found on it by mouse and by key. Follows common.js, precedes cloud.js.

const CAMERAS = (window.xvizCameras ??= new Map()); // by the name of the cloud

/** The view to begin with; into a room whose ceiling is cut away from higher up. */
function startOf(view) {
  const { turn = 0, tilt = 0 } = view.still?.header.view ?? {};
  return { turn, tilt: view.still?.header.roof ? 0.85 : tilt, pan: [0, 0, 0], near: 1 };
}

/** The tangent of half the vertical field of view. */
const halfField = (view) => Math.tan(view.still.header.view.field / 2);

/** What is cut away: above a height, and nearer than a distance; in metres around the centre and from the eye. */
function cutOf(view, { eye, back }) {
  const { extent } = view.still.header;
  const depths = [...Array(8).keys()].map((corner) => {
    const at = extent.map((size, k) => ((corner >> k) & 1 ? 0.5 : -0.5) * size);
    return dot(eye.map((value, k) => value - at[k]), back);
  });
  const [near, far] = [Math.min(...depths), Math.max(...depths)];
  return {
    top: view.roof ? extent[2] * (0.5 - view.roof) : 1e9,
    front: view.front ? near + view.front * (far - near) : -1e9,
  };
}

// ---- camera ---------------------------------------------------------------------------------------------------

const crossed = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The camera's own axes: z up, `turn` around it, `tilt` above the floor. */
function axesOf({ turn, tilt }) {
  const back = [Math.cos(tilt) * Math.cos(turn), Math.cos(tilt) * Math.sin(turn), Math.sin(tilt)];
  const right = [-Math.sin(turn), Math.cos(turn), 0];
  return { back, right, up: crossed(back, right) };
}

/** From how far, and around which height, the starting view shows the whole cloud; turning changes neither. */
function wholeView(view) {
  const { extent, radius } = view.still.header;
  const { back, right, up } = axesOf(startOf(view));
  const t = halfField(view) * 0.92, aspect = view.canvas.width / view.canvas.height;
  const corners = [...Array(8).keys()].map((corner) => {
    const at = extent.map((size, k) => ((corner >> k) & 1 ? 0.5 : -0.5) * size);
    return { near: dot(at, back), above: dot(at, up), aside: Math.abs(dot(at, right)) };
  });
  let [distance, lift] = [2 * radius, 0];
  for (let round = 0; round < 8; round += 1) {
    const heights = corners.map(({ near, above }) => (above - lift) / (distance - near));
    lift += (distance * (Math.max(...heights) + Math.min(...heights))) / 2;
    distance = Math.max(0.1 * radius, ...corners.map(({ near, above, aside }) => near + Math.max(Math.abs(above - lift), aside / aspect) / t));
  }
  return { whole: distance, middle: up.map((value) => lift * value) };
}

function eyeOf(view) {
  const { pan, near } = view.camera;
  const axes = axesOf(view.camera), { whole, middle } = wholeView(view), distance = whole * near;
  return { ...axes, eye: axes.back.map((value, k) => middle[k] + pan[k] + distance * value), distance, whole, radius: view.still.header.radius };
}

/** World to clip space, column by column. */
function matrixOf(view, { back, right, up, eye, distance, radius }) {
  const aspect = view.canvas.width / view.canvas.height;
  const [near, far] = [Math.max(distance - 3 * radius, distance / 200), distance + 3 * radius];
  const t = 1 / halfField(view);
  const [depth, shift] = [(far + near) / (near - far), (2 * far * near) / (near - far)];
  const column = (x, y, z) => [(t / aspect) * x, t * y, depth * z, -z];
  const moved = [-dot(right, eye), -dot(up, eye), -dot(back, eye)];
  const last = column(...moved);
  last[2] += shift;
  return new Float32Array([...[0, 1, 2].flatMap((k) => column(right[k], up[k], back[k])), ...last]);
}

function listenCamera(view) {
  const { canvas } = view;
  const held = new Map(); // pointers that are down
  let travelled = 0;
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (held.size === 1) travelled = 0;
    canvas.setPointerCapture(event.pointerId);
    hideTip(view);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held.has(event.pointerId)) return event.pointerType !== "touch" && hover(view, event);
    const before = held.get(event.pointerId);
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    const now = [event.clientX, event.clientY];
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    held.set(event.pointerId, now);
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled <= 4) return;
    if (other) {
      zoom(view, Math.hypot(before[0] - other[0], before[1] - other[1]) / Math.max(1, Math.hypot(now[0] - other[0], now[1] - other[1])));
      slide(view, dx / 2, dy / 2);
    } else if (event.shiftKey || event.buttons === 2) slide(view, dx, dy);
    else turn(view, -0.008 * dx, 0.008 * dy);
  });
  const release = (event) => {
    if (!held.delete(event.pointerId) || held.size || travelled > 4 || event.type === "pointercancel") return;
    const token = view.tokenAt(event);
    if (token !== null) choose(view, (view.cursor = token));
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => point(view, null));
  canvas.addEventListener("wheel", (event) => {
    // the wheel belongs to the page until the cloud has the focus
    if (view.root.getRootNode().activeElement !== view.stage && !event.ctrlKey) return;
    event.preventDefault();
    zoom(view, Math.exp(0.0012 * event.deltaY));
  }, { passive: false });
}

function turn(view, around, above) {
  view.camera.turn += around;
  view.camera.tilt = Math.max(-1.55, Math.min(1.55, view.camera.tilt + above));
  view.draw();
}

function zoom(view, factor) {
  view.camera.near = Math.max(0.02, Math.min(4, view.camera.near * factor));
  view.draw();
}

function slide(view, dx, dy) {
  if (!view.still) return;
  const { right, up, distance } = eyeOf(view);
  const metres = (2 * distance * halfField(view)) / view.canvas.clientHeight; // per CSS pixel
  view.camera.pan = view.camera.pan.map((value, k) => value + metres * (dy * up[k] - dx * right[k]));
  view.draw();
}

// ---- picking --------------------------------------------------------------------------------------------------

/** At most one read of pixels per frame, however fast the mouse sends. */
function hover(view, event) {
  view.hovering ??= requestAnimationFrame(() => {
    view.hovering = null;
    if (view.still) point(view, view.tokenAt(view.lastHover), view.lastHover);
  });
  view.lastHover = event;
}

/** The token nearest to the mouse within a few pixels, in front of all others, read from the picture of numbers. */
function tokenAt(view, event) {
  const { gl, canvas, still } = view;
  if (!gl || !still || !view.drawn) return null;
  const frame = canvas.getBoundingClientRect();
  const ratio = canvas.width / frame.width;
  const reach = Math.round(4 * ratio), side = 2 * reach + 1;
  const x = Math.round((event.clientX - frame.left) * ratio), y = Math.round(canvas.height - (event.clientY - frame.top) * ratio);
  const numbers = new Uint32Array(4 * side * side);
  gl.bindFramebuffer(gl.FRAMEBUFFER, view.seen.frame);
  gl.readPixels(x - reach, y - reach, side, side, gl.RGBA_INTEGER, gl.UNSIGNED_INT, numbers);
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  const { token } = still.arrays;
  let [best, least] = [null, Infinity];
  for (let i = 0; i < side * side; i += 1) {
    const id = numbers[4 * i] & 0xffffff;
    const away = ((i % side) - reach) ** 2 + (Math.floor(i / side) - reach) ** 2;
    if (id && away < least && token[id - 1] < view.header.tokens) [best, least] = [id - 1, away];
  }
  view.pointed = best;
  return best === null ? null : token[best];
}

/** The score of the point under the mouse, where scores are finer than tokens and the point is of this token. */
function finerOf({ arrays: { fineCell, fineValue }, pointed, still }, token) {
  return fineCell && pointed !== null && still?.arrays.token[pointed] === token ? fineValue[fineCell[pointed]] : undefined;
}

/** Arrows go to the nearest token in that direction on the screen, page keys by score. */
function stepCloud(view, key, event) {
  if (!view.still || !view.gl) return false;
  view.pointed = null;
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const byScore = { PageDown: 1, PageUp: -1, Home: -Infinity, End: Infinity }[key];
  if (way && event.shiftKey) turn(view, -0.12 * way[0], 0.12 * way[1]);
  else if (key === "+" || key === "=") zoom(view, 1 / 1.15);
  else if (key === "-") zoom(view, 1.15);
  else if (key === "0") view.camera = startOf(view);
  else if (way) view.cursor = nextToken(view, view.cursor ?? view.selected, way) ?? view.cursor ?? view.selected;
  else if (byScore && view.arrays.value) {
    const ranked = rankedOf(view);
    const from = ranked.indexOf(view.cursor ?? view.selected);
    view.cursor = from < 0 ? ranked[0] : ranked[Math.max(0, Math.min(ranked.length - 1, from + byScore))];
  } else return false;
  return true;
}

/** Tokens by magnitude of score, those without one last; sorted only when a key first asks. */
function rankedOf({ arrays }) {
  const size = (i) => (Number.isNaN(arrays.value[i]) ? -1 : Math.abs(arrays.value[i]));
  return (arrays.ranked ??= [...arrays.value.keys()].sort((a, b) => size(b) - size(a)));
}

function nextToken(view, from, [wx, wy]) {
  const { clientWidth: width, clientHeight: height } = view.canvas;
  const start = from === null ? { x: width / 2, y: height / 2, depth: 0 } : view.placeOf(from);
  let [best, least] = [null, Infinity];
  for (let token = 0; token < view.header.tokens; token += 1) {
    const { x, y, depth } = view.placeOf(token);
    if (token === from || !(depth > 0) || x < 0 || y < 0 || x > width || y > height) continue;
    const [dx, dy] = [x - start.x, y - start.y];
    const ahead = dx * wx + dy * wy, aside = Math.abs(dx * wy) + Math.abs(dy * wx);
    if (from !== null && (ahead < 1 || aside > ahead)) continue;
    // a step on the screen should also be a short step in the room
    const away = from === null ? Math.hypot(dx, dy) + 0.2 * depth : Math.hypot(dx, dy, (depth - start.depth) * (height / view.distance));
    if (away < least) [best, least] = [token, away];
  }
  return best;
}

/** Metres around the centre to CSS pixels, and how far in front of the camera. */
function project({ matrix: m, canvas }, [x, y, z]) {
  const w = m[3] * x + m[7] * y + m[11] * z + m[15];
  const across = (m[0] * x + m[4] * y + m[8] * z + m[12]) / w, above = (m[1] * x + m[5] * y + m[9] * z + m[13]) / w;
  return { x: (0.5 + across / 2) * canvas.clientWidth, y: (0.5 - above / 2) * canvas.clientHeight, depth: w };
}

const nameOf = (view, token) => view.still?.header.labels?.[token] ?? `#${token}`;

function describeToken(view, token) {
  const centre = view.still?.header.centre ?? [0, 0, 0];
  const middle = view.middles?.subarray(3 * token, 3 * token + 3);
  const where = middle && [...middle].map((value, k) => (value + centre[k]).toFixed(2).replace("-", "−")).join(", ");
  const at = where && `${where} m`, { fine, scale } = view.header;
  if (!fine || !scale) return [nameOf(view, token), worth(view, view.valueOf(token)), at];
  const own = finerOf(view, token);
  return [nameOf(view, token), own !== undefined && worth(view, own), `sum over its ${fine}s: ${format(view.arrays.value?.[token])}`, at];
}

/** Tells whoever listens where the camera is, in metres, once it has come to rest. */
function tellCamera(view) {
  const { header: { name }, still: { header: { centre } }, eye: { eye, back, up, distance }, canvas, roof, front, cut } = view;
  if (!name) return;
  const round = (vector) => vector.map((value) => Number(value.toFixed(4)));
  const camera = {
    eye: round(eye.map((value, k) => value + centre[k])),
    focus: round(eye.map((value, k) => value - distance * back[k] + centre[k])),
    up: round(up),
    top: roof ? Number((cut.top + centre[2]).toFixed(4)) : null,
    front: front ? Number(cut.front.toFixed(4)) : null,
    aspect: Number((canvas.width / canvas.height).toFixed(4)),
  };
  if (JSON.stringify(camera) === view.told) return;
  clearTimeout(view.telling);
  view.telling = setTimeout(() => {
    view.told = JSON.stringify(camera);
    CAMERAS.set(name, camera);
    window.dispatchEvent(new CustomEvent("xviz-camera", { detail: name }));
  }, 250);
}
