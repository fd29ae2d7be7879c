"""Executors with one planted fault each: historical bugs that a campaign has to find again.

Each class is an executor, ``--executor mutants.balances:SenderNotDebited``. Nothing in ``parallel``
knows them.
"""
