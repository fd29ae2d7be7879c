"""Executors outside this process: the contract's messages, their transport, the adapter to it."""
