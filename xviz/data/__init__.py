"""From bytes to parts of a sample: the only place that parses what people bring."""
