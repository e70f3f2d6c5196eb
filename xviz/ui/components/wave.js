// A waveform with a player whose time other drawings follow, or with a stretch of it that is picked. Follows common.js.

const PLAYS = "Click to play from there. Keys: Space plays and stops, arrows move, Home and End jump.";
const PICKS = "Click to place the time window. Keys: arrows move it, Home and End jump.";
const [LEFT, RIGHT, FOOT] = [46, 10, 18]; // CSS pixels around the waveform

function buildWave(view) {
  view.stage.setAttribute("role", "application");
  view.stage.classList.add("wave");
  view.canvas = element("canvas", "", view.stage);
  view.hand = element("div", "hand", view.stage);
  view.audio = new Audio();
  view.button = element("button", "tool", view.tools, "▶ Play");
  view.button.type = "button";
  view.clock = element("span", "tool", view.tools);
  view.tools.style.marginLeft = `${LEFT}px`;
  view.draw = () => drawWave(view);
  view.announce = () => sayWave(view);
  view.button.addEventListener("click", () => toggle(view));
  for (const name of ["play", "pause", "ended"]) view.audio.addEventListener(name, () => follow(view));
  view.canvas.addEventListener("click", (event) => {
    const second = secondAt(view, event);
    if (second !== null) go(view, second, true);
  });
  view.stage.addEventListener("keydown", (event) => stepWave(view, event));
}

const plays = (view) => Boolean(view.header.player);

/** The second under the mouse; null beside the waveform. */
function secondAt(view, event) {
  if (!view.size) return null;
  const { start, end } = view.header;
  const share = (event.clientX - view.canvas.getBoundingClientRect().left - LEFT) / (view.size[0] - LEFT - RIGHT);
  return share >= 0 && share <= 1 ? start + share * (end - start) : null;
}

/** The player goes to a second, or the picked stretch's middle does. */
function go(view, second, start = false) {
  const { header } = view;
  if (plays(view)) {
    view.audio.currentTime = Math.max(0, Math.min(second - header.start, (view.audio.duration || Infinity) - 0.01));
    tellClock(header.player, second);
    showTime(view);
    if (start && view.audio.paused) toggle(view);
  } else place(view, Math.round((second - header.length / 2 - header.start) / header.step));
}

function place(view, index) {
  view.cursor = Math.max(0, Math.min(view.header.count - 1, index));
  view.header.at = view.header.start + view.cursor * view.header.step;
  choose(view, view.cursor);
}

function stepWave(view, event) {
  const { header } = view;
  if (!header || event.ctrlKey || event.metaKey || event.altKey) return;
  const way = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
  if (plays(view) && event.key === " ") toggle(view);
  else if (way && plays(view)) go(view, Math.max(header.start, Math.min(header.end, now(view) + 0.1 * way)));
  else if (way) place(view, Number.isFinite(way) ? view.selected + way * Math.max(1, Math.round(header.length / 4 / header.step)) : way > 0 ? header.count - 1 : 0);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// ---- time -----------------------------------------------------------------------------------------------------

const now = (view) => view.header.start + view.audio.currentTime;

function toggle(view) {
  if (view.audio.paused) {
    for (const other of (window.xvizPlayers ??= new Set())) if (other !== view.audio) other.pause();
    window.xvizPlayers.add(view.audio);
    view.audio.play().catch(() => (view.note.textContent = "This browser cannot play the sound."));
  } else view.audio.pause();
}

/** Tells the time at every frame while the sound plays. */
function follow(view) {
  view.button.textContent = view.audio.paused ? "▶ Play" : "❚❚ Stop";
  cancelAnimationFrame(view.frame);
  const tick = () => {
    tellClock(view.header.player, now(view));
    showTime(view);
    if (!view.audio.paused && !view.audio.ended) view.frame = requestAnimationFrame(tick);
  };
  tick();
}

function showTime(view) {
  const { header } = view;
  view.clock.textContent = `${now(view).toFixed(2)} s of ${header.start.toFixed(2)}–${header.end.toFixed(2)} s`;
  if (!view.size) return;
  const share = (now(view) - header.start) / (header.end - header.start);
  view.hand.style.display = share > 0 && share <= 1 ? "block" : "none";
  view.hand.style.left = `${LEFT + share * (view.size[0] - LEFT - RIGHT)}px`;
  view.hand.style.top = "0";
  view.hand.style.height = `${view.size[1] - FOOT}px`;
}

function sayWave(view) {
  const { header } = view;
  const said = plays(view) ? PLAYS : `${PICKS} Now ${secondsOf(header.at)}–${secondsOf(header.at + header.length)}.`;
  view.say.textContent = said;
  view.say.classList.add("hint");
}

/** Seconds for people: 4.25 s, 12:03.5, 3:02:09. */
function secondsOf(second) {
  if (second < 60) return `${Number(second.toFixed(2))} s`;
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(second / 3600), Math.floor((second % 3600) / 60), second % 60];
  const tail = rest % 1 > 0.005 ? `${two(rest)}${(rest % 1).toFixed(2).slice(1)}` : two(rest);
  return hours ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

// ---- drawing --------------------------------------------------------------------------------------------------

function drawWave(view) {
  const { header, stage, canvas, still } = view;
  if (!header || !still || !stage.clientWidth) return;
  const look = theme(view.root);
  const [width, height] = (view.size = [stage.clientWidth, header.height]);
  const context = sharpContext(canvas, width, height);
  const [wide, tall] = [width - LEFT - RIGHT, height - FOOT];
  const x = (second) => LEFT + ((second - header.start) / (header.end - header.start)) * wide;
  const { low, high } = still;
  let peak = 1e-6;
  for (let i = 0; i < low.length; i += 1) peak = Math.max(peak, -low[i], high[i]);
  const y = (value) => tall / 2 - (value / peak) * (tall / 2 - 3);
  drawSpans(context, view, x, tall, look);
  context.fillStyle = look.text;
  context.globalAlpha = 0.8;
  const each = low.length / Math.max(1, wide * header.filled); // numbers for one pixel
  for (let pixel = 0; pixel < wide * header.filled; pixel += 1) { // the strongest of all that falls on a pixel
    const a = Math.floor(pixel * each);
    const b = Math.max(Math.floor((pixel + 1) * each), a + 1);
    let [least, most] = [0, 0];
    for (let i = a; i < Math.min(b, low.length); i += 1) [least, most] = [Math.min(least, low[i]), Math.max(most, high[i])];
    context.fillRect(LEFT + pixel, y(most), 1, Math.max(1, y(least) - y(most)));
  }
  context.globalAlpha = 1;
  drawWaveAxes(context, header, x, y, tall, peak, look);
  if (!plays(view)) drawStretch(context, header, x, tall, look);
  showTime(view);
}

function drawSpans(context, { header }, x, tall, look) {
  context.font = `600 11px ${look.font}`;
  [context.textAlign, context.textBaseline] = ["left", "top"];
  for (const [from, to, what] of header.spans) {
    context.fillStyle = "rgb(34 160 84 / 0.16)";
    context.fillRect(x(from), 0, x(to) - x(from), tall);
    context.fillStyle = "#1f8a4c";
    context.fillRect(x(from), 0, 1, tall);
    context.fillRect(x(to), 0, 1, tall);
    context.fillText(fitText(context, what, x(to) - x(from) - 6), x(from) + 4, 2);
  }
}

function drawWaveAxes(context, { start, end, player }, x, y, tall, peak, look) {
  context.font = `11px ${look.font}`;
  context.fillStyle = look.faint;
  [context.textAlign, context.textBaseline] = ["right", "middle"];
  for (const value of [peak, 0, -peak]) {
    const text = value === 0 ? "0" : Number(value.toPrecision(2)).toString().replace("-", "−");
    context.fillText(text, LEFT - 5, Math.max(6, Math.min(tall - 6, y(value))));
  }
  const steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 7200];
  const step = steps.find((s) => ((end - start) / s) * 62 <= x(end) - x(start)) ?? 7200;
  [context.textAlign, context.textBaseline] = ["center", "top"];
  for (let i = Math.ceil(start / step - 1e-6); i * step <= end + 1e-6; i += 1) {
    context.fillRect(x(i * step) - 0.5, tall, 1, 3);
    const text = player ? (i * step).toFixed(step < 0.1 ? 2 : 1) : secondsOf(i * step);
    if (x(i * step) < x(end) - 8) context.fillText(text, x(i * step), tall + 5);
  }
}

/** The picked stretch, never narrower than what can be seen. */
function drawStretch(context, { at, length }, x, tall, look) {
  const wide = Math.max(4, x(at + length) - x(at));
  context.globalAlpha = 0.25;
  context.fillStyle = look.accent;
  context.fillRect(x(at), 0, wide, tall);
  context.globalAlpha = 1;
  context.strokeStyle = look.accent;
  context.lineWidth = 1.5;
  context.strokeRect(x(at), 0.75, wide, tall - 1.5);
}

// ---- mounting -------------------------------------------------------------------------------------------------

function useSound(view, id, { arrays }) {
  if (view.stillId === id) return;
  [view.stillId, view.still] = [id, arrays];
  URL.revokeObjectURL(view.address);
  if (arrays.audio.length) {
    view.address = URL.createObjectURL(new Blob([arrays.audio], { type: "audio/wav" }));
    view.audio.src = view.address;
  }
  view.draw();
}

export default function ({ data, parentElement, setStateValue }) {
  const view = viewOf(parentElement, buildWave);
  if (data) {
    receive(view, data, setStateValue);
    view.foot.style.display = plays(view) ? "" : "none";
    view.release = () => {
      view.audio.pause();
      cancelAnimationFrame(view.frame);
      URL.revokeObjectURL(view.address);
      tellClock(view.header.player, null);
      window.xvizPlayers?.delete(view.audio);
    };
    if (view.stillId !== view.header.still) whenStill(view, view.header.still, (still) => useSound(view, view.header.still, still));
    view.draw();
    view.announce();
  }
  return () => destroy(view);
}
