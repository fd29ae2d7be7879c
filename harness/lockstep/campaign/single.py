"""One case of a campaign by its number, run and told by itself.

Invariant: it is the case that the campaign runs under that number, byte for byte, and under the
same schedules: what the chunk does before it is done first.
"""

from __future__ import annotations

from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import CHUNK, Ran, Worker


def run_single(plan: Plan, number: int) -> list[Ran]:
    """Run case ``number`` of ``plan`` under every setting."""
    worker = Worker(plan, "main")
    start = number - number % CHUNK
    try:
        return [ran for ran in worker.runs(start, number - start + 1) if ran.number == number]
    finally:
        worker.close()
