"""Generates cases, runs both sides, compares them, keeps what differs, and the command line."""
