"""Signatures checked off the critical path: which to check, in chunks, and what was found.

Invariant: a scheme with known results answers exactly what the scheme below would; what was not
checked ahead is checked when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ledger.block import Block
from ledger.model import Address, Multisig, Transaction
from ledger.signatures import KeyPair, Scheme, cosigned_message
from ledger.storage.protocol import Reader
from parallel.ops import Kind, op
from parallel.tables import Table

Signed: TypeAlias = tuple[Address, bytes, bytes]
"""Public key, message, signature."""

CHUNK = 32
"""Checks a task: many short native calls in a row cost fewer hand-overs of the GIL than few."""


class Known:
    """A scheme in front of ``below`` that remembers what was checked ahead."""

    def __init__(self, below: Scheme) -> None:
        self.name = below.name
        self.below = below
        self.results: Table[Signed, bool] = Table("verified")

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        """Return the signature that the scheme below makes."""
        return self.below.sign(pair, message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Return the known result, else check now."""
        known = self.results.values.get((public, message, signature))
        return self.below.verify(public, message, signature) if known is None else known

    async def check(self, chunk: Sequence[Signed]) -> None:
        """Check a chunk; it is announced as one step, for nothing else touches its entries."""
        await op(Kind.WRITE, tuple(self.results.key(each) for each in chunk), "verify")
        for each in chunk:
            self.results.values[each] = self.below.verify(*each)


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
