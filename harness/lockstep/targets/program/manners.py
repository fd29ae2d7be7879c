"""The manners in which a program is asked for a block; its interleavings are its own.

The same outcome must come in each, so every one after the first also checks the executor against
itself: other numbers of workers, repeats, and other seeds of its schedule, or of the pauses it
makes, where it takes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from lockstep.case.manner import SEQUENTIAL, Manner
from lockstep.run.drivers import Ways
from lockstep.targets.program.capabilities import CapabilitiesMessage

COUNTS = (1, 2, 4, 8)
"""The numbers of workers that are compared with each other."""


def many_manners(
    declared: CapabilitiesMessage | None, workers: int, random: Random, repeats: int = 1
) -> Ways[Manner]:
    """Return every manner there is for an executor that has ``declared`` this, None if nothing.

    First ``workers``, then for blocks of several transactions each of ``COUNTS``, ``repeats`` times
    over. An executor without a parallel path is only asked twice.
    """

    def manners(ids: tuple[str, ...]) -> Iterator[Manner]:
        if declared is not None and not declared.parallel:
            yield from (Manner(SEQUENTIAL, 1), Manner(SEQUENTIAL, 1))
            return
        yield Manner(workers=workers)
        if len(ids) < 2:
            return
        seeded = declared is not None and declared.schedule_seed
        shaken = declared is not None and declared.jitter and not seeded
        for _ in range(repeats):
            for count in COUNTS:
                number = random.getrandbits(63) if seeded or shaken else None
                if shaken:
                    yield Manner(workers=count, jitter=number)
                else:
                    yield Manner(workers=count, seed=number)

    return manners
