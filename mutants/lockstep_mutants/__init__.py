"""Executors and stores, one planted fault each: historical bugs that a campaign must find again.

Each class is an executor, ``--executor lockstep_mutants.balances:SenderNotDebited``, or a store,
``--storage lockstep_mutants.stores:TornSnapshot``. Nothing in ``lockstep_parallel`` or
``lockstep_ledger`` knows them.
"""
