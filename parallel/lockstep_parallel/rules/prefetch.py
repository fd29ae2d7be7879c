"""What a block will read, told from its transactions, and read before any of them runs.

Invariant: the workers find in memory whatever the payloads name; storage is asked, by the workers,
only for what could not be read beforehand, so that whoever needs it meets the error.
"""

from __future__ import annotations

from typing import assert_never

from lockstep_ledger.block import Block
from lockstep_ledger.model import (
    NATIVE,
    Burn,
    FeeType,
    NonceBump,
    SetMultisig,
    Transaction,
    Transfers,
)
from lockstep_ledger.storage.fetched import FetchedReader, Wanted
from lockstep_ledger.storage.protocol import Reader, StorageError


def prefetched(block: Block, storage: Reader) -> Reader:
    """Return a reader that has what ``block`` will ask for, as of one moment.

    It is ``storage`` itself where that reads one value as cheaply as many, or cannot read them.
    """
    try:
        fetched = storage.fetch(lambda: wanted_by(block))
    except StorageError:
        return storage
    return storage if fetched is None else FetchedReader(storage, fetched)


def wanted_by(block: Block) -> Wanted:
    """Return every key that the rules may read for a block, its rewards and fees included."""
    wanted = Wanted()
    for envelope in block.transactions:
        if isinstance(envelope.content, Transaction):
            _add(envelope.content, wanted)
    if block.rewards is not None:
        wanted.receiver(block.rewards.dev, NATIVE)
        wanted.receiver(block.rewards.miner, NATIVE)
    if block.fees_to is not None:
        wanted.receiver(block.fees_to, NATIVE)
    return wanted


def _add(transaction: Transaction, wanted: Wanted) -> None:
    source = transaction.source
    wanted.spender(source, NATIVE)
    if transaction.fee_type == FeeType.ENERGY:
        wanted.energies[source] = None
    match transaction.payload:
        case Transfers(outputs):
            for output in outputs:
                wanted.balances[source, output.asset] = None
                wanted.receiver(output.destination, output.asset)
        case Burn(asset):
            wanted.balances[source, asset] = None
        case SetMultisig() | NonceBump():
            pass
        case unknown:
            assert_never(unknown)
