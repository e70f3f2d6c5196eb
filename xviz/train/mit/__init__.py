"""The rooms checkpoint: making rooms, recipe, measuring, comparing, samples."""
