"""Many cases: chunks on processes until the budget is spent, controls, the health of the cases."""
