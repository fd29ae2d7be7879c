"""Drivers resume coroutines: real threads for speed, or one thread under a chosen schedule."""
