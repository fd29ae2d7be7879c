"""The rules in the executors' own words, and the state that a transaction sees."""
