"""The table of peers is that of the committed record."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "benchmarks"


def test_the_table_of_peers_says_what_was_measured() -> None:
    record = json.loads((FOLDER / "peers.json").read_text(encoding="utf-8"))
    told = (FOLDER / "README.md").read_text(encoding="utf-8").split("<!-- peers -->")[1].split("<!-- /peers -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in told.strip().splitlines()[2:]]
    assert rows == [
        [name, *(str(found[key]) for key in ("xviz", "what", "peer", "peer / xviz"))] for name, found in record.items()
    ]
    for found in record.values():
        assert abs(found["peer / xviz"] * found["xviz"] / found["peer"] - 1) < 0.02
