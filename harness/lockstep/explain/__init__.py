"""Explains a failure that needs an interleaving: data first, text second."""
