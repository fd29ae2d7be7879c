"""The executors under test: their own text of the rules, every touch of shared state awaited."""
