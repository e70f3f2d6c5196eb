// What is drawn in 2D over a point cloud: cameras, links, signs, rings, names and axes. Follows camera.js, precedes cloud.js.

/** Cameras, links, rings and names of the picked and the pointed-at token, seen even where points hide them; the axes. */
function drawMarks(view, look, width, height) {
  const context = sharpContext(view.marks, width, height);
  const { header, selected, cursor, still } = view;
  if (view.cameras) drawCameras(context, view, look);
  drawLinks(context, view, look);
  context.font = `600 12px ${look.font}`;
  const marked = [selected, cursor].filter((token, i, all) => token !== null && token < header.tokens && all.indexOf(token) === i);
  for (const token of marked) {
    const { x, y, depth } = view.placeOf(token);
    if (!(depth > 0)) continue;
    for (const [style, line] of [[look.background, 5], [token === selected ? look.accent : look.text, 2]]) {
      [context.strokeStyle, context.lineWidth] = [style, line];
      context.beginPath();
      context.arc(x, y, 8, 0, 2 * Math.PI);
      if (!still.header.segmented) context.stroke();
    }
    if (still.header.labels) haloText(context, nameOf(view, token), x + (still.header.segmented ? 0 : 13), y, look);
  }
  drawAxes(context, view, look, height);
}

/** A line between two places in the room, a dark and a light one under it; nothing where an end is behind the eye. */
function haloLine(context, view, from, to, style, width) {
  const [a, b] = [project(view, from), project(view, to)];
  if (!(a.depth > 0 && b.depth > 0)) return;
  for (const [ink, wide] of [["rgb(0 0 0 / 0.55)", width + 2.5], ["rgb(255 255 255 / 0.9)", width + 1.25], [style, width]]) {
    [context.strokeStyle, context.lineWidth, context.lineCap] = [ink, wide, "round"];
    context.beginPath();
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
    context.stroke();
  }
  context.lineCap = "butt";
}

function drawLinks(context, view, look) {
  const { header: { numbers }, arrays: { ends, strength, crosses } } = view;
  for (let i = 0; 6 * i < ends.length; i += 1) {
    const at = [...ends.subarray(6 * i, 6 * i + 6)];
    haloLine(context, view, at.slice(0, 3), at.slice(3), look.accent, 0.75 + 2 * (strength[i] ?? 0.5));
  }
  for (let i = 0; 3 * i < crosses.length; i += 1) {
    const { x, y, depth } = project(view, [...crosses.subarray(3 * i, 3 * i + 3)]);
    if (depth > 0) cross(context, x, y);
  }
  for (const { text, place } of numbers) {
    const { x, y, depth } = project(view, place);
    if (depth > 0) plate(context, text, x, y, look);
  }
}

/** Where each photo was taken from, as a small pyramid that opens towards what it shows. */
function drawCameras(context, view, look) {
  for (const { text, corners } of view.header.cameras) {
    const at = [...Array(5).keys()].map((k) => project(view, corners.slice(3 * k, 3 * k + 3)));
    if (at.some(({ depth }) => !(depth > 0))) continue;
    for (const [style, line] of [[look.background, 3], [look.text, 1]]) {
      [context.strokeStyle, context.lineWidth] = [style, line];
      context.beginPath();
      for (const [from, to] of [[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]]) {
        context.moveTo(at[from].x, at[from].y);
        context.lineTo(at[to].x, at[to].y);
      }
      context.stroke();
    }
    context.font = `600 11px ${look.font}`;
    haloText(context, text, at[0].x + 5, at[0].y - 7, look);
  }
}

function haloText(context, text, x, y, look) {
  [context.textAlign, context.textBaseline] = ["left", "middle"];
  [context.strokeStyle, context.lineWidth, context.lineJoin] = [look.background, 4, "round"];
  context.strokeText(text, x, y);
  context.fillStyle = look.text;
  context.fillText(text, x, y);
}

/** The directions of x, y and z, and how large the cloud is. */
function drawAxes(context, view, look, height) {
  const { right, up } = view.eye;
  const [x0, y0] = [34, height - 34];
  context.font = `11px ${look.font}`;
  [context.textAlign, context.textBaseline] = ["center", "middle"];
  ["x", "y", "z"].forEach((name, k) => {
    const [dx, dy] = [22 * right[k], -22 * up[k]];
    [context.strokeStyle, context.lineWidth] = [look.faint, 1.25];
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x0 + dx, y0 + dy);
    context.stroke();
    context.fillStyle = look.faint;
    context.fillText(name, x0 + 1.35 * dx, y0 + 1.35 * dy);
  });
  context.textAlign = "right";
  const size = view.still.header.extent.map((value) => Number(value.toPrecision(3))).join(" × ");
  context.fillText(`${size} m`, view.stage.clientWidth - 8, height - 12);
}
