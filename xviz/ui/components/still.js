// Leaves a picture or a geometry where the view that needs it finds it; shows nothing. Follows message.js.

export default function ({ data }) {
  if (data) keepStill(STILLS.get(headerOf(data).id) ?? unpack(data)); // the same again after every pick
}
