"""The image–sentence matching checkpoint: making scenes, recipe, measuring, samples."""
