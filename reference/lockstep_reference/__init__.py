"""The oracle: executes a block one transaction after another and reads like the rule book."""
