"""The page that shows two of anything side by side."""
