"""What is held against what: outcomes, states, and invariants that know nothing of the rules."""
