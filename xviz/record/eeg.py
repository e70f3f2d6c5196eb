"""What was measured of mutual cross-attention on EEG, in words."""

from __future__ import annotations

from typing import Any

HELD_OUT = {
    "paper": "windows of 3 s, as in the paper: **leaks**, as windows of one trial stand on both sides",
    "trial": "whole trials, of subjects that are trained on",
    "subject": "whole subjects",
}


def trust(found: dict[str, Any], method: str) -> str | None:
    """How far a method fits what drives the simulation, beside chance, an untrained model and a t-test."""
    said = []
    for label, rows in found["truth"].items():
        by = {row["method"]: row for row in rows}
        if method not in by:
            return None
        own, test, luck = (by[key]["trained"]["correlation"] for key in (method, "t-test", "chance"))
        said.append(
            f"{label} {_signed(own)} (untrained model {_signed(by[method]['untrained']['correlation'])}, t-test of "
            f"band power {_signed(test)}, 95 % of random maps below {_signed(luck)})"
        )
    return f"Rank correlation with what really drives simulated recordings: {'; '.join(said)}."


def tables(found: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    return [_splits(found["splits"]), *_truth(found["truth"]), _real(found["real"])]


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
