"""Texts longer than a sentence."""

START = """
See what a multimodal fusion model attends to. Bring a sample, pick a token of one modality, and the other modality
answers. Attention stands beside attributions, with numbers that say how far to trust each, and what you see leaves as
a figure for your paper.
"""

NOT_SHOWN = """
#### What attention does not show

An attention weight says how much of one token's value is mixed into another token. It does not say that the answer
depends on it: values can cancel, the residual path goes around it, and other weights may give the same answer. So every
map here has company: an attribution on the same tokens, their agreement, a deletion curve, and a test that replaces the
weights. Where a method points to the wrong place more often than chance, the page says so.
"""

ABOUT = """
xviz runs trained fusion models on your own samples and shows their attention exactly: each row is computed again from
the queries and keys of the very forward pass that gave the answer, and nothing between the numbers and your eye
rescales them. Colour limits are printed under every map. Your samples stay in the memory of the machine that runs
xviz, for your visit only; nothing is fetched from or sent to anywhere else.

#### Methods
"""
