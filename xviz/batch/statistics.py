"""Statistics over a batch, each mean with the interval in which it lies in 95 % of bootstrap samples.

Samples are drawn again with replacement, so that intervals say how far a mean would move on other samples like these.
The rows of one sample, one for each target, are averaged first: they are not independent.

Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

DRAWN = 2000  #: bootstrap samples
CHUNK = 100  #: of them at once
HEAD = re.compile(r"head\.(.+)\.(\d+)\.(entropy|across)")
SANITY = re.compile(r"sanity\.([^.]+)\.(\d+) (.+)")


@dataclass(frozen=True)
class Mean:
    """A mean over samples."""

    mean: float
    low: float  #: 2.5 % of bootstrap means lie below
    high: float  #: 2.5 % lie above
    count: int  #: samples that have a value

    def text(self) -> str:
        """``0.43 [0.41, 0.46]``."""
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}]"


def means(values: NDArray[np.float64], *, drawn: int = DRAWN, seed: int = 0) -> list[Mean]:
    """The mean of every column with its interval.

    Args:
        values: (samples, columns); NaN where a sample has none.
        drawn: Number of bootstrap samples; the same for all columns, so that differences of columns are paired.
        seed: Of the drawing.
    """
    count = len(values)
    finite = np.isfinite(values)
    filled = np.where(finite, values, 0.0)
    generator, parts = np.random.default_rng(seed), []
    for start in range(0, drawn if count else 0, CHUNK):
        some = min(CHUNK, drawn - start)
        times = np.stack([np.bincount(generator.integers(count, size=count), minlength=count) for _ in range(some)])
        times = times.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append(times @ filled / (times @ finite.astype(np.float64)))
    drawn_means_of = np.concatenate(parts) if parts else np.full((1, values.shape[1]), np.nan)
    rows = []
    for column in range(values.shape[1]):
        known = values[finite[:, column], column]
        drawn_means = drawn_means_of[np.isfinite(drawn_means_of[:, column]), column]
        low, high = np.quantile(drawn_means, [0.025, 0.975]) if len(drawn_means) else (np.nan, np.nan)
        rows.append(Mean(float(known.mean()) if len(known) else float("nan"), float(low), float(high), len(known)))
    return rows


def _columns(table: pd.DataFrame, names: Sequence[str]) -> list[Mean]:
    return means(_by_sample(table, table[list(names)].to_numpy(np.float64))) if names else []


def _by_sample(table: pd.DataFrame, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, columns) of a table as (samples, columns): the mean over the rows of a sample that have a value."""
    import pandas as pd

    return pd.DataFrame(values).groupby(table["index"].to_numpy(), sort=False).mean().to_numpy()


def heads(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every head with its mass across modalities and entropy, the greatest mass first."""
    names = [name for name in table.columns if HEAD.fullmatch(name)]
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for name, mean in zip(names, _columns(table, names), strict=True):
        call, number, quantity = HEAD.fullmatch(name).groups()  # type: ignore[union-attr]
        rows.setdefault((call, int(number)), {"call": call, "head": int(number)})[quantity] = mean
    return sorted(rows.values(), key=lambda row: -_mean(row.get("across")))


def _mean(value: Mean | None) -> float:
    return value.mean if value is not None and np.isfinite(value.mean) else -1.0


def faithfulness(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every method with how far its areas are from those of random orders of the same samples.

    ``deletion`` is random − method and ``insertion`` method − random, so that above zero is better than chance in both;
    ``beaten`` is the share of samples in which it is, on average over their targets.
    """
    rows_of: dict[str, dict[str, Any]] = {}
    for kind, sign in (("deletion", -1.0), ("insertion", 1.0)):
        chance = f"{kind}.random"
        names = [n for n in table.columns if n.startswith(f"{kind}.") and not n.startswith(chance)]
        if chance not in table.columns or not names:
            continue
        gaps = _by_sample(table, sign * (table[names].to_numpy(np.float64) - table[[chance]].to_numpy(np.float64)))
        for name, mean, gap in zip(names, means(gaps), gaps.T, strict=True):
            known = gap[np.isfinite(gap)]
            row = rows_of.setdefault(name.partition(".")[2], {"method": name.partition(".")[2]})
            row |= {kind: mean, f"{kind} beaten": float((known > 0).mean()) if len(known) else float("nan")}
    return sorted(rows_of.values(), key=lambda row: -_mean(row.get("deletion")))


def agreements(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rank correlation of each two methods on each space."""
    names = [name for name in table.columns if name.startswith("agreement.")]
    rows = []
    for name, mean in zip(names, _columns(table, names), strict=True):
        _, first, second, space = name.split(".", 3)
        rows.append({"methods": f"{first}, {second}", "space": space, "rank correlation": mean})
    return rows


def sanities(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rank correlation of each method with itself, weights randomised from the last layer down."""
    names = [name for name in table.columns if SANITY.fullmatch(name)]
    rows = []
    for name, mean in zip(names, _columns(table, names), strict=True):
        method, number, layer = SANITY.fullmatch(name).groups()  # type: ignore[union-attr]
        rows.append({"method": method, "layers": int(number), "down to": layer, "rank correlation": mean})
    return sorted(rows, key=lambda row: (row["method"], row["layers"]))


def modalities(table: pd.DataFrame) -> list[dict[str, Any]]:
    """What each modality contributes: Shapley value, its share of all magnitudes, and the fall when it is swapped."""
    shapley = [name for name in table.columns if name.startswith("shapley.")]
    swap = [name for name in table.columns if name.startswith("swap.")]
    rows: dict[str, dict[str, Any]] = {}
    if shapley:
        values = np.abs(table[shapley].to_numpy(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = means(_by_sample(table, values / values.sum(1, keepdims=True)))
        for name, mean, share in zip(shapley, _columns(table, shapley), shares, strict=True):
            own = name.partition(".")[2]
            rows[own] = {"modality": own, "Shapley value": mean, "share": share}
    for name, mean in zip(swap, _columns(table, swap), strict=True):
        own = name.partition(".")[2]
        rows.setdefault(own, {"modality": own})["fall when swapped"] = mean
    return list(rows.values())


def statistics(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """All of them, those that the batch has the numbers for; ``Mean`` where a number has an interval."""
    tables = {
        "samples": _samples(table), "methods beside random orders": faithfulness(table), "agreement": agreements(table),
        "heads": heads(table), "weights randomised": sanities(table), "modalities": modalities(table),
    }  # fmt: skip
    return {name: rows for name, rows in tables.items() if rows}


def _samples(table: pd.DataFrame) -> list[dict[str, Any]]:
    failed = int(table["error"].notna().sum()) if "error" in table else 0
    row: dict[str, Any] = {"rows": len(table), "samples": int(table["index"].nunique()), "failed": failed}
    if "correct" in table:
        known = table.dropna(subset=["correct"])
        row["correct"] = means(_by_sample(known, known[["correct"]].to_numpy(np.float64)))[0]
    return [row]


def plain(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same as plain JSON; what is not a number as null."""

    def number(value: object) -> object:
        if isinstance(value, Mean):
            parts = {"mean": value.mean, "low": value.low, "high": value.high, "count": value.count}
            return {name: number(part) for name, part in parts.items()}
        return None if isinstance(value, float) and not np.isfinite(value) else value

    return {name: [{k: number(v) for k, v in row.items()} for row in rows] for name, rows in tables.items()}
