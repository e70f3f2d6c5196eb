"""Sounds that people bring, of any format and length: ``read_sound``, ``outline``, ``write_wav``."""

from xviz.data.sound.channels import MEAN
from xviz.data.sound.read import Outline, outline, read_sound, write_wav

__all__ = ["MEAN", "Outline", "outline", "read_sound", "write_wav"]
