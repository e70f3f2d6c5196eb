"""Captions in plain scientific English: what is shown, of what, by which model and settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_lowercase

from numpy.typing import ArrayLike

from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.draw.scale import Scale
from xviz.engine import parse_left_out, ranges
from xviz.explain import METHODS
from xviz.figures.look import Look, drawn, look
from xviz.figures.style import BOX, Preset, missing
from xviz.models import MODELS, ModelCard

#: settings that titles and sentences of a figure say, or that only the drawing has
SHOWN = {"figure", "preset", "method", "focus", "regions_asked_by", "words_asked_by"}
WORDS = {
    "target": "output", "alpha": "α", "n_samples": "coalitions", "n_steps": "steps of the quadrature",
    "delta": "gap of completeness",
}  # fmt: skip
USUAL = {"window": -1.0}  #: numbers that change nothing: the mean over all windows; factors of attention are 1


def caption(
    preset: Preset,
    panels: Sequence[str],
    provenance: Provenance,
    *,
    credit: str = "",
    notes: Sequence[str] = (),
    about: Sequence[Explanation] = (),
) -> str:
    """One paragraph; that of the look where it has its own.

    Args:
        preset: Says how panel letters are written.
        panels: One sentence or more per panel, lettered in order.
        provenance: Of what is shown.
        credit: Origin and licence of the sample.
        notes: Sentences about what drawing changed.
        about: The explanations that are drawn, whose facts are told.
    """
    chosen, comma = look(), "" if "(" in preset.letter else ","
    if chosen.caption:
        return chosen.caption
    signs = [f"{preset.sign(letters()[i])}{comma} " if chosen.letters else "" for i in range(len(panels))]
    texts = [chosen.renamed(panels[index]) for index in chosen.order(len(panels))]
    lettered = [f"{sign}{text}" for sign, text in zip(signs, texts, strict=False)]
    return " ".join([*lettered, *facts(about), *notes, *drawn().remarks, *_names(chosen), tail(provenance, credit)])


def _names(chosen: Look) -> list[str]:
    """A sentence about names that were changed, so that a reader finds the model's own again."""
    words = [f"“{new}” for {old}" for old, new in chosen.names.items() if old != new and new]
    return [f"Names by the authors: {', '.join(words)}."] if words else []


def facts(explanations: Sequence[Explanation]) -> list[str]:
    """What is to be known of each explanation as a whole, under the name of its method."""
    titles = {
        explanation.method: METHODS[explanation.method].title if explanation.method in METHODS else explanation.method
        for explanation in explanations
    }
    sentences = [
        f"{titles[explanation.method]}: {' '.join(explanation.facts.sentences)}"
        for explanation in explanations
        if explanation.facts.sentences
    ]
    return list(dict.fromkeys(sentences))


def letters() -> Sequence[str]:
    """Panel letters in order."""
    return ascii_lowercase


def tail(provenance: Provenance, credit: str) -> str:
    """Model, settings, sample and software in three sentences."""
    sha = provenance.checkpoint_sha256
    sha = f"sha256 {sha[:12]}…" if len(sha) == 64 else sha
    settings = "; ".join(_settings(provenance))
    versions = ", ".join(f"{name} {version}" for name, version in sorted(provenance.versions.items()))
    sentences = [f"Model: {provenance.model}, checkpoint “{provenance.checkpoint}” ({sha})."]
    if settings:
        sentences.append(f"Settings: {settings}.")
    origin = f"{credit.rstrip('. ')}; " if credit else ""
    sentences.append(f"Sample: {provenance.sample} ({origin}digest {provenance.sample_digest[:12]}…).")
    if versions:
        sentences.append(f"Software: {versions}.")
    return " ".join(sentences)


def _settings(provenance: Provenance) -> list[str]:
    """What a reader needs to know of how the scores came about, in words; all of it stands in the file's record."""
    card, phrases = MODELS.get(provenance.model), []
    gates = {call.gate for call in card.calls.values() if call.gate} if card is not None else set()
    for name, value in sorted(provenance.options.items()):
        if value is None or name in SHOWN or (name in gates | {"window"} and float(str(value)) == USUAL.get(name, 1.0)):
            continue
        if name == "call":
            phrases.append(f"layer: {_layers(str(value), card)}")
        elif name == "head":
            phrases.append(f"head {int(str(value)) + 1}")
        elif name == "without":
            parts = parse_left_out(str(value)).items()
            phrases.append(
                f"left out: {'; '.join(f'{space} {ranges(n + 1 for n in tokens)}' for space, tokens in parts)}"
            )
        else:
            phrases.append(f"{WORDS.get(name, name.replace('_', ' '))} = {_plain(value)}")
    return phrases


def _layers(text: str, card: ModelCard | None) -> str:
    """Names of attentions in a text as people call them."""
    calls = {} if card is None else card.calls
    names = "|".join(re.escape(name) for name in sorted(calls, key=len, reverse=True))
    return re.sub(names, lambda match: calls[match[0]].title, text) if names else text


def limits(scale: Scale, clipped: int = 0) -> str:
    """What the colours measure and how far they reach."""
    beyond = "" if not clipped else f"; {clipped} score{'s lie' if clipped > 1 else ' lies'} beyond the limits"
    return f"colour: {scale.text()}{beyond}"


def measured(scale: Scale, scores: ArrayLike) -> str:
    """What the colours of some scores measure, how far they reach, and how many scores lie beyond."""
    return limits(scale, scale.clipped(scores))


def glyph_note(texts: Sequence[str]) -> list[str]:
    """A sentence about characters that could not be drawn, if there are any."""
    count = sum(missing(text) for text in texts)
    characters = "character that" if count == 1 else "characters that"
    return [f"“{BOX}” stands for {count} {characters} no font here can draw."] if count else []


def _plain(value: object) -> str:
    """A setting as people write it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
