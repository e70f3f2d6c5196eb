"""The page of image–sentence matching."""
