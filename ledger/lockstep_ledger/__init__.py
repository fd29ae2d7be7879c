"""Nouns that both sides share: model, wire form, signatures, outcome, digest, storage.

No rule of a transaction's or a block's execution lives here: a shared rule cannot diverge,
so nothing would check it.
"""
