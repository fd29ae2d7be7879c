"""The limits of the rules: transactions at each of them, one below it and one above it."""
