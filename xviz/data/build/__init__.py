"""Makers of the training and evaluation sets: run by hand, never imported by the app."""
