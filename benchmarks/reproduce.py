"""Draw one figure of each kind in every format, run ``xviz reproduce`` on each, and say whether bytes are the same.

    python benchmarks/reproduce.py
    python benchmarks/reproduce.py "mit room" "mmca compare"

Prints one JSON object: figure → format → whether the bytes came again; without names of figures, of all.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from xviz import cli

OWN = str(Path(__file__).parents[1] / "examples/captioner.py:SPEC")
GRAIN = '{"method": "gradient", "output": "chair", "feature": "all features", "photos": [0]}'
BESIDE = """{"model": "mmca", "weights": "random weights (control)", "sample": "A", "origin": {"shipped": "train-sofa"},
 "told": {"target": "score"}, "question": {"method": "received", "output": "score"}}"""
FIGURES = {
    "mmca match": ["mmca", "dog-house-salt", "--picked", "dog"],
    "mmca methods": ["mmca", "dog-house-salt"],
    "mca row": ["mca", "eyes-closed", "--picked", "psd:Fz", "--method", "look", "--layer", "psd_to_de", "--head", "3"],
    "mca heads": ["mca", "eyes-closed"],
    "mca given": ["mca", "eyes-closed"],
    "mmvit methods": ["mmvit", "seven", "--target", "seven", "--option", "spread=true"],
    "mmvit attention": ["mmvit", "two-five"],
    "mmvit-objects methods": ["mmvit-objects", "--method", "relevance", "--method", "gradcam"],
    "mit room": ["mit", "kinect", "--picked", "supervoxels:3"],
    "mit room of voxels": ["mit", "kinect", "--option", f"grain={GRAIN}"],
    "mit matrix": ["mit", "kinect", "--layer", "decoder.0.cross", "--head", "1"],
    "mit scores": ["mit", "kinect", "--method", "gradient"],
    "captioner matrix": [OWN, "A red square", "--layer", "2"],
    "captioner tokens": [OWN, "A red square", "--method", "look", "--method", "occlusion", "--picked", "words:red"],
    "captioner glance": [OWN, "A red square", "--method", "look", "--picked", "words:red"],
    "mmca glance": ["mmca", "dog-house-salt", "--method", "look", "--picked", "dog"],
    "mmca compare": ["mmca", "dog-house-salt", "--method", "received", "--option", f"beside={BESIDE}"],
    "captioner scores": [OWN, "A red square", "--method", "occlusion"],
}
FORMATS = ("pdf", "svg", "png", "eps", "zip")


def main() -> None:
    """Run all."""
    from xviz.data.shipped import samples

    wanted = sys.argv[1:] or list(FIGURES)
    results: dict[str, dict[str, bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, words in ((name, FIGURES[name]) for name in wanted):
            if name.startswith("mmvit-objects"):
                words = [words[0], samples("mmvit-objects")[0].name, *words[1:]]
            for kind in FORMATS:
                file = Path(folder) / f"figure.{kind}"
                with contextlib.redirect_stdout(io.StringIO()):
                    cli.main(["figure", *words, "--figure", name.split()[1], "--out", str(file)])
                    try:
                        cli.main(["reproduce", str(file), "--model", OWN if words[0] == OWN else ""])
                    except SystemExit as left:
                        same = left.code is False
                again = file.with_name(f"figure-again.{kind}")
                results.setdefault(name, {})[kind] = same and again.read_bytes() == file.read_bytes()
            print(name, results[name], file=sys.stderr, flush=True)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
