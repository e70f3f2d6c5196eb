"""The types everything else speaks: samples, token spaces, attention calls, runs and explanations."""
