"""Kinds of failure: how many one planted fault becomes, and whether two are told apart."""
