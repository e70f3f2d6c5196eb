"""MCA's features and attention alone, for channels as they are: the published formula, which has no weights.

Only what the trained network says needs its 32 electrodes; DE, PSD and the attention between them need none by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from xviz.core.run import Inputs
from xviz.core.sample import Eeg, Sample
from xviz.models.mca import MCA, MCA_CARD, Settings, prepare

FEWEST = 2  #: channels among which there is attention


class Formula(MCA):
    """Mutual cross-attention without a network behind it; its one output is the mean of the fused features."""

    def forward(
        self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The mean of the fused features over the channels that are present, (b,); see ``MCA.fuse``."""
        mask = (present["de"] | present["psd"])[:, :, None, None]
        block = self.fuse(tokens, present)
        share = mask.to(block.dtype).expand_as(block)
        return {"fused": (block * share).sum((1, 2, 3)) / share.sum((1, 2, 3)).clamp_min(1)}

    def one(
        self,
        output: str,
        tokens: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
        context: Mapping[str, Tensor],
    ) -> Tensor:
        """The one output."""
        return self.forward(tokens, present, context)[output]


def prepare_native(sample: Sample, settings: Settings) -> Inputs:
    """A recording as tokens, one for each of its channels.

    Raises:
        SampleError: there is no recording, or it is too short, too slow, or has too few channels that say something.
    """
    eeg = sample.part("eeg", Eeg)
    return prepare(sample, replace(settings, channels=eeg.channels), least=FEWEST)


MCA_NATIVE_CARD = replace(
    MCA_CARD,
    key="mca-native",
    title="EEG mutual cross-attention, channels as they are",
    settings=Settings(channels=(), labels=()),
    build=Formula,
    prepare=prepare_native,
    checkpoint=None,
    formula=True,
    outputs={"fused": "mean of the fused features"},
    paths={"fused": ("de_to_psd + psd_to_de",)},
    page="mca",
)
