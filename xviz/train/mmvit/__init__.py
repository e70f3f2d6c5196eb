"""The checkpoints of the multiscale multiview model: a folder each, and what they share."""
