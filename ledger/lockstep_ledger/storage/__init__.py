"""Versioned storage of accounts: what executors read and what a block's merge writes."""
