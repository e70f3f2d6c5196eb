"""The EEG checkpoint: simulating recordings, recipe, measuring, samples."""
