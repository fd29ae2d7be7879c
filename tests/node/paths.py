"""How the node executes a block: one transaction after another, or in batches without conflicts.

Invariant: without a fault both ways come to the same. A batch ends before the first transaction
that touches what one of the batch does, so what depends on each other keeps its order.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Any

from tests.node import rules
from tests.node.faults import Fault
from tests.node.law import Broken, Law
from tests.node.rules import Known, RefusedError, Transaction
from tests.node.state import State
from tests.node.versions import Versions
from tests.node.working import Working

LONGEST_PAUSE = 0.0002


@dataclass(frozen=True, slots=True)
class Request:
    """A block to execute, and how: ``jitter`` is the seed of pauses, None for none."""

    block: Mapping[str, Any]
    parallel: bool
    workers: int
    jitter: int | None = None


@dataclass(slots=True)
class Executed:
    """What came of a block: ``state`` is the one after it, or before if it was ``rejected``."""

    state: State
    codes: list[str] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)
    rejected: tuple[str, int | None] | None = None
    fees: int = 0
    most_at_once: int = 0


def execute(request: Request, versions: Versions, faults: Collection[Fault]) -> Executed:
    """Execute a block on the newest version."""
    before = versions.newest.state
    planted = faults if request.parallel else ()
    working = Working(before)
    done = Executed(before)
    try:
        _reward(request.block, working, planted)
        _run(request, versions, working, planted, done)
        if done.rejected is None and request.block["fees_to"] is not None:
            working.credit(request.block["fees_to"], done.fees)
    except RefusedError as error:
        done = Executed(before, rejected=(str(error), None))
    if done.rejected is None:
        done.state = working.state(higher=request.block["advances_height"])
    elif Fault.DURABLE_TOO_EARLY in planted:
        done.state = working.state(higher=False)
    return done


def _reward(block: Mapping[str, Any], working: Working, planted: Collection[Fault]) -> None:
    rewards = block["rewards"]
    if rewards is None:
        return
    if Fault.NEW_MINER in planted and working.get(rewards["miner"]) is None:
        raise RefusedError("ACCOUNT_NOT_FOUND")
    working.credit(rewards["dev"], int(rewards["dev_amount"]))
    working.credit(rewards["miner"], int(rewards["miner_amount"]))


def _run(
    request: Request,
    versions: Versions,
    working: Working,
    planted: Collection[Fault],
    done: Executed,
) -> None:
    transactions = request.block["transactions"]
    tasks = _Tasks(request, versions, working, planted)
    one_by_one = ([each] for each in transactions)
    batches = _batches(transactions, planted) if request.parallel else one_by_one
    for batch in batches:
        for code, cost in tasks.all_of(batch):
            done.codes.append(code)
            done.costs.append(cost)
            done.fees += cost
            if code != "SUCCESS" and request.block["policy"] == "atomic":
                done.rejected = (code, len(done.codes) - 1)
                return
    done.most_at_once = tasks.most_at_once


def _batches(
    transactions: Sequence[Transaction], planted: Collection[Fault]
) -> Iterator[list[Transaction]]:
    batch: list[Transaction] = []
    taken: set[str] = set()
    for each in transactions:
        touched = set(rules.touched(each))
        if each["kind"] == "burn" and Fault.BURNS_BY_ARRIVAL not in planted:
            touched.add("burned")
        if touched & taken:
            yield batch
            batch, taken = [], set()
        batch.append(each)
        taken |= touched
    if batch:
        yield batch


class _Tasks:
    """Executes batches on threads; ``most_at_once`` counts how many were in progress."""

    def __init__(
        self, request: Request, versions: Versions, working: Working, planted: Collection[Fault]
    ) -> None:
        self._request = request
        self._versions = versions
        self._working = working
        self._planted = planted
        self._law = Broken(planted, versions.newest.state) if planted else Law()
        self._lock = Lock()
        self._in_progress = 0
        self.most_at_once = 0

    def all_of(self, batch: Sequence[Transaction]) -> list[tuple[str, int]]:
        """Return code and cost of each, in order."""
        if len(batch) == 1 or self._request.workers == 1:
            return [self._one(each) for each in batch]
        with ThreadPoolExecutor(min(self._request.workers, len(batch))) as threads:
            return list(threads.map(self._one, batch))

    def _one(self, transaction: Transaction) -> tuple[str, int]:
        with self._lock:
            self._in_progress += 1
            self.most_at_once = max(self.most_at_once, self._in_progress)
        try:
            known = self._known(transaction)
            rules.verify(transaction, known)
            self._pause(transaction)
            old = known.reference is not self._versions.newest.state
            return "SUCCESS", rules.apply(transaction, self._working, self._law, old=old)
        except RefusedError as error:
            return str(error), 0
        finally:
            with self._lock:
                self._in_progress -= 1

    def _known(self, transaction: Transaction) -> Known:
        newest = self._versions.newest
        if "source" not in transaction:
            return Known(newest.state, newest.state)
        number, hash_ = int(transaction["reference_topoheight"]), transaction["reference_hash"]
        if number == 0 and set(hash_) == {"0"}:
            return Known(newest.state, newest.state)  # it names none
        found = None if newest.topoheight - number > rules.OLDEST else self._versions.at(number)
        reference = found.state if found is not None and found.hash == hash_ else None
        if Fault.STALE_REFERENCE in self._planted and reference not in (None, newest.state):
            assert reference is not None
            return Known(reference, reference)
        return Known(newest.state, reference)

    def _pause(self, transaction: Transaction) -> None:
        if self._request.jitter is not None:
            chance = Random(f"{self._request.jitter} {transaction['hash']}")
            time.sleep(chance.uniform(0, LONGEST_PAUSE))
