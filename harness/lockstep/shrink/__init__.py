"""Makes failing cases small: fewer steps, transactions and accounts, then smaller values."""
