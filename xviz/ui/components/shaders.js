// How points are drawn, for the graphics card. Precedes points.js.
//
// First the points as a picture of numbers: which point each pixel shows and how dark its rim is, which token or finer
// cell it belongs to, its own colour, and how far it is away. Then that picture in colour, where the number of a token or
// cell leads to its colour through a texture. Over it the points of the picked and the pointed-at token, larger, with rings.

const WIDE = 2048; // texels in a row of the texture with a colour for each token or cell

const PLACED = `#version 300 es
precision highp float; precision highp int;
layout(location=0) in vec3 position; layout(location=1) in uint part; layout(location=2) in vec3 rgb;
uniform mat4 matrix; uniform vec3 origin; uniform float unit, size, least, top, front;
invariant gl_Position;
/** Where a point is on the screen and how many pixels wide; false where it is cut away. */
bool placed(out float pixels) {
  vec3 at = origin + unit * position;
  gl_Position = matrix * vec4(at, 1.0);
  if (at.z > top || gl_Position.w < front) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return false;
  }
  pixels = clamp(size / gl_Position.w, least, 20.0 * least);
  gl_PointSize = pixels;
  return true;
}
float rimOf(float pixels) { return smoothstep(2.0, 6.0, pixels / least); }`;

const COLOURED = `
uniform sampler2D colours; uniform uint known; uniform bool own, grey; uniform float share; uniform vec3 plain;
vec3 colourOf(uint part, vec3 rgb) {
  if (own) return rgb;
  vec4 found = part < known ? texelFetch(colours, ivec2(part & ${WIDE - 1}u, part >> ${Math.log2(WIDE)}), 0) : vec4(0.0);
  vec3 colour = found.a == 0.0 ? plain : found.rgb;
  // what is left of a point's own grey lets shapes be seen under their scores
  return grey ? mix(vec3(dot(rgb, vec3(0.299, 0.587, 0.114))), colour, found.a == 0.0 ? 0.35 : share) : colour;
}`;

const NUMBERS_VERTEX = `${PLACED}
flat out uvec3 numbers;
void main() {
  float pixels;
  if (!placed(pixels)) return;
  uvec3 bytes = uvec3(rgb * 255.0 + 0.5);
  numbers = uvec3((uint(gl_VertexID) + 1u) | (uint(rimOf(pixels) * 255.0) << 24), part, bytes.r | (bytes.g << 8) | (bytes.b << 16));
}`;
// a darker rim sets neighbours apart without touching the colour that carries the score
const NUMBERS_FRAGMENT = `#version 300 es
precision highp float; precision highp int; flat in uvec3 numbers; out uvec4 pixel;
void main() {
  float r = 2.0 * length(gl_PointCoord - 0.5);
  if (r > 1.0) discard;
  pixel = uvec4(r > 0.8 ? numbers.x : numbers.x & 0xffffffu, numbers.yz, floatBitsToUint(gl_FragCoord.z));
}`;
const COLOURS_VERTEX = `#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;
const COLOURS_FRAGMENT = `#version 300 es
precision highp float; precision highp int; uniform highp usampler2D seen; out vec4 pixel;
${COLOURED}
void main() {
  uvec4 at = texelFetch(seen, ivec2(gl_FragCoord.xy), 0);
  vec3 rgb = vec3(at.z & 255u, (at.z >> 8) & 255u, at.z >> 16) / 255.0;
  pixel = at.x == 0u ? vec4(0.0) : vec4(colourOf(at.y, rgb) * (1.0 - 0.3 / 255.0 * float(at.x >> 24)), 1.0);
}`;
const MARKED_VERTEX = `${PLACED}
${COLOURED}
flat out vec3 colour; flat out float rim;
void main() {
  float pixels;
  if (!placed(pixels)) return;
  colour = colourOf(part, rgb);
  rim = 0.3 * rimOf(pixels);
  gl_PointSize = max(pixels * 1.3, 5.0 * least);
}`;
const MARKED_FRAGMENT = `#version 300 es
precision highp float; precision highp int; flat in vec3 colour; flat in float rim;
uniform highp usampler2D seen; uniform vec4 ring; out vec4 pixel;
void main() {
  float r = 2.0 * length(gl_PointCoord - 0.5);
  uvec4 at = texelFetch(seen, ivec2(gl_FragCoord.xy), 0);
  if (r > 1.0 || (at.x != 0u && uintBitsToFloat(at.w) < gl_FragCoord.z)) discard; // hidden by another point
  pixel = vec4(r > ring.a ? ring.rgb : r > 0.8 ? colour * (1.0 - rim) : colour, 1.0);
}`;
