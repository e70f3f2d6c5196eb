"""Commands of spoken digits: ``xviz make voices``, ``xviz train|measure|compare|samples mmvit-digits``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

NAME = "mmvit-digits"
SET = "folder of the Free Spoken Digit Dataset"
VOICES = "folder that “xviz make voices” wrote"


def voices(parser: ArgumentParser) -> None:
    """Arguments of the synthesised voices."""
    tasks.out(parser, help_text="folder for the recordings")
    tasks.number(parser, "voices", 200, "voices")


def make(options: Namespace) -> None:
    """Synthesise."""
    from xviz.train.mmvit.digits.voices import build

    print(build(options.out, options.voices), "recordings written")


def recipe(parser: ArgumentParser) -> None:
    """Arguments of the training."""
    from xviz.train.mmvit.digits.recipe import Recipe

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / "mmvit-digits.safetensors", "weights to write")
    parser.add_argument("--voices", type=Path, metavar="DIR", help=VOICES)
    tasks.numbers(parser, Recipe)


def train(options: Namespace) -> None:
    """Train on recorded digits, and on synthesised voices where there are some."""
    from xviz.models.mmvit_cards import SOUND
    from xviz.train.mmvit.digits.recipe import Recipe, train

    settings = tasks.changed(options, SOUND)
    train(options.data, options.out, tasks.recipe_of(options, Recipe), settings, voices=options.voices)


def comparison(parser: ArgumentParser) -> None:
    """Arguments of the comparison."""
    from xviz.train.mmvit.digits.compare import FORMS, TRANSFERRED
    from xviz.train.mmvit.digits.compare import VOICES as RECORDED

    tasks.data(parser, SET)
    every = [*FORMS, *TRANSFERRED]
    parser.add_argument("--form", action="append", choices=every, help="one form (default all); may be repeated")
    parser.add_argument("--without", nargs="+", choices=RECORDED, default=RECORDED, help="voices left out in turn")
    parser.add_argument("--voices", type=Path, metavar="DIR", help=VOICES)
    parser.add_argument("--pictures", type=Path, metavar="FILE", help="weights for pictures, for the transferred forms")


def compare(options: Namespace) -> None:
    """Compare; without weights for pictures, the forms that start from them are left out."""
    from xviz.train.mmvit.digits.compare import FORMS, TRANSFERRED, compare

    forms = options.form or [*FORMS, *(TRANSFERRED if options.pictures else ())]
    compare(options.data, forms, left_out=options.without, voices=options.voices, pictures=options.pictures)


def shipped(parser: ArgumentParser) -> None:
    """Arguments of the samples."""
    tasks.data(parser, "folder of 0.wav to 9.wav, from the Debian package asterisk-core-sounds-en-wav")


def samples(options: Namespace) -> None:
    """Make the samples."""
    from xviz.train.mmvit.digits.samples import make

    make(options.data)


TASKS = (
    Task("make", "voices", "synthesise speakers of digits, for mmvit-digits", voices, make),
    Task("train", "mmvit-digits", "spoken digits", recipe, train),
    tasks.measuring(
        "mmvit-digits",
        "spoken digits",
        SET,
        __package__,
        ("clips", 40, "clips for the table of places"),
    ),
    Task("compare", "mmvit-digits", "spoken digits", comparison, compare),
    Task("samples", "mmvit-digits", "spoken digits", shipped, samples),
)
