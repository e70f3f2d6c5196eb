"""Instruments: notes from soundfonts, clips, recipe, measuring."""
