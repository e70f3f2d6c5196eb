"""What the checkpoint on simulated recordings has learnt, and which methods find it: writes ``checkpoints/mca.json``.

Accuracy on each split stands beside chance. Then each method's map over electrode × band is held against the truth of
the simulation, the change in dB that a rating makes (``xviz.train.mca.simulation.truth``), on subjects never trained
on: Spearman's rank correlation over all cells, and the share of the strongest true cells among the method's strongest.
They stand beside chance, an untrained model, and Student's t-test of band power, which a neuroscientist would do first.

The t-test sees all trials with their labels, a method sees a trial at a time and no label: the maps are means over the
same trials, signed ones without their sign.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import ttest_ind

from xviz import engine
from xviz.checkpoints import FOLDER
from xviz.core.errors import SampleError
from xviz.core.run import Inputs, Run, Target
from xviz.core.sample import Eeg, Sample
from xviz.core.tokens import Electrodes
from xviz.engine import Loaded
from xviz.explain import METHODS, eeg_cells
from xviz.explain.planted import chance, fit
from xviz.models.mca import MCA_CARD
from xviz.models.mca_features import Plan, psd
from xviz.train.mca import real as real_recordings
from xviz.train.mca import simulation
from xviz.train.mca.features import Split, Trials, divide, label_question, load_trials
from xviz.train.mca.recipe import Recipe, compare, judge, row_of

Map = NDArray[np.float64]  #: (electrode, band)
COSTLY = ("integrated", "occlusion")  #: methods that run the model some hundred times
SHORT = {"epochs": 5, "step": 4, "drawn": 3}  #: of the table of splits, so that six trainings take minutes
PARTS = ("splits", "truth", "real")  #: of the record


def measure(
    folder: Path,
    out: Path = FOLDER / "mca.json",
    *,
    real: Path | None = None,
    trials: int = 100,
    costly: int = 50,
    parts: Sequence[str] = PARTS,
) -> dict[str, Any]:
    """Measure the shipped checkpoint and write the record.

    Args:
        folder: What “xviz make recordings” wrote, and the checkpoint was trained on.
        out: Where the record goes; parts that are not measured now are kept if they are of the same weights.
        real: Folder of real recordings, see `xviz.train.mca.real`; needed for the part "real".
        trials: Trials of held-out subjects whose maps are made.
        costly: The same for methods that run the model some hundred times for each trial.
        parts: "splits" trains the network anew on each split, a quarter as long as the checkpoint was (``SHORT``);
            "truth" holds the methods' maps against what the simulation did; "real" tries real recordings.

    Raises:
        SampleError: recordings are missing; said before anything is measured.
    """
    if "real" in parts:
        if real is None:
            raise SampleError("The part “real” needs the folder of real recordings. Name it with --real.")
        real_recordings.check(real)
    loaded, data = engine.load(MCA_CARD), load_trials(folder, MCA_CARD.settings.plan)
    before = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    log = json.loads((FOLDER / "mca.log.json").read_text(encoding="utf-8"))
    recipe = Recipe(**log["recipe"])
    record: dict[str, Any] = {"splits": [], "truth": {}, "real": []}
    if before.get("checkpoint_sha256") == loaded.sha256:
        record |= {name: before[name] for name in PARTS}
    record |= {
        "card": MCA_CARD.key,
        "checkpoint_sha256": loaded.sha256,
        "recordings": "simulated; nobody's brain was recorded",
        "parameters": sum(p.numel() for p in loaded.module.parameters()),
        "label_question": label_question(data),
    }
    if "splits" in parts:
        rows = [{**row, "shipped": False} for row in compare(data, replace(recipe, **SHORT))]
        record["splits"] = rows + [shipped(loaded, data, label, log["split"], recipe) for label in MCA_CARD.outputs]
    if "truth" in parts:
        record["truth"] = {
            label: planted(
                loaded, data, label, truth_of(label, data.plan), trials=trials, costly=costly, share=recipe.share
            )
            for label in MCA_CARD.outputs
        }
    if "real" in parts and real is not None:
        record["real"] = real_recordings.compare(real)
    out.write_text(json.dumps(rounded(record), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return record


def rounded(value: Any) -> Any:
    """The same with numbers of four digits behind the point, which is more than any of them means."""
    if isinstance(value, Mapping):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def shipped(loaded: Loaded, data: Trials, label: str, split: Split, recipe: Recipe) -> dict[str, Any]:
    """A row of the table of splits for the checkpoint as it is, on what its training held out."""
    tested = divide(data, label, split, windows=_windows(loaded), share=recipe.share)
    row = {**row_of(split, label, judge(loaded.module, data, label, tested)), "shipped": True}
    print(json.dumps(row), flush=True)
    return row


def _windows(loaded: Loaded) -> int:
    """How many windows the model judges."""
    return loaded.card.settings.plan.steps // loaded.card.settings.block


def truth_of(label: str, plan: Plan, subjects: Sequence[int] = range(1, 13)) -> Map:
    """The change in dB that a rating makes, (electrode, band)."""
    samples_of_rest = plan.samples(simulation.REST)
    return simulation.truth(label, lambda signal: psd(signal[:, samples_of_rest:], plan), subjects=subjects)


def planted(
    loaded: Loaded, data: Trials, label: str, truth: Map, *, trials: int, costly: int = 50, share: float = 0.2
) -> list[dict[str, Any]]:
    """One row for each method: how well its map fits the truth, with the trained and with an untrained model."""
    plain = engine.untrained(loaded.card)
    for name in ("de_mean", "psd_mean", "de_scale", "psd_scale"):
        getattr(plain.module, name).copy_(getattr(loaded.module, name))
    tested = np.flatnonzero(divide(data, label, "subject", windows=_windows(loaded), share=share).all(1))
    rows = []
    for key, (title, make) in MAPS.items():
        chosen = tested[_spread(len(tested), costly if key in COSTLY else trials)]
        row: dict[str, Any] = {"method": key, "title": title, "trials": len(chosen)}
        for name, model in (("trained", loaded), ("untrained", plain)):
            maps = [np.abs(make(model, run_of(model, data, int(trial), label), label)) for trial in chosen]
            row[name] = asdict(fit(np.mean(maps, 0), truth))
        print(json.dumps({label: row}), flush=True)
        rows.append(row)
    fit_of_test = asdict(fit(t_test(data, label, tested), truth))
    rows.append({"method": "t-test", "title": "t-test of band power", "trials": len(tested), "trained": fit_of_test})
    rows.append({"method": "chance", "title": "95 % of random maps stay below", "trained": asdict(chance(truth.size))})
    return rows


def _spread(count: int, limit: int) -> NDArray[np.int64]:
    """At most so many of the first ``count`` whole numbers, evenly apart."""
    return np.linspace(0, count - 1, min(limit, count)).astype(int)


def t_test(data: Trials, label: str, chosen: NDArray[np.int64]) -> Map:
    """|t| of band power between high and low trials, (electrode, band), each trial's mean over time."""
    power, high = data.psd[chosen].mean(-1), data.high(label)[chosen].astype(bool)
    return np.abs(ttest_ind(power[high], power[~high], axis=0).statistic)


def inputs_of(data: Trials, index: int) -> Inputs:
    """One trial of the set as inputs of the model."""
    count = len(data.channels)
    spaces = {name: Electrodes(name, data.channels, np.full((count, 3), np.nan, np.float32)) for name in ("de", "psd")}
    tokens = {name: torch.from_numpy(getattr(data, name)[index].reshape(count, -1).copy()) for name in ("de", "psd")}
    present = {name: torch.ones(count, dtype=torch.bool) for name in ("de", "psd")}
    return Inputs(tokens, present, spaces, {"window": torch.tensor(-1.0)})


def run_of(loaded: Loaded, data: Trials, index: int, label: str) -> Run:
    """A run of one trial of the set."""
    name = f"simulated trial {data.trial[index]}"
    empty = Eeg(np.zeros((len(data.channels), 1), np.float32), data.plan.rate, data.channels)
    return engine.run_inputs(loaded, inputs_of(data, index), Sample(name, {"eeg": empty}), label)


def by_band(key: str) -> Callable[[Loaded, Run, str], Map]:
    """A method of attention, asked for each head: its scores over both spaces together, (electrode, band)."""

    def importance(loaded: Loaded, run: Run, label: str) -> Map:
        columns = []
        for band in range(run.calls[0].heads):
            by_space = METHODS[key].explain(loaded, run, Target(label), head=band).scores
            columns.append(sum(np.abs(scores) for scores in by_space.values()))
        return np.stack(columns, 1)

    return importance


def _integrated(loaded: Loaded, run: Run, label: str) -> Map:
    """Integrated gradients summed over the seconds of each cell, DE and PSD together."""
    bands = run.calls[0].heads
    shares = eeg_cells.integrated(loaded, run, Target(label), steps=(24,))[0]
    return sum(part.reshape(len(part), bands, -1).sum(-1) for part in shares.values())


def _left_out(loaded: Loaded, run: Run, label: str) -> Map:
    """What the output loses without each cell, DE and PSD together."""
    bands = run.calls[0].heads
    return eeg_cells.leave_out(loaded, run, Target(label), eeg_cells.bands(run, bands)).reshape(-1, bands)


MAPS: Mapping[str, tuple[str, Callable[[Loaded, Run, str], Map]]] = {
    "received": ("Attention received", by_band("received")),
    "rollout": ("Attention rollout", by_band("rollout")),
    "relevance": ("Gradient-weighted attention", by_band("relevance")),
    "integrated": ("Integrated gradients", _integrated),
    "occlusion": ("Leave one cell out", _left_out),
}
