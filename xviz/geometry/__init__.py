"""Points in space: cameras, thinning, clouds as files."""
