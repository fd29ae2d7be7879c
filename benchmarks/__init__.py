"""Measures speed and memory against the project's targets; run as ``python -m benchmarks``.

Nothing here is asserted by a test: a value stands beside its target with whether it was met, and
says what it is worth on the machine it was measured on.
"""
