"""Signatures checked off the critical path: which to check, in chunks, and what was found.

Invariant: a scheme with known results answers exactly what the scheme below would; what was not
checked ahead is checked when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from lockstep_ledger.block import Block
from lockstep_ledger.model import Address, Multisig, Transaction
from lockstep_ledger.signatures import KeyPair, Scheme, cosigned_message
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.steps.drivers.protocol import WORKERS_FROM, Crash, Driver, Task
from lockstep_parallel.steps.machine import gil_is_on
from lockstep_parallel.steps.ops import Kind, op

Signed: TypeAlias = tuple[Address, bytes, bytes]
"""Public key, message, signature."""

CHUNK = 16
"""Checks a task: enough that handing a task over costs little, few enough that all workers end at
about the same time."""

LONG_CHECKS = frozenset({"schnorr"})
"""The schemes whose checks are long native calls, which let other threads run meanwhile."""

FEWEST_TRANSACTIONS = 4


def reason_against(scheme: Scheme, block: Block, workers: int) -> str:
    """Say why the signatures of ``block`` should not be checked ahead; "" if they should."""
    if workers == 1:
        return "one worker"
    if len(block.transactions) < FEWEST_TRANSACTIONS:
        return "few transactions"
    if gil_is_on() and scheme.name not in LONG_CHECKS:
        return f"{scheme.name} signatures are checked faster than handed over"
    return ""


def check_ahead(
    scheme: Scheme, block: Block, storage: Reader, driver: Driver, workers: int
) -> Known:
    """Check every signature that can be told before the block runs, on so many workers."""
    tasks = [
        Task(WORKERS_FROM + number, _checked(number, chunk, scheme))
        for number, chunk in enumerate(chunks_of(list(signatures_of(block, storage))))
    ]
    results: dict[Signed, bool] = {}
    for each in driver.run(tasks, workers):
        assert not isinstance(each, Crash), f"a check of signatures broke: {each.error}"
        results.update(each)
    return Known(scheme, results)


class Known:
    """A scheme in front of ``below`` that knows the ``results`` of what was checked ahead."""

    def __init__(self, below: Scheme, results: Mapping[Signed, bool]) -> None:
        self.name = below.name
        self.below = below
        self.results = results

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Return the signature that the scheme below makes."""
        return self.below.sign(pair, message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Return the known result, else check now."""
        known = self.results.get((public, message, signature))
        return self.below.verify(public, message, signature) if known is None else known


async def _checked(number: int, chunk: Sequence[Signed], scheme: Scheme) -> dict[Signed, bool]:
    """Check a chunk in one step: its results are its own until all chunks are done."""
    await op(Kind.WRITE, (("verified", number),), "verify")
    return {each: scheme.verify(*each) for each in chunk}


def signatures_of(block: Block, storage: Reader) -> Iterator[Signed]:
    """Give every signature that a block's transactions are likely to be judged by.

    Co-signatures are taken to be made for the configuration in ``storage``; one that is changed
    within the block makes them unknown, no more.
    """
    for envelope in block.transactions:
        content = envelope.content
        if not isinstance(content, Transaction):
            continue
        yield content.source, envelope.signing_bytes, content.signature
        if content.cosignatures:
            config = _configuration(content.source, storage)
            yield from _cosigned(content, envelope.signing_bytes, config)


def chunks_of(signed: Sequence[Signed]) -> Iterator[Sequence[Signed]]:
    """Cut into chunks, in order, each signature once."""
    unique = list(dict.fromkeys(signed))
    for start in range(0, len(unique), CHUNK):
        yield unique[start : start + CHUNK]


def _configuration(source: Address, storage: Reader) -> Multisig | None:
    """Return what ``storage`` has; nothing also where it fails.

    The transaction that needs the configuration shall meet the error, not the block.
    """
    try:
        return storage.multisig(source)
    except Exception:
        return None


def _cosigned(
    transaction: Transaction, signing_bytes: bytes, config: Multisig | None
) -> Iterator[Signed]:
    if config is None:
        return
    message = cosigned_message(signing_bytes)
    for each in transaction.cosignatures or ():
        if each.signer_id < len(config.participants):
            yield config.participants[each.signer_id], message, each.signature
