"""The figures that a session can have, by name: what pages export, what ``xviz figure`` and ``xviz.figure`` draw."""
