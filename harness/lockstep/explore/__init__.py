"""Exhaustive small scopes: every canonical block, every trace, and a certificate that says so."""
