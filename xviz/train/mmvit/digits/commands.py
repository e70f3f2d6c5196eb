"""Commands of spoken digits: ``xviz make voices``, ``xviz train|measure|compare|samples mmvit-digits``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from xviz.core.errors import SampleError
from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

NAME = "mmvit-digits"
SET = "folder of the Free Spoken Digit Dataset"
VOICES = "folder that “xviz make voices” wrote"
DIGITLESS = "folder that “xviz make digitless” wrote"


def voices(parser: ArgumentParser) -> None:
    """Arguments of the synthesised voices."""
    tasks.out(parser, help_text="folder for the recordings")
    tasks.number(parser, "voices", 200, "voices")


def make(options: Namespace) -> None:
    """Synthesise."""
    from xviz.train.mmvit.digits.voices import build

    print(build(options.out, options.voices), "recordings written")


def without(parser: ArgumentParser) -> None:
    """Arguments of the clips without digits."""
    tasks.out(parser, help_text="folder for the clips")


def make_without(options: Namespace) -> None:
    """Make the clips without digits."""
    from xviz.train.mmvit.digits.digitless import build

    print(build(options.out), "clips written")


def recipe(parser: ArgumentParser) -> None:
    """Arguments of the training."""
    from xviz.train.mmvit.digits.recipe import Recipe

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / "mmvit-digits.safetensors", "weights to write")
    parser.add_argument("--voices", type=Path, metavar="DIR", help=VOICES)
    parser.add_argument("--digitless", type=Path, metavar="DIR", help=f"{DIGITLESS}; for the second stage")
    parser.add_argument(
        "--start", type=Path, metavar="FILE", help="weights of the first stage, to train the second alone"
    )
    tasks.numbers(parser, Recipe)


def train(options: Namespace) -> None:
    """Train on recorded digits, and on synthesised voices and clips without digits where there are some."""
    from xviz.models.mmvit_cards import SOUND
    from xviz.train.mmvit.digits.recipe import Recipe, train
    from xviz.train.mmvit.digits.refusing import refuse

    if options.start and not options.digitless:
        raise SampleError(
            "--start names weights of the first stage, with which the second begins. "
            "It needs clips without digits: give the folder that “xviz make digitless” wrote with --digitless."
        )
    settings, numbers = tasks.changed(options, SOUND), tasks.recipe_of(options, Recipe)
    if not options.start:
        train(options.data, options.out, numbers, settings, voices=options.voices)
    if options.digitless:
        start, digitless = options.start or options.out, options.digitless
        refuse(options.data, options.out, numbers, settings, start=start, digitless=digitless, voices=options.voices)


def measured(parser: ArgumentParser) -> None:
    """Arguments of the measurement."""
    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / f"{NAME}.json", "record to write")
    tasks.number(parser, "clips", 40, "clips for the table of places")
    parser.add_argument("--digitless", type=Path, required=True, metavar="DIR", help=DIGITLESS)
    parser.add_argument("--former", type=Path, metavar="FILE", help="weights of the first stage, measured beside")


def measure(options: Namespace) -> None:
    """Measure the checkpoint."""
    from xviz.train.mmvit.digits.measure import measure

    where = {"digitless": options.digitless, "former": options.former}
    measure(options.data, options.out, clips=options.clips, **where)


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
    Task("make", "digitless", "make clips in which no digit is said, for mmvit-digits", without, make_without),
    Task("train", "mmvit-digits", "spoken digits", recipe, train),
    Task("measure", "mmvit-digits", "spoken digits", measured, measure),
    Task("compare", "mmvit-digits", "spoken digits", comparison, compare),
    Task("samples", "mmvit-digits", "spoken digits", shipped, samples),
)
