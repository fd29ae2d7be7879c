"""The pipelined executor: signatures verified side by side, then decisions in block order.

Verification is most of a transaction's cost and depends on no state, so it needs no schedule of its
own; what depends on state is decided by one task alone and cannot race.
Invariant: the decisions are those of the rules on a private state; a signature's result is the same
whenever it is checked.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from ledger.block import Block
from ledger.model import Address, Multisig, Policy
from ledger.outcome import BalanceKey, Code
from ledger.signatures import Scheme
from parallel.block_executor import BlockExecutor, Result
from parallel.drivers.protocol import WORKERS_FROM, Crash, Driver, Task
from parallel.overlay import Overlay
from parallel.state import BlockState
from parallel.verify import Known, chunks_of, signatures_of

WORTH_VERIFYING_AHEAD = frozenset({"schnorr"})
"""The schemes whose checks are long native calls that release the GIL."""

FEWEST_TRANSACTIONS = 4


class PrivateState(BlockState):
    """A block's state that one task has to itself: nothing is announced, nothing suspends."""

    async def exists(self, address: Address) -> bool:
        """Tell whether the account exists."""
        return self.existence.current(address)

    async def nonce(self, address: Address) -> int:
        """Return the account's next nonce."""
        return self.nonces.current(address)

    async def balance(self, key: BalanceKey) -> int:
        """Return an account's balance of one asset."""
        return self.balances.current(key)

    async def multisig(self, address: Address) -> Multisig | None:
        """Return the account's multisig configuration."""
        return self.multisigs.current(address)

    async def energy(self, address: Address) -> int:
        """Return the account's energy."""
        return self.energies.current(address)

    async def burned_so_far(self) -> int:
        """Return the burned counter."""
        return self.burned.value

    async def publish(self, overlay: Overlay) -> None:
        """Take over all writes of ``overlay``."""
        self.write(overlay)


class Pipelined(BlockExecutor):
    """Verifies all signatures of a block on its workers, then decides in order."""

    name = "pipelined"
    state_class = PrivateState

    def __init__(self, scheme: Scheme, workers: int = 4) -> None:
        super().__init__(scheme, workers)
        self.scheme = scheme

    def run(self, block: Block, state: BlockState, driver: Driver) -> list[Result]:
        """Verify ahead, then decide one transaction after another."""
        known = Known(self.scheme)
        self.verify_ahead(block, state, known, driver)
        rules = self.rules_class(known)
        results: list[Result] = []
        for index, envelope in enumerate(block.transactions):
            results.append(_finished(index, self.judge(envelope, state, rules)))
            if block.policy is Policy.ATOMIC and results[-1] is not Code.SUCCESS:
                break
        return results

    def verify_ahead(self, block: Block, state: BlockState, known: Known, driver: Driver) -> None:
        """Check every signature that can be told before the block runs."""
        chunks = chunks_of(list(signatures_of(block, state.storage)))
        tasks = [
            Task(WORKERS_FROM + number, known.check(chunk)) for number, chunk in enumerate(chunks)
        ]
        broken = [each for each in driver.run(tasks, self.workers) if isinstance(each, Crash)]
        assert not broken, f"a check of signatures broke: {broken[0].error}"


class Auto(Pipelined):
    """Verifies ahead only where that can pay, and decides in order in any case.

    It pays with more than one worker, more than a few transactions, and a scheme whose checks
    release the GIL; elsewhere the executor does what a sequential one does.
    """

    name = "auto"

    def verify_ahead(self, block: Block, state: BlockState, known: Known, driver: Driver) -> None:
        """Check ahead if it is worth it."""
        worth = (
            self.workers > 1
            and len(block.transactions) >= FEWEST_TRANSACTIONS
            and self.scheme.name in WORTH_VERIFYING_AHEAD
        )
        if worth:
            super().verify_ahead(block, state, known, driver)


def _finished(index: int, body: Coroutine[Any, None, Code]) -> Result:
    """Run a body that never suspends to its end."""
    try:
        body.send(None)
    except StopIteration as stop:
        code: Code = stop.value
        return code
    except Exception as error:
        return Crash.of(index, error)
    body.close()
    raise AssertionError("a decision suspended, though nothing is shared")
