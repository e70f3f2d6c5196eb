"""EEG recordings: formats of systems and of data sets, channels, checks."""
