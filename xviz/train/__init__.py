"""One recipe for each checkpoint, and the measurements that stand in its record."""
