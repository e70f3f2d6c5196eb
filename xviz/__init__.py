"""xviz shows what multimodal fusion models attend to. Importing it is cheap: torch comes with the first model."""

__version__ = "0.1.0"
