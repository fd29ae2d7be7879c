"""What becomes of a failure: brought back by schedule or by repetition, shrunk, kept, replayed."""
