"""The page of points and photos."""
