"""Measures the harness on planted faults: what it finds, how fast, how small, whom it accuses."""
