"""Spoken digits: voices, clips, recipe, measuring, comparing, samples."""
