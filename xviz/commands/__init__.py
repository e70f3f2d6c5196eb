"""One module a command; `xviz.cli` says what it holds. Modules import what is slow when they run."""
