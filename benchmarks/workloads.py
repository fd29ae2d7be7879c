"""The blocks that several benchmarks execute: signed native transfers between numbered accounts."""

from __future__ import annotations

from dataclasses import replace

from blake3 import blake3

from lockstep_ledger.block import Block
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Chain,
    Policy,
    State,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import KeyPair
from lockstep_ledger.wire import seal, signing_bytes

KEYED_HASH = SCHEMES["keyed-hash"]
FEE = 15_000
RICH = 10**12
NO_SIGNATURE = bytes(64)


def numbered(index: int) -> Address:
    """Return the address of account ``index``: no curve point, which keyed-hash does not need."""
    return blake3(index.to_bytes(8, "big")).digest()


def rich_state(accounts: int) -> State:
    """Return a state of numbered accounts that can pay anything asked of them here."""
    return State(
        Chain(), {numbered(index): Account(0, {NATIVE: RICH}) for index in range(accounts)}
    )


def block_of(pairs: list[tuple[int, int]]) -> Block:
    """Return a block with one signed transfer for each (source, destination)."""
    nonces: dict[int, int] = {}
    envelopes = []
    for source, destination in pairs:
        nonce = nonces.get(source, 0)
        nonces[source] = nonce + 1
        envelopes.append(seal(_signed(numbered(source), numbered(destination), nonce)))
    return Block(tuple(envelopes), Policy.SKIP)


def ring(transactions: int, accounts: int) -> Block:
    """Return a block in which every account pays the next one in turn."""
    pairs = [(each % accounts, (each + 1) % accounts) for each in range(transactions)]
    return block_of(pairs)


def apart(transactions: int) -> Block:
    """Return a block of transfers that share no account."""
    return block_of([(2 * each, 2 * each + 1) for each in range(transactions)])


def _signed(source: Address, destination: Address, nonce: int) -> Transaction:
    payload = Transfers((Transfer(NATIVE, destination, 1),))
    bare = Transaction(Chain().chain_id, source, payload, FEE, 0, nonce, NO_SIGNATURE)
    pair = KeyPair(bytes(32), source)
    return replace(bare, signature=KEYED_HASH.sign(pair, signing_bytes(bare)))
