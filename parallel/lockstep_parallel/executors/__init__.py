"""The executors: how the transactions of a block become tasks, and what tasks wait for."""
