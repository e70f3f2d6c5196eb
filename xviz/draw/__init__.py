"""What screen and paper draw alike: colour scales and limits, matrices in blocks, a flat head."""
