// A point cloud in WebGL2: orbit, zoom, pan, and a token under the mouse read from an id buffer. Follows common.js, marks.js, camera.js and overlay.js.

const HINT = "Drag to turn, Shift-drag to move, scroll to zoom once clicked. Keys: arrows move between tokens, Shift-arrows turn, + and − zoom, 0 resets, Enter picks, Esc clears.";
const NOTHING = 0xfffffffe; // a token number that no point has

const POINT_VERTEX = `#version 300 es
layout(location=0) in vec3 position; layout(location=1) in uint token;
layout(location=2) in float level;   layout(location=3) in vec3 rgb;
uniform mat4 matrix; uniform float size, least; uniform bool ids, own, grey; uniform float share, top, front;
uniform uint selected, cursor; uniform vec3 accent, ink, plain; uniform sampler2D lut;
flat out vec4 colour; flat out vec4 ring; flat out float rim;
void main() {
  gl_Position = matrix * vec4(position, 1.0);
  if (position.z > top || gl_Position.w < front) { // cut away
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }
  float pixels = clamp(size / gl_Position.w, least, 20.0 * least);
  rim = 0.3 * smoothstep(2.0, 6.0, pixels / least);
  ring = vec4(0.0);
  if (ids) {
    uint id = token == 0xffffffffu ? 0u : uint(gl_VertexID) + 1u; // the point, from which its token follows
    colour = vec4(id & 255u, (id >> 8) & 255u, (id >> 16) & 255u, id >> 24) / 255.0;
  } else {
    int index = int(level * 255.0 + 0.5);
    colour = own ? vec4(rgb, 1.0) : index == 0 ? vec4(plain, 1.0) : texelFetch(lut, ivec2(index, 0), 0);
    // what is left of a point's own grey lets shapes be seen under their scores
    if (grey && !own) colour.rgb = mix(vec3(dot(rgb, vec3(0.299, 0.587, 0.114))), colour.rgb, index == 0 ? 0.35 : share);
    if (token == selected || token == cursor) {
      ring = vec4(token == selected ? accent : ink, token == selected ? 0.68 : 0.82);
      pixels = max(pixels * 1.3, 5.0 * least);
    }
  }
  gl_PointSize = pixels;
}`;
// a darker rim sets neighbours apart without touching the colour that carries the score
const POINT_FRAGMENT = `#version 300 es
precision highp float; flat in vec4 colour; flat in vec4 ring; flat in float rim; uniform bool ids; out vec4 pixel;
void main() {
  float r = 2.0 * length(gl_PointCoord - 0.5);
  if (r > 1.0) discard;
  pixel = colour;
  if (ids) return;
  if (ring.a > 0.0 && r > ring.a) pixel.rgb = ring.rgb;
  else if (r > 0.8) pixel.rgb *= 1.0 - rim;
}`;
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
    if (view.still) uploadGeometry(view);
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

function startGl(view) {
  const gl = (view.gl = view.canvas.getContext("webgl2", { antialias: false, alpha: true }));
  if (!gl) return;
  const link = (vertex, fragment, names) => {
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
    return { program, ...Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
  };
  view.points = link(POINT_VERTEX, POINT_FRAGMENT, ["matrix", "size", "least", "ids", "own", "grey", "share", "top", "front", "selected", "cursor", "accent", "ink", "plain"]);
  const buffer = () => gl.createBuffer();
  view.buffers = { position: buffer(), token: buffer(), level: buffer(), rgb: buffer() };
  view.lut = gl.createTexture();
  view.ids = { frame: gl.createFramebuffer(), colour: gl.createTexture(), depth: gl.createRenderbuffer(), size: "", fresh: false };
  gl.enable(gl.DEPTH_TEST);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
}

// ---- data to the graphics card --------------------------------------------------------------------------------

function upload(view, name, array) {
  view.gl.bindBuffer(view.gl.ARRAY_BUFFER, view.buffers[name]);
  view.gl.bufferData(view.gl.ARRAY_BUFFER, array, view.gl.STATIC_DRAW);
}

function uploadGeometry(view) {
  if (!view.gl) return;
  view.ids.fresh = false;
  const { position, token, rgb } = view.still.arrays;
  upload(view, "position", position);
  upload(view, "token", token);
  if (rgb) upload(view, "rgb", rgb);
}

/** A level for each point, its own where scores are finer than tokens, else that of its token; and their colours. */
function uploadLevels(view) {
  const { gl, still, only, arrays: { level, lut, fineLevel } } = view;
  if (!gl || !still) return;
  const { token } = still.arrays, levels = fineLevel ?? new Uint8Array(token.length);
  const shown = level && only !== null ? level.map((one) => (one === only + 1 ? one : 0)) : level; // one class of all
  if (shown && !fineLevel) for (let i = 0; i < token.length; i += 1) levels[i] = shown[token[i]] ?? 0;
  upload(view, "level", levels);
  gl.bindTexture(gl.TEXTURE_2D, view.lut);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, lut ?? new Uint8Array(1024));
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
}

/** The middle of each token's points, where its ring and name go. */
function findMiddles({ header, still }) {
  const { position, token } = still.arrays;
  const sums = new Float64Array(4 * header.tokens);
  for (let i = 0; i < token.length; i += 1) {
    if (token[i] >= header.tokens) continue;
    for (let k = 0; k < 3; k += 1) sums[4 * token[i] + k] += position[3 * i + k];
    sums[4 * token[i] + 3] += 1;
  }
  return Float32Array.from({ length: 3 * header.tokens }, (_, j) => sums[4 * Math.floor(j / 3) + (j % 3)] / sums[4 * Math.floor(j / 3) + 3]);
}

// ---- drawing --------------------------------------------------------------------------------------------------

/** Any CSS colour as three numbers from 0 to 1. */
function rgbOf(css) {
  const pen = (rgbOf.pen ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = css;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => value / 255);
}

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
  if (matrix.some((value, i) => value !== view.matrix?.[i]) || cut.top !== view.cut?.top || cut.front !== view.cut?.front) view.ids.fresh = false;
  Object.assign(view, { matrix, distance: eye.distance, eye, cut });
  const look = theme(view.root);
  drawPoints(view, false, look);
  drawMarks(view, look, width, height);
  tellCamera(view);
  view.fade.style.display = header.scale && still.arrays.rgb && !view.own ? "" : "none";
  view.swap.style.display = header.scale && still.arrays.rgb ? "" : "none";
  view.cameraSwitch.style.display = header.cameras.length ? "" : "none";
  view.swap.textContent = view.own ? "show scores" : "show own colours";
}

/** All points, in their colours or (off screen) as their numbers. */
function drawPoints(view, ids, look) {
  const { gl, canvas, buffers, points: { program, ...at }, still, header, eye } = view;
  const { position, rgb } = still.arrays;
  gl.viewport(0, 0, canvas.width, canvas.height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  gl.useProgram(program);
  const attribute = (place, name, count, type, present = true) => {
    if (!present) return gl.disableVertexAttribArray(place);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.enableVertexAttribArray(place);
    if (type === gl.UNSIGNED_INT) gl.vertexAttribIPointer(place, count, type, 0, 0);
    else gl.vertexAttribPointer(place, count, type, type === gl.UNSIGNED_BYTE, 0, 0);
  };
  attribute(0, "position", 3, gl.FLOAT);
  attribute(1, "token", 1, gl.UNSIGNED_INT);
  attribute(2, "level", 1, gl.UNSIGNED_BYTE);
  attribute(3, "rgb", 3, gl.UNSIGNED_BYTE, Boolean(rgb));
  const ratio = window.devicePixelRatio || 1;
  // a point is as large as leaves few holes in a surface, and keeps its size in metres when one comes nearer
  const count = position.length / 3;
  const width = Math.max(2.2, Math.min(9, (1.5 * canvas.height) / ratio / Math.sqrt(count + 1))) * ratio;
  gl.uniformMatrix4fv(at.matrix, false, view.matrix);
  gl.uniform1f(at.size, width * eye.whole);
  gl.uniform1f(at.least, 1.5 * ratio);
  gl.uniform1i(at.ids, ids);
  gl.uniform1f(at.top, view.cut.top);
  gl.uniform1f(at.front, view.cut.front);
  gl.uniform1i(at.grey, Boolean(rgb));
  gl.uniform1f(at.share, view.opacity);
  gl.uniform1i(at.own, Boolean(rgb) && (view.own || !header.scale));
  gl.uniform1ui(at.selected, view.selected ?? NOTHING);
  gl.uniform1ui(at.cursor, view.cursor ?? NOTHING);
  if (look) {
    gl.uniform3fv(at.accent, rgbOf(look.accent));
    gl.uniform3fv(at.ink, rgbOf(look.text));
    gl.uniform3fv(at.plain, rgbOf(look.faint));
  }
  gl.bindTexture(gl.TEXTURE_2D, view.lut);
  gl.drawArrays(gl.POINTS, 0, count);
}

// ---- mounting -------------------------------------------------------------------------------------------------

function useGeometry(view, id, still) {
  view.still = still;
  view.stillId = id;
  view.middles = findMiddles(view);
  view.camera = startOf(view);
  Object.assign(view, { roof: still.header.roof, front: 0 });
  [view.above.lastChild.value, view.before.lastChild.value] = [view.roof, 0];
  uploadGeometry(view);
  uploadLevels(view);
  view.draw();
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildCloud);
  if (data) {
    receive(view, data, setStateValue);
    const { still } = view.header;
    if (view.stillId === still) uploadLevels(view);
    else {
      view.still = null; // the old geometry does not fit the new scores
      whenStill(view, still, (found) => useGeometry(view, still, found));
    }
    view.release = () => view.gl?.getExtension("WEBGL_lose_context")?.loseContext();
    view.draw();
    view.announce();
  }
  return () => destroy(view);
}
