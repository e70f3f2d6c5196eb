"""The page of sounds and pictures in several views."""
