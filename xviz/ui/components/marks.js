// What several drawings put over a picture or a cloud. Follows common.js.

/** A slider from 0 to 1 for `view[name]`. */
function makeSlider(view, name, text, value = 0) {
  view[name] = value;
  const label = element("label", "tool", view.tools, text);
  const slider = element("input", "", label);
  Object.assign(slider, { type: "range", min: 0, max: 1, step: 0.02, value });
  slider.addEventListener("input", () => {
    view[name] = Number(slider.value);
    view.draw();
  });
  return label;
}

/** How strongly colours cover what is under them, `view.opacity`. */
const makeFade = (view, opacity) => makeSlider(view, "opacity", "overlay ", opacity);

/** How strongly colours cover a picture, and whether it is grey. */
function makeOverlayTools(view) {
  makeFade(view, 0.6);
  view.grey = false;
  makeSwitch(view, "grey", "grey picture");
}

/** Takes the colours out of a part of a canvas. */
function greyOut(context, x, y, width, height) {
  context.globalCompositeOperation = "saturation";
  context.fillStyle = "#808080";
  context.fillRect(x, y, width, height);
  context.globalCompositeOperation = "source-over";
}

/** A sign on a dark plate around (x, y). */
function plate(context, text, x, y, look) {
  context.font = `600 11px ${look.font}`;
  const wide = Math.max(16, context.measureText(text).width + 8);
  context.beginPath();
  context.roundRect(x - wide / 2, y - 8, wide, 16, 8);
  context.fillStyle = "rgb(20 20 24 / 0.9)";
  context.fill();
  [context.strokeStyle, context.lineWidth] = ["#fff", 1.25];
  context.stroke();
  context.fillStyle = "#fff";
  [context.textAlign, context.textBaseline] = ["center", "middle"];
  context.fillText(text, x, y + 0.5);
}

/** A cross that is seen on every colour. */
function cross(context, x, y, size = 6) {
  for (const [style, line] of [["rgb(0 0 0 / 0.85)", 5], ["#fff", 2.25]]) {
    [context.strokeStyle, context.lineWidth, context.lineCap] = [style, line, "round"];
    context.beginPath();
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
    context.stroke();
  }
  context.lineCap = "butt";
}

/** Hatching over what the model is not shown. */
function hatch(context, x, y, w, h) {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.fillStyle = "rgb(110 110 110 / 0.75)";
  context.fillRect(x, y, w, h);
  context.strokeStyle = "rgb(255 255 255 / 0.7)";
  context.lineWidth = 1.5;
  context.beginPath();
  for (let shift = -h; shift < w; shift += 8) {
    context.moveTo(x + shift, y + h);
    context.lineTo(x + shift + h, y);
  }
  context.stroke();
  context.restore();
}
