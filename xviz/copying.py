"""A request as a command line and as Python, to be copied: both draw the same figure again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from xviz.core.provenance import Provenance
from xviz.engine import parse_left_out

NUMBERS = ("alpha", "window")  #: numbers of a context that pages change
WIDTHS = {"single": "1", "middle": "1.5", "double": "2"}


def command(provenance: Provenance, recipe: Mapping[str, Any]) -> str:
    """``xviz figure …``, which draws the figure of a recipe; names of files stand for where they lie."""
    words = ["xviz", "figure", recipe.get("source") or provenance.model, *_sample_words(provenance)]
    words += ["--target", str(provenance.options["target"])]
    questions = list(recipe["questions"])
    for question in questions:
        words += ["--method", question["method"]]
    first = next((q for q in questions if "space" in q), None)
    if first is not None and len(first["tokens"]) == 1:
        words += ["--picked", f"{first['space']}:{first['tokens'][0] + 1}"]
    elif first is not None:
        words += ["--picked", f"{first['space']}:{','.join(str(t + 1) for t in first['tokens'])}"]
    if call := next((q["call"] for q in questions if q.get("call")), None):
        words += ["--layer", call]
    if (head := next((q["head"] for q in questions if q.get("head") is not None), None)) is not None:
        words += ["--head", str(head + 1)]
    for name in NUMBERS:
        if name in provenance.options:
            words += ["--set", f"{name}={provenance.options[name]}"]
    for space, tokens in parse_left_out(str(provenance.options.get("without", ""))).items():
        words += ["--without", f"{space}:{','.join(str(token + 1) for token in tokens)}"]
    for name, value in recipe["options"].items():
        if value not in (None, [], {}):
            words += ["--option", f"{name}={json.dumps(value, ensure_ascii=False)}"]
    venue, _, columns = str(recipe["venue"]).partition("-")
    width = f"{venue}-{WIDTHS[columns]}" if columns in WIDTHS else recipe["venue"]
    if recipe.get("look"):
        words += ["--look", json.dumps(recipe["look"], ensure_ascii=False)]
    words += ["--figure", recipe["figure"], "--width", width, "--credit", recipe["credit"], "--out", "figure.pdf"]
    return " ".join(shlex.quote(str(word)) for word in words)


def _sample_words(provenance: Provenance) -> list[str]:
    origin = provenance.origin
    words = [str(origin["shipped"])] if "shipped" in origin else [str(file) for file in origin.get("files", ())]
    for part, value in {**origin.get("parts", {}), **origin.get("texts", {})}.items():
        for entry in value if isinstance(value, list) else [value]:
            words += ["--part", f"{part}={entry}"]
    if kind := origin.get("kind"):
        words += ["--kind", str(kind)]
    for name, value in origin.get("options", {}).items():
        words += ["--read", f"{name}={json.dumps(value)}"]
    return words


def python(provenance: Provenance, recipe: Mapping[str, Any]) -> str:
    """The same in Python."""
    source, options = recipe.get("source"), recipe["options"]
    look = f", look=Look.parse({dict(recipe['look'])!r})" if recipe.get("look") else ""
    context = {name: provenance.options[name] for name in NUMBERS if name in provenance.options}
    run = [f"output={str(provenance.options['target'])!r}", *(f"{name}={value!r}" for name, value in context.items())]
    if gone := provenance.options.get("without"):
        run.append(f"without=engine.parse_left_out({str(gone)!r})")
    lines = [
        "import xviz",
        "from xviz import engine, opening",
        *(["from xviz.figures.look import Look"] if look else []),
        "",
        f"model = opening.model({str(source or provenance.model)!r})",
        f"sample = opening.sample(model, {json.loads(json.dumps(dict(provenance.origin)))!r})",
        f"session = xviz.run(model, sample, {', '.join(run)})",
        "explanations = [",
        *(f"    {_asked(question)}," for question in recipe["questions"]),
        "]",
        f"figure = xviz.figure(session, *explanations, kind={recipe['figure']!r}, venue={recipe['venue']!r}, "
        f"credit={recipe['credit']!r}{look}{''.join(f', {name}={value!r}' for name, value in options.items())})",
        'xviz.save(figure, "figure.pdf")',
    ]
    return "\n".join(lines)


def _asked(question: Mapping[str, Any]) -> str:
    words: Sequence[str] = [f"output={question['output']!r}"]
    if "space" in question:
        words = [*words, f"picked=({question['space']!r}, {tuple(question['tokens'])!r})"]
    words = [*words, *(f"{name}={question[name]!r}" for name in ("call", "head") if name in question)]
    return f"xviz.explain(session, {question['method']!r}, {', '.join(words)})"
