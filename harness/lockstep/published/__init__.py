"""The published forms of states and transactions, as JSON."""
