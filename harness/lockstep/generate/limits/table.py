"""All limits, and which of them a case is aimed at."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.case.values import AnyIntent
from lockstep.generate.accounts import Terms
from lockstep.generate.estimate import Estimate
from lockstep.generate.limits.amounts import AMOUNTS
from lockstep.generate.limits.limit import Limit, Spot
from lockstep.generate.limits.payloads import PAYLOADS
from lockstep.generate.limits.signers import SIGNERS
from lockstep.generate.limits.wires import WIRES
from lockstep.generate.slots import Bytes
from lockstep_ledger.model import Address

LIMITS: tuple[Limit, ...] = (*PAYLOADS, *SIGNERS, *AMOUNTS, *WIRES)
BESIDE = (0, -1, 1)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a case is aimed at: which ``limit``, how far ``beside`` it, by which transaction."""

    limit: Limit
    beside: int
    place: int
    sender: Address

    def intent(self, key: str, estimate: Estimate) -> AnyIntent:
        """Return the transaction that is aimed at the limit."""
        return self.limit.aim(Spot(key, self.sender, estimate, self.beside))


def with_goal(source: Bytes, terms: Terms, transactions: int) -> tuple[Terms, Goal]:
    """Decode what a case is aimed at, and put it within reach."""
    swarm = terms.swarm
    offered = [each for each in LIMITS if all(getattr(swarm, need) for need in each.needs)]
    limit, beside = offered[source.below(len(offered))], source.pick(BESIDE)
    place = source.below(transactions) if transactions else 0
    sender = terms.pool[0]
    goal = Goal(limit, beside, transactions - 1 if limit.last else place, sender)
    return limit.prepare(terms, sender, beside), goal
