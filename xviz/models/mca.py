"""Mutual Cross-Attention on EEG (Zhao & Gu, MICCAI 2024, LNCS 15011, pages 276–285).

Each electrode is two tokens: its differential entropy (DE) and its power (PSD), 60 s of each in five bands. In every
band DE asks PSD and PSD asks DE, softmax(QKᵀ/√60) V without any learned weight, and both answers are added; a 3D-CNN
over windows of 3 s (32 electrodes × 5 bands × 3 s) then tells low from high. The bands are the heads of two ``Attend``.

Differs from the authors' code in two things: the window of rest that the shipped checkpoint's DE reads, one sample
earlier than theirs (``mca_features``; ``MCA_PAPER_CARD`` reads theirs), and dropout on the attention weights, which
there was left on while the features were stored, once and without a seed (``dropout``; off here). DE and PSD differ
about 20-fold in scale, so that the PSD-valued answer dominates the sum; ``standardise`` brings both to one scale and is
an option. The attention has no weights, so that several labels share it: each has a 3D-CNN of its own, with the
authors' names.

An absent token is no key, and in place of its answer stands the mean of the answers that the present ones got.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xviz.core.attention import Attend
from xviz.core.errors import CheckpointError, ModelError, SampleError
from xviz.core.run import Inputs
from xviz.core.sample import BIOSEMI32, Eeg, Sample
from xviz.core.tokens import Electrodes
from xviz.models.card import CallTitle, ModelCard
from xviz.models.layers import exclude
from xviz.models.mca_cnn import Cnn3d
from xviz.models.mca_features import PUBLISHED, Plan, check_rate, features, limits, resampled

PAPER = "Zhao & Gu, Feature Fusion Based on Mutual-Cross-Attention Mechanism for EEG Emotion Recognition, MICCAI 2024"
LEAST = 8  #: electrodes without which nothing is said
SILENT = 1e-3  #: µV, below which a channel is flat


PLAN = Plan()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every number of the model; the defaults are the shipped one's."""

    channels: tuple[str, ...] = BIOSEMI32  #: names of the electrodes
    plan: Plan = PLAN  #: how features are measured
    block: int = 3  #: steps of a window of the 3D-CNN
    labels: tuple[str, ...] = ("valence", "arousal")
    standardise: bool = False  #: whether features are standardised by the training set's mean and scale
    dropout: float = 0.0  #: of the attention


SHIPPED = Settings()
PAPERS = Settings(plan=PUBLISHED)


class MCA(nn.Module):
    """Mutual cross-attention of DE and PSD, then one 3D-CNN for each label."""

    de_mean: Tensor
    psd_mean: Tensor

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        plan, channels = settings.plan, len(settings.channels)
        self.bands, self.steps, self.block = len(plan.bands), plan.steps, settings.block
        if self.steps % self.block:
            raise ModelError(f"{self.steps} steps cannot be cut into windows of {self.block}; choose a divisor.")
        self.standardise = settings.standardise
        for name in ("de", "psd"):
            self.register_buffer(f"{name}_mean", torch.zeros(self.bands * self.steps))
            self.register_buffer(f"{name}_scale", torch.ones(self.bands * self.steps))
        self.de_to_psd = Attend("de", "psd", dropout=settings.dropout)
        self.psd_to_de = Attend("psd", "de", dropout=settings.dropout)
        self.cnn = nn.ModuleDict({label: Cnn3d(channels, self.bands, self.block) for label in settings.labels})

    def forward(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """How far high is above low, for each label.

        Args:
            tokens: de and psd, (b, channel, band · step).
            present: de and psd, (b, channel) bool.
            context: window (b,): the window that is judged; below zero the mean over all.

        Returns:
            label → (b,) logit of high minus logit of low.
        """
        block = self.read(tokens, present)
        return {label: self._judged(block, label, context["window"].long()) for label in self.cnn}

    def one(
        self,
        output: str,
        tokens: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
        context: Mapping[str, Tensor],
    ) -> Tensor:
        """One label of ``forward`` alone, (b,); the other labels' 3D-CNNs, nearly all of the work, do not run."""
        return self._judged(self.read(tokens, present), output, context["window"].long())

    def _judged(self, block: Tensor, label: str, chosen: Tensor) -> Tensor:
        """A fused block (b, channel, band, step) → (b,) in the chosen window; below zero the mean over all."""
        if (chosen < 0).any():
            return _pick(self.logits(block, label), chosen)
        parts = windows(block, self.block).unflatten(0, (-1, len(block)))  # window, b, 1, channel, band, step
        low, high = self.cnn[label](parts[chosen.clamp(max=len(parts) - 1), torch.arange(len(block))]).unbind(1)
        return high - low

    def over_time(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Label → (b, window) logit of high minus logit of low in each window."""
        block = self.read(tokens, present)
        return {label: self.logits(block, label) for label in self.cnn}

    def read(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """What the 3D-CNN reads: the fused features, 0–1 at every step, (b, channel, band, step)."""
        return min_max(self.fuse(tokens, present), present["de"] | present["psd"])

    def logits(self, block: Tensor, label: str) -> Tensor:
        """A fused block (b, channel, band, step) → (b, window) logit differences."""
        parts = windows(block, self.block)  # window · b, 1, channel, band, step
        low, high = self.cnn[label](parts).unbind(1)
        return (high - low).unflatten(0, (-1, len(block))).T

    def fuse(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """Both answers added, (b, channel, band, step)."""
        de, psd = (self._heads(name, tokens[name]) for name in ("de", "psd"))
        at_de = self.de_to_psd(de, psd, psd, bias=exclude(present["psd"]).to(de.dtype))
        at_psd = self.psd_to_de(psd, de, de, bias=exclude(present["de"]).to(de.dtype))
        both = stand_in(at_de, present["de"]) + stand_in(at_psd, present["psd"])
        return both.transpose(1, 2)

    def _heads(self, name: str, tokens: Tensor) -> Tensor:
        """(b, channel, band · step) → (b, band, channel, step)."""
        if self.standardise:
            tokens = (tokens - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_scale")
        return tokens.unflatten(-1, (self.bands, self.steps)).transpose(1, 2)

    def baseline(self) -> dict[str, Tensor]:
        """The uninformative token of each space, (band · step,): the mean of the training set."""
        return {"de": self.de_mean, "psd": self.psd_mean}


def _pick(values: Tensor, window: Tensor) -> Tensor:
    """(b, windows) values → (b,): that of one window, or the mean where it is below zero."""
    chosen = values.gather(1, window.clamp(0, values.shape[1] - 1)[:, None])[:, 0]
    return torch.where(window < 0, values.mean(1), chosen)


def stand_in(answers: Tensor, asking: Tensor) -> Tensor:
    """(b, h, q, d) answers with those to absent queries, (b, q) False, replaced by the mean of the others'."""
    mask = asking[:, None, :, None].to(answers.dtype)
    mean = (answers * mask).sum(2, keepdim=True) / mask.sum(2, keepdim=True).clamp_min(1)
    return torch.where(mask > 0, answers, mean)


def min_max(block: Tensor, present: Tensor | None = None) -> Tensor:
    """(b, channel, band, step) brought to 0–1 at every step, over the present channels and all bands."""
    gone = torch.zeros_like(block, dtype=torch.bool) if present is None else ~present[:, :, None, None].expand_as(block)
    low = block.masked_fill(gone, torch.inf).amin((1, 2), keepdim=True)
    high = block.masked_fill(gone, -torch.inf).amax((1, 2), keepdim=True)
    return (block - low) / (high - low).clamp_min(torch.finfo(block.dtype).tiny)


def windows(block: Tensor, length: int) -> Tensor:
    """(b, channel, band, step) → (window · b, 1, channel, band, length): all samples' first windows come first."""
    return torch.cat(block.split(length, -1))[:, None]


def load_authors(module: MCA, label: str, state: Mapping[str, Tensor]) -> None:
    """Put the authors' released weights, which are those of the 3D-CNN alone, into one label of a model.

    Raises:
        CheckpointError: names or shapes are others.
    """
    bare = {name.removeprefix("module."): value for name, value in state.items()}
    try:
        module.cnn[label].load_state_dict(bare, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"These are not the authors' weights of the 3D-CNN: {error}") from error


def prepare(sample: Sample, settings: Settings, *, least: int = LEAST) -> Inputs:
    """A recording as tokens: its electrodes by name, its first 60 s after the rest, both features.

    Electrodes that are missing, flat or not a number all along are absent; at least ``least`` of them must be left.

    Raises:
        SampleError: there is no recording, or it is too short, too slow, or has too few of the electrodes.
    """
    eeg, plan, names = sample.part("eeg", Eeg), settings.plan, settings.channels
    check_rate(eeg, plan.bands)
    notes = _length(eeg, plan)
    chosen, places, heard = _chosen(eeg, names)
    if heard.sum() < min(least, len(names)):
        raise SampleError(
            f"This model reads {len(names)} electrodes by name and needs {min(least, len(names))} or more; this "
            f"recording has {int(heard.sum())}: {', '.join(np.array(names)[heard]) or 'none'}. "
            "Match its channels first."
        )
    notes += limits(eeg, plan)
    if eeg.rate != plan.rate:
        notes += (f"Resampled from {eeg.rate:g} to {plan.rate:g} Hz.",)
    if not heard.all():
        notes += (f"Left out, no signal: {', '.join(np.array(names)[~heard])}.",)
    computed = features(np.where(heard[:, None], resampled(chosen, plan.rate), 0.0), plan.samples(eeg.rest), plan)
    present = torch.from_numpy(heard)
    made_up = tuple(i for i, name in enumerate(names) if name in eeg.interpolated)
    return Inputs(
        tokens={
            name: torch.from_numpy(value.reshape(len(names), -1).astype(np.float32)) * present[:, None]
            for name, value in zip(("de", "psd"), computed, strict=True)
        },
        present={"de": present, "psd": present.clone()},
        spaces={name: Electrodes(name, names, places, made_up) for name in ("de", "psd")},
        context={"window": torch.tensor(-1.0)},
        notes=notes,
    )


def _length(eeg: Eeg, plan: Plan) -> tuple[str, ...]:
    """What is to say about the length and the rest of a recording.

    Raises:
        SampleError: less than half of the time that the model reads.
    """
    seconds = eeg.seconds - eeg.rest
    if seconds < plan.seconds / 2:
        raise SampleError(
            f"This model reads {plan.seconds:g} s, and at least {plan.seconds / 2:g} s; this recording has "
            f"{seconds:.3g} s{' after its rest' * (eeg.rest > 0)}. Bring a longer one."
        )
    notes: tuple[str, ...] = ()
    if seconds < plan.seconds - 0.5 / eeg.rate:
        notes += (f"The recording has {seconds:.3g} of {plan.seconds:g} s; its last values are repeated to the end.",)
    if seconds > plan.seconds + 0.5 / eeg.rate:
        notes += (f"The model reads the first {plan.seconds:g} of {seconds:.4g} s.",)
    if plan.from_rest and eeg.rest < plan.window:
        notes += ("There is no rest before it: features are measured from their mean over time, not from rest.",)
    return notes


def _chosen(eeg: Eeg, names: tuple[str, ...]) -> tuple[Eeg, NDArray[np.float32], NDArray[np.bool_]]:
    """The recording with exactly these electrodes, NaN where it lacks one; their places, and which say something."""
    have = {name: index for index, name in reversed(list(enumerate(eeg.channels)))}
    signal = np.full((len(names), eeg.signal.shape[1]), np.nan, np.float32)
    places = np.full((len(names), 3), np.nan, np.float32)
    for row, name in enumerate(names):
        if name in have:
            signal[row] = eeg.signal[have[name]]
            if eeg.positions is not None:
                places[row] = eeg.positions[have[name]]
    heard = np.asarray(np.isfinite(signal).all(1))
    heard[heard] = signal[heard].std(1) >= SILENT
    return Eeg(signal, eeg.rate, names, places, eeg.rest), places, heard


STORY = (
    "Two features of one EEG recording, differential entropy (DE) and power spectral density (PSD), attend to each "
    "other across electrodes, band by band. See the attention on the head, and what the outputs depend on."
)
OUTPUTS = {
    "valence": "valence: how far “high” is above “low”, in logits, on the mean over windows",
    "arousal": "arousal: how far “high” is above “low”, in logits, on the mean over windows",
}
MCA_CARD = ModelCard(
    key="mca",
    title="EEG mutual cross-attention (MCA)",
    short="EEG cross-attention",
    icon=":material/neurology:",
    story=STORY,
    paper=PAPER,
    wants={"eeg": "an EEG recording of a minute (EDF, BDF, GDF, BrainVision, EEGLAB, FIF, DEAP, SEED, NPZ or CSV)"},
    outputs=OUTPUTS,
    settings=SHIPPED,
    build=MCA,
    prepare=prepare,
    checkpoint="mca",
    paths=dict.fromkeys(SHIPPED.labels, ("de_to_psd + psd_to_de",)),
    calls={
        "de_to_psd": CallTitle("Attention from DE to PSD", "layer 1", "mutual", "DE to PSD"),
        "psd_to_de": CallTitle("Attention from PSD to DE", "layer 1", "mutual", "PSD to DE"),
    },
)
MCA_PAPER_CARD = replace(
    MCA_CARD, key="mca-paper", title="EEG mutual cross-attention (MCA), as published", settings=PAPERS, checkpoint=None,
)  # fmt: skip
CARDS = (MCA_CARD, MCA_PAPER_CARD)
