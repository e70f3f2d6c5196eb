"""What was measured of mutual cross-attention on EEG, in words."""

from __future__ import annotations

from typing import Any

from xviz.draw.scale import signed
from xviz.record.table import table

HELD_OUT = {
    "paper": "windows of 3 s, as in the paper: **leaks**, as windows of one trial stand on both sides",
    "trial": "whole trials, of subjects that are trained on",
    "subject": "whole subjects",
}


def trust(measured: dict[str, Any], method: str) -> str | None:
    """How far a method fits what drives the simulation, beside chance, an untrained model and a t-test."""
    sentences = []
    for label, rows in measured["truth"].items():
        by = {row["method"]: row for row in rows}
        if method not in by:
            return None
        own, test, luck = (by[key]["trained"]["correlation"] for key in (method, "t-test", "chance"))
        sentences.append(
            f"{label} {signed(own)} (untrained model {signed(by[method]['untrained']['correlation'])}, t-test of "
            f"band power {signed(test)}, chance {signed(luck)})"
        )
    drives = "rank correlation with what drives the simulation"
    return f"Measured on simulated recordings: {drives}, {'; '.join(sentences)}."


KINDS = frozenset({"simulated"})  #: of samples, on which methods were measured


def domain(measured: dict[str, Any]) -> str:
    """What it was trained on."""
    return "simulated recordings"


def nearest(measured: dict[str, Any], method: str) -> str:
    """What was measured nearest to recordings of a person."""
    real = measured["real"]
    above = sum(row["accuracy"] > row["luck"] for row in real)
    of_real = f" On {len(real)} sets of real recordings, the model trained anew beat chance on {above}." if real else ""
    line = trust(measured, method) or ""
    return f"{line.removeprefix('Measured on ').rstrip('.')}.{of_real}"


def tables(measured: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    title = (
        "**Accuracy on simulated recordings** (% right on what was held out; chance in brackets). The same short "
        "training on every split; then the shipped checkpoint, which was trained four times as long"
    )
    return [splits(measured["splits"], title), *_truth(measured["truth"]), _real(measured["real"])]


def splits(rows: list[dict[str, Any]], title: str) -> str:
    """Accuracy on each split, beside chance."""
    lines = []
    for row in rows:
        trials = f"{100 * row['trials']:.1f} ({row['tested_trials']} trials)" if "trials" in row else ""
        held_out = HELD_OUT[row["split"]] + "; **the shipped checkpoint**" * row["shipped"]
        windows = f"{100 * row['windows']:.1f} ({100 * row['chance']:.1f})"
        lines.append((held_out, row["label"], windows, trials))
    return table(title, ["held out", "output", "windows", "whole trials"], lines)


def _truth(measured: dict[str, list[dict[str, Any]]]) -> list[str]:
    """How well each method's map over electrode and band fits what the simulation did."""
    tables = []
    for label, rows in measured.items():
        title = (
            f"**What drives {label} in the simulation, electrode by band** (maps of held-out simulated recordings "
            "together: rank correlation with the change in dB, and share of its 16 strongest cells among the map's)"
        )
        head = ["map", "correlation", "hits", "the same, untrained model", "recordings"]
        lines = [
            (row["title"], *_two(row["trained"]), ", ".join(_two(row.get("untrained"))), str(row.get("trials", "")))
            for row in rows
        ]
        tables.append(f"{table(title, head, lines)}\n\nBy rank correlation, {verdict(label, rows)}")
    return tables


def _two(measured: dict[str, float] | None) -> tuple[str, ...]:
    return (signed(measured["correlation"]), f"{measured['hits']:.0%}") if measured else ()


def verdict(label: str, rows: list[dict[str, Any]]) -> str:
    """Whether the methods beat the t-test, in a sentence."""
    by = {row["method"]: row["trained"]["correlation"] for row in rows}
    test, luck = by["t-test"], by["chance"]
    hits = {row["method"]: f"{row['trained']['hits']:.0%}" for row in rows}
    sentences = [
        f"the attention received {_against(by['received'], test, luck)}; it hits {hits['received']} of the strongest "
        f"true cells (t-test {hits['t-test']}, chance {hits['chance']})"
    ]
    best = max((row for row in rows if row["method"] not in ("t-test", "chance")), key=lambda r: by[r["method"]])
    if best["method"] != "received":
        idle = signed(best["untrained"]["correlation"])
        against = _against(by[best["method"]], test, luck)
        sentences.append(
            f"the best method here, {best['title'].lower()}, {against}; on an untrained model it reaches {idle}"
        )
    return f"for {label}, {'; '.join(sentences)}."


def _against(value: float, test: float, luck: float) -> str:
    """A correlation beside that of the t-test and of chance, in words."""
    if value <= luck:
        return f"does no better than chance ({signed(value)}), a plain t-test does ({signed(test)})"
    if value < test:
        return f"beats chance ({signed(value)}) but loses against a plain t-test ({signed(test)})"
    return f"beats a plain t-test ({signed(value)} against {signed(test)})"


def _real(rows: list[dict[str, Any]]) -> str:
    """Real recordings of states: why there is no second checkpoint."""
    if not rows:
        return "Real recordings: not measured yet."
    lines = [
        (
            *(row["set"], row["states"], f"{row['trained']} / {row['tested']}"),
            *(f"{100 * row[key]:.1f}" for key in ("accuracy", "commoner", "luck", "discriminant")),
        )
        for row in rows
    ]
    above = [row["set"] for row in rows if row["accuracy"] > row["luck"]]
    sentences = (
        f"Above chance: {', '.join(above)}." if above else "On none of them does the model do better than chance, "
        f"with {len(rows)} sets tried."
    )  # fmt: skip
    title = "**Real recordings, why no checkpoint of them is shipped** (% of test trials right; none is about emotion)"
    head = ["set", "states", "trained / tested", "MCA", "majority class", "chance (95th percentile)"]
    head += ["linear discriminant"]
    return f"{table(title, head, lines)}\n\n{sentences}"
