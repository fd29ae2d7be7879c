"""Nodes with the labu endpoints as targets: an HTTP client, and cases as labu can express them."""
