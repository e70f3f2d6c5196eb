// Points on the graphics card. Follows shaders.js, precedes cloud.js.
//
// What is seen is drawn in two steps: the points as a picture of numbers, then that picture in colour. So other scores,
// another token under the mouse and other colours cost the same for a million points as for one; only a camera that moves
// has points drawn again. Then the first points come at once, an even sample, and the others in portions once it rests.

const FIRST = 72 * WIDE; // points that are drawn at once; as many as are sent first
const REST = 120; // milliseconds after the first points of a view that came to rest in which the others are not drawn yet
const PORTION = 60; // milliseconds that a portion of them should take
const MARKED = 20000; // points of a token that are marked at most; its first, which are an even sample of them

const PLACES = ["matrix", "origin", "unit", "size", "least", "top", "front"];
const LOOKS = ["seen", "colours", "known", "own", "grey", "share", "plain"];

// ---- building -------------------------------------------------------------------------------------------------

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
    gl.useProgram(program);
    const at = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.uniform1i(at.seen ?? null, 0);
    gl.uniform1i(at.colours ?? null, 1);
    return { program, ...at };
  };
  view.programs = {
    numbers: link(NUMBERS_VERTEX, NUMBERS_FRAGMENT, PLACES),
    colours: link(COLOURS_VERTEX, COLOURS_FRAGMENT, LOOKS),
    marked: link(MARKED_VERTEX, MARKED_FRAGMENT, [...PLACES, ...LOOKS, "ring"]),
  };
  view.buffers = Object.fromEntries(["position", "part", "rgb", "marked"].map((name) => [name, gl.createBuffer()]));
  const texture = (place) => {
    const made = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + place);
    gl.bindTexture(gl.TEXTURE_2D, made); // and stays bound
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    return made;
  };
  view.seen = { texture: texture(0), frame: gl.createFramebuffer(), depth: gl.createRenderbuffer(), size: "" };
  texture(1);
  Object.assign(view, { drawn: 0, parts: null, fence: null, portion: 60000 });
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.disable(gl.DITHER);
}

/** Makes the picture of numbers as large as the canvas; whether it was not. */
function sizeSeen({ gl, canvas: { width, height }, seen }) {
  if (seen.size === `${width} ${height}`) return false;
  seen.size = `${width} ${height}`;
  gl.activeTexture(gl.TEXTURE0);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32UI, width, height, 0, gl.RGBA_INTEGER, gl.UNSIGNED_INT, null);
  gl.bindRenderbuffer(gl.RENDERBUFFER, seen.depth);
  gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, width, height);
  gl.bindFramebuffer(gl.FRAMEBUFFER, seen.frame);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, seen.texture, 0);
  gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, seen.depth);
  return true;
}

// ---- data to the graphics card --------------------------------------------------------------------------------

/** Some points after those that are there already: their places, their own colours, and their tokens unless cells are shown. */
function uploadPoints(view, { position, token, rgb }, start) {
  const { gl, buffers, still: { header: { drawn } } } = view;
  const put = (name, array, each) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    if (!start) gl.bufferData(gl.ARRAY_BUFFER, drawn * each * array.BYTES_PER_ELEMENT, gl.STATIC_DRAW);
    gl.bufferSubData(gl.ARRAY_BUFFER, start * each * array.BYTES_PER_ELEMENT, array);
  };
  put("position", position, 3);
  if (rgb) put("rgb", rgb, 3);
  if (!view.arrays.fineCell) put("part", token, 1);
  if (!start) Object.assign(view, { drawn: 0, parts: view.arrays.fineCell ? null : token });
}

/** A colour for each token, or for each cell where scores are finer, and which of them each point belongs to where that changes. */
function uploadLevels(view) {
  const { gl, still, only, arrays: { level, lut, fineLevel, fineCell } } = view;
  if (!gl || !still) return;
  const parts = fineCell ?? still.arrays.token;
  if (!sameArray(view.parts, parts)) {
    gl.bindBuffer(gl.ARRAY_BUFFER, view.buffers.part);
    gl.bufferData(gl.ARRAY_BUFFER, still.header.drawn * parts.BYTES_PER_ELEMENT, gl.STATIC_DRAW);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, parts);
    view.drawn = 0;
  }
  view.parts = parts;
  const levels = fineLevel ?? level ?? new Uint8Array(0), palette = new Uint32Array((lut ?? new Uint8Array(1024)).slice().buffer);
  palette[0] = 0;
  if (only !== null) palette.forEach((_, i) => { if (i !== only + 1) palette[i] = 0; }); // one class of all
  view.known = levels.length;
  const rows = Math.max(1, Math.ceil(levels.length / WIDE)), colours = new Uint32Array(rows * WIDE);
  for (let i = 0; i < levels.length; i += 1) colours[i] = palette[levels[i]];
  gl.activeTexture(gl.TEXTURE1);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, WIDE, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(colours.buffer));
}

/** Whether two arrays are one, or of one type and hold the same. */
function sameArray(one, other) {
  if (one === other) return true;
  if (one?.constructor !== other.constructor || one.length !== other.length) return false;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
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

function givePlaces({ gl, canvas, buffers, still: { header, arrays }, parts, eye, matrix, cut }, at) {
  const ratio = window.devicePixelRatio || 1;
  // a point is as large as leaves few holes in a surface, and keeps its size in metres when one comes nearer
  const width = Math.max(2.2, Math.min(9, (1.5 * canvas.height) / ratio / Math.sqrt(header.drawn + 1))) * ratio;
  gl.uniformMatrix4fv(at.matrix, false, matrix);
  gl.uniform3fv(at.origin, header.origin);
  gl.uniform1f(at.unit, header.step);
  gl.uniform1f(at.size, width * eye.whole);
  gl.uniform1f(at.least, 1.5 * ratio);
  gl.uniform1f(at.top, cut.top);
  gl.uniform1f(at.front, cut.front);
  const types = { Float32Array: gl.FLOAT, Uint8Array: gl.UNSIGNED_BYTE, Uint16Array: gl.UNSIGNED_SHORT, Uint32Array: gl.UNSIGNED_INT };
  [["position", arrays.position], ["part", parts], ["rgb", arrays.rgb]].forEach(([name, array], place) => {
    if (!array) return gl.disableVertexAttribArray(place);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.enableVertexAttribArray(place);
    const type = types[array.constructor.name];
    if (name === "part") gl.vertexAttribIPointer(place, 1, type, 0, 0);
    else gl.vertexAttribPointer(place, 3, type, name === "rgb", 0, 0);
  });
}

function giveLooks({ gl, header, still: { arrays: { rgb } }, own, known, opacity }, at, look) {
  gl.uniform1ui(at.known, known);
  gl.uniform1i(at.own, Boolean(rgb) && (own || !header.scale));
  gl.uniform1i(at.grey, Boolean(rgb));
  gl.uniform1f(at.share, opacity);
  gl.uniform3fv(at.plain, rgbOf(look.faint));
}

/** Draws points from one to another into the picture of numbers, which begins anew with the first. */
function drawNumbers(view, from, until) {
  const { gl, seen, canvas, programs: { numbers: { program, ...at } } } = view;
  gl.bindFramebuffer(gl.FRAMEBUFFER, seen.frame);
  gl.viewport(0, 0, canvas.width, canvas.height);
  gl.enable(gl.DEPTH_TEST);
  if (!from) {
    gl.clearBufferuiv(gl.COLOR, 0, [0, 0, 0, 0]);
    gl.clearBufferfv(gl.DEPTH, 0, [1]);
  }
  gl.useProgram(program);
  givePlaces(view, at);
  gl.drawArrays(gl.POINTS, from, until - from);
  if (view.fence) gl.deleteSync(view.fence);
  Object.assign(view, { drawn: until, fence: gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0), begun: performance.now() });
  view.root.dataset.drawn = until; // read by the tests
}

/** The picture of numbers in colours, with the picked and the pointed-at token over it, on the canvas. */
function showColours(view, look) {
  const { gl, programs: { colours, marked }, selected, cursor } = view;
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.viewport(0, 0, view.canvas.width, view.canvas.height);
  gl.disable(gl.DEPTH_TEST);
  gl.useProgram(colours.program);
  giveLooks(view, colours, look);
  gl.drawArrays(gl.TRIANGLES, 0, 3);
  view.shown = view.drawn;
  const tokens = [cursor, selected].filter((token, i) => token !== null && (i || token !== selected));
  if (!tokens.length) return;
  gl.enable(gl.DEPTH_TEST);
  gl.clearBufferfv(gl.DEPTH, 0, [1]);
  gl.useProgram(marked.program);
  givePlaces(view, marked);
  giveLooks(view, marked, look);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, view.buffers.marked);
  for (const token of tokens) {
    const points = pointsOf(view, token);
    gl.uniform4f(marked.ring, ...rgbOf(token === selected ? look.accent : look.text), token === selected ? 0.68 : 0.82);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, points, gl.STREAM_DRAW);
    gl.drawElements(gl.POINTS, points.length, gl.UNSIGNED_INT, 0);
  }
}

/** The first points of a token that are there. */
function pointsOf(view, token) {
  const { token: tokens } = view.still.arrays;
  if (view.lists?.tokens !== tokens || view.lists.size > 8) view.lists = Object.assign(new Map(), { tokens });
  if (!view.lists.has(token)) {
    const found = [];
    for (let i = tokens.indexOf(token); i >= 0 && found.length < MARKED; i = tokens.indexOf(token, i + 1)) found.push(i);
    view.lists.set(token, Uint32Array.from(found));
  }
  return view.lists.get(token);
}

/** Draws the points that are not drawn yet in portions: the next once the view rests and the card is done with the last. */
function drawOn(view) {
  if (view.going || view.drawn >= (view.still?.arrays.token.length ?? 0)) return;
  view.going = requestAnimationFrame(() => {
    view.going = null;
    const { gl, still } = view, now = performance.now(), count = still?.arrays.token.length;
    if (!still || !view.drawn || gl.isContextLost()) return;
    if (view.fence && gl.getSyncParameter(view.fence, gl.SYNC_STATUS) === gl.SIGNALED) {
      gl.deleteSync(view.fence);
      view.fence = null;
      if (view.drawn > FIRST) view.portion = Math.round(Math.max(20000, Math.min(500000, view.portion * Math.min(2, PORTION / (now - view.begun)))));
      else view.restsFrom = now + REST;
    }
    if (!view.fence && now > view.restsFrom) {
      drawNumbers(view, view.drawn, Math.min(count, view.drawn + view.portion));
      if (view.drawn === count || view.drawn > 2 * view.shown) showColours(view, theme(view.root));
      gl.flush();
    }
    drawOn(view);
  });
}
