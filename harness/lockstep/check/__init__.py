"""The protocol's own conformance suite: what a program can do, and what it gets wrong."""
