"""Show a figure, a bundle, results or a batch in the app: start it, on the page and in the state that they tell.

  xviz open figure.pdf
  xviz open bundle.zip --sample cat.jpg
  xviz open results            the folder of “xviz explain” or of “xviz batch”
  xviz open figure.svg --print --at https://xviz.example.org

A sample of your own files is opened too, where --sample names them; no other file is read. Any option of “xviz app”
may follow, such as --server.port 8502.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HELP = "show a figure, a bundle, results or a batch in the app"
PASSES_ON = True
LOCAL = "http://localhost:8501"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What is opened, with which files; all others are those of ``xviz app``."""
    parser.add_argument("-h", "--help", action="help", help="show this help message and exit")
    parser.add_argument("file", type=Path, metavar="FILE", help="a figure, a bundle, a manifest, a folder of results")
    parser.add_argument(
        "--sample", type=Path, action="append", default=[], metavar="FILE", help="a file of the sample; may be repeated"
    )
    parser.add_argument("--model", default="", metavar="FILE:SPEC", help="a model of your own, where it is elsewhere")
    parser.add_argument(
        "--weights", action="append", default=[], metavar="NAME=FILE", help="weights in place of shipped ones"
    )
    parser.add_argument("--print", action="store_true", dest="printed", help="print the address and start nothing")
    parser.add_argument("--at", default=LOCAL, metavar="URL", help=f"of the app, for --print (default {LOCAL})")
    parser.add_argument("--json", action="store_true", help="print JSON for programs, with --print")


def run(given: argparse.Namespace) -> None:
    """Find the page, then print its address, or serve it until stopped."""
    from xviz.core.errors import XvizError

    try:
        from xviz.ui.serve import alone, serve, take
    except ModuleNotFoundError as error:
        raise XvizError(f"The app needs the package {error.name}. Run: pip install “xviz[app]”.") from error
    alone()
    from xviz import asking, own_models
    from xviz.links.files import source
    from xviz.ui import handed

    if given.rest and given.printed:
        raise XvizError(f"--print starts no app, so that “{given.rest[0]}” has no meaning. Leave it out.")
    opened = source(given.file)
    model = given.model or opened.model
    take([model] if model else [], given.weights, [str(opened.path)] if opened.batch else [])
    link = opened.link(given.sample, model, next(reversed(own_models.SPECS), ""))
    files = [path for paths in link.files.values() for path in paths]
    for text in link.lost:
        print(f"note: {text}.", file=sys.stderr)
    if given.printed:
        needs = [f"--model {model}"] if model else []
        needs += [f"--batch {opened.path}"] if opened.batch else []
        if needs:
            print(f"note: the app has this page where it was started with {' '.join(needs)}.", file=sys.stderr)
        if files:
            names = ", ".join(path.name for path in files)
            print(f"note: an address carries no files. Upload {names} on that page.", file=sys.stderr)
        address = link.address(given.at)
        print(asking.plain({"address": address, "files": [path.name for path in files], "needs": needs,
                            "notes": list(link.lost)}) if given.json else address)  # fmt: skip
        return
    more = {}
    if files or link.widgets:
        contents = {key: tuple((path.name, path.read_bytes()) for path in paths) for key, paths in link.files.items()}
        more = {"open": handed.give(contents, link.widgets)}
    serve(given.rest, lambda at: show(link.address(at, **more)))


def show(address: str) -> None:
    """Print the address; open it where there is a screen with a browser."""
    print(f"\n  Your page: {address}\n", flush=True)
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        import webbrowser

        webbrowser.open(address)
