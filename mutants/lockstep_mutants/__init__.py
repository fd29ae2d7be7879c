"""Executors with one planted fault each: historical bugs that a campaign has to find again.

Each class is an executor, ``--executor lockstep_mutants.balances:SenderNotDebited``. Nothing in
``lockstep_parallel`` knows them.
"""
