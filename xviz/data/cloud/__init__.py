"""Clouds and rooms: one reader a format, columns to metres, photos with cameras."""
