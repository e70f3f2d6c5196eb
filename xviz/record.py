"""The measured record of a checkpoint (``checkpoints/NAME.json``), said in words."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from xviz.checkpoints import FOLDER, manifest
from xviz.explain import METHODS
from xviz.models.card import ModelCard


@cache
def read(checkpoint: str) -> dict[str, Any]:
    """The record that ``python -m xviz measure`` wrote; empty where there is none."""
    path = FOLDER / f"{checkpoint}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def line(card: ModelCard) -> str:
    """Paper and weights in one line."""
    if card.checkpoint is None:
        return f"{card.paper}. No weights are shipped."
    weights = manifest()[card.checkpoint]
    return f"{card.paper}. Weights: {weights.name}, sha256 {weights.sha256[:12]}…, {weights.origin}"


def trust(card: ModelCard, method: str) -> str | None:
    """How far a method pointed right where the truth is known, beside chance and an untrained model."""
    found = read(card.checkpoint or "")
    if "alignment" in found:
        return _trust_regions(found["alignment"]["test"], method)
    return _trust_cells(found["truth"], method) if "truth" in found else None


def _trust_regions(found: dict[str, Any], method: str) -> str | None:
    if method not in found["methods"]:
        return None
    own, idle = found["methods"][method]["pointing"], found["methods"][f"{method}, untrained"]["pointing"]
    return (
        f"On {found['things']} named things in held-out scenes, the strongest region lies on the thing in {own:.0f} % "
        f"(chance {found['chance']['pointing']:.0f} %, untrained model {idle:.0f} %)."
    )


def _trust_cells(found: dict[str, list[dict[str, Any]]], method: str) -> str | None:
    said = []
    for label, rows in found.items():
        by = {row["method"]: row for row in rows}
        if method not in by:
            return None
        own, test, luck = (by[key]["trained"]["correlation"] for key in (method, "t-test", "chance"))
        said.append(
            f"{label} {_signed(own)} (untrained model {_signed(by[method]['untrained']['correlation'])}, t-test of "
            f"band power {_signed(test)}, 95 % of random maps below {_signed(luck)})"
        )
    return f"Rank correlation with what really drives simulated recordings: {'; '.join(said)}."


def as_markdown(found: dict[str, Any]) -> str:
    """The whole record as tables."""
    if not found:
        return "Not measured yet."
    if "truth" in found:
        return "\n\n".join([_splits(found["splits"]), *_truth(found["truth"]), _real(found["real"])])
    return "\n\n".join([*_retrieval(found["retrieval"]), _foils(found["foils"]), *_alignment(found["alignment"])])


HELD_OUT = {
    "paper": "windows of 3 s, as in the paper: **leaks**, as windows of one trial stand on both sides",
    "trial": "whole trials, of subjects that are trained on",
    "subject": "whole subjects",
}


def _splits(rows: list[dict[str, Any]]) -> str:
    """Accuracy on each split, beside chance."""
    table = [
        "**Accuracy on simulated recordings** (% right on what was held out; chance in brackets). The same short "
        "training on every split; then the shipped checkpoint, which was trained four times as long",
        "",
        "| held out | answer | windows | whole trials |",
        "|---|---|---|---|",
    ]
    for row in rows:
        trials = f"{100 * row['trials']:.1f} ({row['tested_trials']} trials)" if "trials" in row else ""
        held_out = HELD_OUT[row["split"]] + "; **the shipped checkpoint**" * row["shipped"]
        windows = f"{100 * row['windows']:.1f} ({100 * row['chance']:.1f})"
        table.append(f"| {held_out} | {row['label']} | {windows} | {trials} |")
    return "\n".join(table)


def _truth(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """How well each method's map over electrode and band fits what the simulation did."""
    tables = []
    for label, rows in found.items():
        table = [
            f"**What really drives {label}, electrode by band** (maps of held-out simulated recordings together: rank "
            "correlation with the change in dB, and share of its 16 strongest cells among the map's)",
            "",
            "| map | correlation | hits | the same, untrained model | recordings |",
            "|---|---|---|---|---|",
        ]
        for row in rows:
            idle = row.get("untrained")
            table.append(
                f"| {row['title']} | {_signed(row['trained']['correlation'])} | {row['trained']['hits']:.0%} | "
                f"{_signed(idle['correlation']) + ', ' + format(idle['hits'], '.0%') if idle else ''} "
                f"| {row.get('trials', '')} |"
            )
        tables.append("\n".join(table) + f"\n\nBy rank correlation, {verdict(label, rows)}")
    return tables


def verdict(label: str, rows: list[dict[str, Any]]) -> str:
    """Whether the methods beat the t-test, in a sentence."""
    by = {row["method"]: row["trained"]["correlation"] for row in rows}
    test, luck = by["t-test"], by["chance"]
    hits = {row["method"]: f"{row['trained']['hits']:.0%}" for row in rows}
    said = [
        f"the attention received {_against(by['received'], test, luck)}; it hits {hits['received']} of the strongest "
        f"true cells (t-test {hits['t-test']}, 95 % of random maps {hits['chance']} or less)"
    ]
    best = max((row for row in rows if row["method"] not in ("t-test", "chance")), key=lambda r: by[r["method"]])
    if best["method"] != "received":
        idle = _signed(best["untrained"]["correlation"])
        against = _against(by[best["method"]], test, luck)
        said.append(
            f"the best method here, {best['title'].lower()}, {against}; on an untrained model it reaches {idle}"
        )
    return f"for {label}, {'; '.join(said)}."


def _against(value: float, test: float, luck: float) -> str:
    """A correlation beside that of the t-test and of chance, in words."""
    if value <= luck:
        return f"does no better than chance ({_signed(value)}), a plain t-test does ({_signed(test)})"
    if value < test:
        return f"beats chance ({_signed(value)}) but loses against a plain t-test ({_signed(test)})"
    return f"beats a plain t-test ({_signed(value)} against {_signed(test)})"


def _real(rows: list[dict[str, Any]]) -> str:
    """Real recordings of states: why there is no second checkpoint."""
    if not rows:
        return "Real recordings: not measured yet."
    table = [
        "**Real recordings, why no checkpoint of them is shipped** (% of test trials right; none is about emotion)",
        "",
        "| set | states | trained / tested | MCA | commoner answer | luck, 95 % | linear discriminant |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = " | ".join(f"{100 * row[key]:.1f}" for key in ("accuracy", "commoner", "luck", "discriminant"))
        table.append(f"| {row['set']} | {row['states']} | {row['trained']} / {row['tested']} | {numbers} |")
    above = [row["set"] for row in rows if row["accuracy"] > row["luck"]]
    said = (
        f"Above luck: {', '.join(above)}." if above else "On none of them does the model do better than luck would, "
        f"with {len(rows)} sets tried."
    )  # fmt: skip
    return "\n".join(table) + f"\n\n{said}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


SPLITS = {
    "test": "held-out scenes of concepts seen in training",
    "unseen": "scenes of concepts never seen in training",
    "photos": "single real photographs with their human captions, never trained on",
}
BRANCHES = {"alone": "self-attention part alone", "joint": "cross-attention part alone", "both": "both"}


def _retrieval(found: dict[str, Any]) -> list[str]:
    """One table of recall for each split."""
    tables = []
    for split, numbers in found.items():
        rows = [
            f"**Retrieval, {SPLITS[split]}** ({numbers['pictures']} pictures, one sentence each; recall in %)",
            "",
            "| | image → text R@1 / 5 / 10 | text → image R@1 / 5 / 10 |",
            "|---|---|---|",
        ]
        rows += [
            f"| {said} | {_three(numbers['image to text'][name])} | {_three(numbers['text to image'][name])} |"
            for name, said in BRANCHES.items()
        ]
        rows.append(f"| chance | {_three(numbers['chance'])} | {_three(numbers['chance'])} |")
        tables.append("\n".join(rows))
    return tables


def _three(recall: dict[str, float]) -> str:
    return " / ".join(f"{recall[key]:.1f}" for key in ("R@1", "R@5", "R@10"))


def _foils(found: dict[str, Any]) -> str:
    """How often a true sentence beats the same sentence with one thing changed."""
    cells = " | ".join(f"{numbers['right']:.1f} ({numbers['pairs']})" for numbers in found.values())
    return "\n".join(
        [
            "**True sentence against its foil** (one thing changed; % scored right, number of pairs; chance 50)",
            "",
            f"| {' | '.join(found)} |",
            f"|{'---|' * len(found)}",
            f"| {cells} |",
        ]
    )


def _alignment(found: dict[str, Any]) -> list[str]:
    """One table of word → region alignment for each split."""
    tables = []
    for split, numbers in found.items():
        rows = [
            f"**Word → region, {SPLITS[split]}** ({numbers['things']} named things; %)",
            "",
            "| method | strongest region's centre on the thing | overlap ≥ 0.5 | the same, untrained model |",
            "|---|---|---|---|",
        ]
        for method in [name for name in numbers["methods"] if not name.endswith(", untrained")]:
            own, idle = numbers["methods"][method], numbers["methods"][f"{method}, untrained"]
            rows.append(
                f"| {METHODS[method].title} | {own['pointing']:.1f} | {own['overlap']:.1f} "
                f"| {idle['pointing']:.1f}, {idle['overlap']:.1f} |"
            )
        for name in ("chance", "boxes' bound"):
            rows.append(f"| {name} | {numbers[name]['pointing']:.1f} | {numbers[name]['overlap']:.1f} | |")
        tables.append("\n".join(rows))
    return tables
