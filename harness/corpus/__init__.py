"""Corpora of interesting inputs: what they cover, growing them, keeping a minimal covering set."""
