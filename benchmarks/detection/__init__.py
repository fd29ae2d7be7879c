"""How fast lockstep finds the planted faults, next to two baselines; writes docs/detection.md."""
