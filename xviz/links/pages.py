"""From a request to the page of its model in that state, one function for each page.

Keys and values are those of the widgets that pages bind to their address; ``tests/links`` opens each page with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.provenance import digest
from xviz.core.run import Run, Target
from xviz.core.sample import Text
from xviz.core.tokens import Pieces
from xviz.explain import METHODS, columns
from xviz.explain.ask import Question
from xviz.explain.glance import title
from xviz.links.link import Asked, Link, Query, head, joined, listed, shorts, token, two, typed_key
from xviz.models.card import ModelCard
from xviz.models.mel import Mel
from xviz.plates.eeg import MEAN as MEAN_OF_BANDS
from xviz.plates.eeg import named
from xviz.plates.ways import DIRECTIONS, PATCHES, POINTS, SPACE, sides


def of(asked: Asked, key: str = "") -> Link:
    """The page that shows what was asked.

    Args:
        asked: A sample and questions to it.
        key: Of the page of a model that is not ours, where it has one.

    Raises:
        ModelError: no page shows this model.
    """
    spec = asked.loaded.spec
    if not isinstance(spec, ModelCard):
        return _own(asked, key or spec.key)
    page = spec.page or spec.key
    if page not in PAGES:
        raise ModelError(f"{spec.title} has no page of its own.")
    return PAGES[page](asked, spec)


def _uploaded(asked: Asked, uploader: str) -> dict:
    return {} if "shipped" in asked.origin else {uploader: tuple(asked.files())}


def _sentence(asked: Asked) -> str | None:
    text = dict(asked.origin.get("texts", {})).get("text")
    return None if text is None else str(text)


def _matching(asked: Asked, card: ModelCard) -> Link:
    query: Query = {"head": head(asked.head), **two(asked.methods, "method", "beside")}
    query |= {} if asked.shipped is None else {"sample": asked.shipped}
    query |= {} if (sentence := _sentence(asked)) is None else {"sentence": sentence}
    query |= {"alpha": f"{float(asked.told['alpha']):g}"} if "alpha" in asked.told else {}
    query |= {"layer": card.calls[call].title} if (call := asked.call or "") in card.calls else {}
    query |= {"masked": listed(asked.without["regions"])} if "regions" in asked.without else {}
    if asked.focus is not None:
        space, tokens = asked.focus
        if space == "regions":
            query |= token("region", tokens[0])
        else:
            query |= token("word", int(asked.run.space("pieces", Pieces).of_word[tokens[0]]))
    files = {}
    if "shipped" not in asked.origin:
        parts = dict(asked.origin.get("parts", {})) or dict(
            zip(("picture",), asked.origin.get("files", ()), strict=False)
        )
        files = {f"match.{part}": (asked.find(str(name)),) for part, name in parts.items()}
    return Link("mmca", query, files=files, lost=_lost(asked, "regions"))


def _lost(asked: Asked, *shown: str) -> tuple[str, ...]:
    left = [space for space in asked.without if space not in shown]
    return tuple(f"the page leaves out no tokens of “{space}”, which this run was not shown" for space in left)


def _eeg(asked: Asked, card: ModelCard) -> Link:
    query: Query = {} if asked.shipped is None else {"recording": asked.shipped}
    bands = card.settings.plan.bands
    query |= {"band": MEAN_OF_BANDS if asked.head is None else named(bands[asked.head])}
    query |= {"direction": card.calls[call].direction} if (call := asked.call or "") in card.calls else {}
    widgets = {"montage": "native montage"} if card.formula else {}
    if not card.formula:
        query |= {"answer": asked.output}
        beside = [method for method in asked.methods if method != "look"]
        query |= two(beside, "against", "")
        if (window := asked.told.get("window")) is not None and float(window) >= 0:
            step, start = card.settings.block, int(float(window))
            query |= {"window": f"{start * step}–{(start + 1) * step} s"}
    if asked.focus is not None:
        query |= token("electrode", asked.focus[1][0])
    gone = asked.without.get("psd", asked.without.get("de", ()))
    query |= {"masked": listed(gone)} if gone else {}
    options = dict(asked.origin.get("options", {}))
    keys = {"unit": "unit", "rate": "rate", "index": "trial", "part": "subject"}
    widgets |= {keys[name]: value for name, value in options.items() if name in keys}
    return Link("mca", query, widgets, _uploaded(asked, "eeg.file"), _lost(asked, "psd", "de"))


def _views(asked: Asked, card: ModelCard) -> Link:
    query: Query = {"model": card.short, f"{card.key}-class": asked.output}
    query |= {} if asked.shipped is None else {f"{card.key}-sample": asked.shipped}
    if asked.methods != ["look"]:
        query |= {"methods": [METHODS[method].title for method in asked.methods]} if asked.methods else {}
        query |= {} if asked.options.get("spread", True) else {"one-scale": "false"}
    widgets: dict[str, Any] = {}
    if (call := asked.call or "") in card.calls:
        query |= {f"{card.key}-block": card.calls[call].title}
        if asked.head is not None:
            widgets |= {f"{card.key} head of {asked.run.call(call).heads}": asked.head + 1}
    if asked.focus is not None and asked.focus[0] != "class":
        leaf = asked.run.space(asked.focus[0], Cells)
        query |= token(leaf.base().name, asked.focus[1][0])
    files = _uploaded(asked, f"{card.key}.{card.settings.part}")
    options = dict(asked.origin.get("options", {}))
    for own in files.values():
        if "start" in options and card.settings.part == "sound":
            which = digest(own[0].read_bytes())[:16]
            widgets |= {f"start {which} {Mel.of(card.settings).seconds:g}": float(options["start"])}
    return Link("mmvit", query, widgets, files, _lost(asked))


def _rooms(asked: Asked, card: ModelCard) -> Link:
    query: Query = {"class": asked.output} if asked.output in card.outputs else {}
    query |= {} if asked.shipped is None else {"room": asked.shipped}
    options = asked.options
    question = asked.questions[0] if asked.questions else Question("look", Target(asked.output))
    way: dict[str, Any] = dict(options.get("way") or {"method": question.method, "head": question.head})
    if "direction" not in way and asked.call is not None:
        way |= _direction(asked.run, asked.call)
    query |= {"method": METHODS[way["method"]].title} if way["method"] in METHODS else {}
    query |= {"head": head(way.get("head"))}
    query |= {"direction": DIRECTIONS[way["direction"]]} if "direction" in way else {}
    picked = way.get("picked")
    if picked is None and asked.focus is not None:
        picked = next(([kind, asked.focus[1][0]] for kind, space in SPACE.items() if space == asked.focus[0]), None)
    query |= token(str(picked[0]), int(picked[1])) if picked and picked[0] in SPACE else {}
    query |= {"links": str(options["links"])} if "links" in options else {}
    widgets: dict[str, Any] = {}
    if way.get("layer") is not None:
        count = len(sides(asked.run)[{"own": "points", "within": POINTS}.get(way["direction"], way["direction"])])
        widgets |= {f"layer of {count}": int(way["layer"]) + 1}
    if grain := options.get("grain"):
        query |= {"grain": "voxels and pixels", "method": METHODS[grain["method"]].title}
        query |= token(*grain["picked"]) if grain.get("picked") else {}
        widgets |= {"voxel part": grain["feature"]}
    gone, lost = asked.without, _lost(asked, POINTS, PATCHES)
    query |= {"masked": listed(gone[POINTS])} if POINTS in gone else {}
    if PATCHES in gone:
        each = card.settings.grid[0] * card.settings.grid[1]
        photos = [
            i
            for i in range(max(gone[PATCHES]) // each + 1)
            if set(range(i * each, (i + 1) * each)) <= set(gone[PATCHES])
        ]
        query |= {"without": listed(photos)} if photos else {}
        if len(photos) * each < len(gone[PATCHES]):
            lost = (*lost, "the page leaves out whole photos, no single patches")
    read = dict(asked.origin.get("options", {}))
    widgets |= {f"rooms.{name}": read[name] for name in ("unit", "up", "cloud", "photos") if name in read}
    return Link("mit", query, widgets, _uploaded(asked, "rooms.files"), lost)


def _direction(run: Run, call: str) -> dict[str, Any]:
    """The direction and the layer of a call of a room."""
    for side, calls in sides(run).items():
        if call in calls:
            return {"direction": "within" if side in (POINTS, PATCHES) else side, "layer": calls.index(call)}
    return {}


def _own(asked: Asked, key: str) -> Link:
    """The page of a model that is not ours, which is found by the types of its spaces."""
    run, spec = asked.run, asked.loaded.spec
    query: Query = {f"{key}-output": asked.output} if len(spec.outputs) > 1 else {}
    if name := asked.origin.get("shipped"):
        query |= {f"{key}-sample": str(name)}
    if asked.call is not None:
        call = run.call(asked.call)
        alike = len({call_.heads for call_ in run.calls}) == 1
        query |= {f"{key}-layer": title(run, call)}
        query |= {f"{key}-head" if alike else f"{key}-head-of-{call.heads}": head(asked.head)}
    query |= two(asked.methods, f"{key}-method", f"{key}-beside")
    if asked.questions and asked.questions[0].method == columns.METHOD.key:
        query |= {f"{key}-method": METHODS["look"].title, f"{key}-direction": "to the picked token"}
    if asked.focus is not None:
        query |= token(shorts(run)[asked.focus[0]], asked.focus[1][0])
    query |= {"masked": listed(joined(run, asked.without))} if asked.without else {}
    return Link(key, query, _typed(asked, key), _parts(asked, key))


def _typed(asked: Asked, key: str) -> dict[str, Any]:
    """Sentences that were typed in the place of the example's."""
    texts = dict(asked.origin.get("texts", {}))
    examples = dict(asked.loaded.spec.samples()) if asked.loaded.spec.samples is not None else {}
    example = examples.get(str(asked.origin.get("shipped"))) or next(iter(examples.values()), None)
    widgets = {}
    for part, sentence in texts.items():
        before = None if example is None else example.parts.get(part)
        text = "" if not isinstance(before, Text) else before.source or " ".join(before.words)
        widgets[typed_key(key, part, text)] = str(sentence)
    return widgets


def _parts(asked: Asked, key: str) -> dict[str, tuple[Path, ...]]:
    """Uploader → files, each under the name of its part."""
    parts = dict(asked.origin.get("parts", {}))
    if files := asked.origin.get("files", ()):
        wanted = [part for part in asked.sample.parts if part not in (*parts, *asked.origin.get("texts", {}))]
        parts |= {wanted[0]: files[0]} if len(wanted) == 1 else dict(zip(wanted, files, strict=False))
        if len(wanted) == 1 and len(files) > 1:
            return {f"{key} {wanted[0]}": tuple(asked.files())}
    listed_parts = {part: name if isinstance(name, list) else [name] for part, name in parts.items()}
    return {f"{key} {part}": tuple(asked.find(str(name)) for name in names) for part, names in listed_parts.items()}


PAGES = {"mmca": _matching, "mca": _eeg, "mmvit": _views, "mit": _rooms}
