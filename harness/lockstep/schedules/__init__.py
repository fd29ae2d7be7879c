"""Strategies that answer ``choose``: which announced step is taken next."""
