"""Draw a figure for paper: every figure of the app, at a venue's exact width, with its origin inside.

  xviz figure MODEL --part picture=cat.jpg --part text="a cat on a sofa" --picked cat --width nature-1 --out cat.pdf
  xviz figure MODEL rest.edf --figure heads --width nature-2 --out heads.svg
  xviz figure MODEL SAMPLE --figure methods --target two --option spread=true --out digits.zip
  xviz figure examples/captioner.py:SPEC photo.png --figure matrix --layer 2 --out attention.png

The ending of --out is the format: pdf, svg, png, eps, or zip with figures and numbers. “--figure list” lists the
figures of a model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "draw a figure for paper"
WIDTHS = {"1": "single", "1.5": "middle", "2": "double"}  #: of a venue's columns


def arguments(parser: argparse.ArgumentParser) -> None:
    """Sample, question, and the figure."""
    from xviz.asking import arguments as asked

    asked(parser)
    figure = parser.add_argument_group("figure")
    figure.add_argument("--figure", metavar="KIND", help="which figure; “list” lists those of the model")
    figure.add_argument(
        "--width", default="nature-2", metavar="VENUE", help="venue and columns: nature-1, ieee-2, lncs"
    )
    figure.add_argument("--credit", default="", help="origin and licence of the sample, for the caption")
    figure.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the figure: spread=true, links=3",
    )
    figure.add_argument(
        "--look", metavar="JSON|FILE", help="the look of the studio, as JSON, or a figure whose look is taken over"
    )
    figure.add_argument("--dpi", type=int, default=300, help="dots per inch of a PNG (default 300)")
    figure.add_argument("--out", type=Path, metavar="FILE", help="the file; its ending is the format")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(given: argparse.Namespace) -> None:
    """Run, explain, draw, save."""
    from xviz import asking, beside, telling
    from xviz.core.errors import XvizError
    from xviz.figures.style import PRESETS
    from xviz.illustrate import chosen, draw, kinds
    from xviz.looking import looking
    from xviz.plates.plate import asker
    from xviz.session import save

    venue = _venue(given.width)
    if venue not in PRESETS:
        raise XvizError(f"There is no venue “{given.width}”; there are {', '.join(PRESETS)}.")
    if given.out is None and given.figure != "list":
        raise XvizError("Say where the figure goes with --out FILE.pdf (or .svg, .png, .zip).")
    if given.out is not None and given.out.suffix.lower() not in (".pdf", ".svg", ".png", ".eps", ".zip"):
        raise XvizError(f"A figure is saved as .pdf, .svg, .png, .eps or .zip; “{given.out.name}” ends otherwise.")
    look = looking(given.look) if given.look else None
    with telling.bar() as bar:
        bar(0.0, "running the model")
        options = asking.pairs(given.option, "--option")
        session = asking.session(given, str(options.get("weights", "")))
        if given.figure == "list":
            bar.clear()
            print("\n".join(f"{k:12} {plate_.title}" for k, plate_ in kinds(session.run, session.model.ours).items()))
            return
        plate = chosen(session, given.figure, len(given.method))
        output = given.target or session.run.target or session.model.spec.target
        ask, known = asker(session, bar), {}
        if "beside" in options:
            known["beside"] = beside.opened(options["beside"])
        usual = plate.ask(session, output)
        own_question = given.picked or given.layer or given.head is not None or given.method
        methods = given.method or [question.method for question in usual] or ["look"]
        wanted = asking.questions(session, given, methods) if own_question else list(usual)
        if plate.own or plate.fill:
            call = asking.layer(session.model, session.run, given.layer)
            number = asking.head(session.run, call, given.head)
            own = {"call": call, "head": number} if plate.own else {}
            options = {**{name: value for name, value in own.items() if value is not None}, **options}
        if plate.fill and not {"way", "grain"} & set(options) and (filled := plate.fill(session, output, wanted)):
            options, wanted = {**filled, **options}, []
        explanations = [] if plate.own else [ask(question) for question in _usual_layer(wanted, usual)]
        credit = given.credit or session.sample.source
        figure = draw(
            session,
            explanations,
            PRESETS[venue],
            credit,
            kind=plate.key,
            options=options,
            ask=ask,
            look=look,
            known=known,
        )
    if given.out.suffix.lower() == ".zip":
        save(figure, given.out, explanations)
    else:
        figure.save(given.out, given.dpi)
    if given.json:
        width, height = figure.size_mm
        print(asking.plain({"file": str(given.out), "figure": plate.key, "caption": figure.caption, "alt": figure.alt,
                            "millimetres": [width, height], "recipe": dict(figure.recipe or {})}))  # fmt: skip
    else:
        print(given.out)


def _venue(text: str) -> str:
    """``nature-1`` as the preset of one column."""
    name, _, columns = text.partition("-")
    return f"{name}-{WIDTHS[columns]}" if columns in WIDTHS else text


def _usual_layer(wanted, usual):
    """The questions, with the layer of the page's own where look names none."""
    from dataclasses import replace

    layers = {question.method: question.call for question in usual}
    return [
        replace(question, call=layers[question.method])
        if question.call is None and question.method == "look" and question.method in layers
        else question
        for question in wanted
    ]
