"""The page of EEG recordings."""
