"""The limits of the rules: for each a transaction that keeps it by one, just keeps it, breaks it."""
