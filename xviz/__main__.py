"""``python -m xviz``."""

from xviz.cli import main

main()
