"""Texts longer than a sentence."""

START = """
See what a multimodal fusion model attends to. Choose or upload a sample, pick a token of one modality, and see its
attention to the other. Attribution methods stand beside the attention, with measurements of how far to trust each, and
every picture can be saved as a figure for your paper.
"""

NOT_SHOWN = """
## What attention does not show

An attention weight says how much of one token's value is mixed into another token. It does not say that the output
depends on it: values can cancel, the residual path goes around attention, and other weights may give the same output.
So every attention map has an attribution of the same tokens beside it, their agreement, a deletion curve, and a test
with replaced weights. Where a method does worse than chance, the page says so.
"""

ABOUT = """
xviz runs trained fusion models on your own samples and shows their attention exactly: each row is recomputed from the
queries and keys of the forward pass that gave the output, and scores are not rescaled before they are shown. Colour
limits are printed under every map. Samples stay on the machine that runs xviz, for your visit only; xviz opens no
connection to other hosts.
"""
