"""Sequential: the lowest transaction that can run, always; the default that schedules deviate from.

A correct executor cannot fail under it, so a failure that shows here needs no interleaving.
"""

from __future__ import annotations

from lockstep_parallel.steps.drivers.scheduled import lowest_first as sequential_order

__all__ = ["sequential_order"]
