"""The small world of these tests: four accounts, signed transactions, one block in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lockstep_ledger.block import Block, Envelope, Rewards
from lockstep_ledger.identities import address_of, alias_of, pair_of
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Asset,
    Chain,
    Cosignature,
    Multisig,
    Payload,
    Policy,
    State,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.signatures import cosigned_message
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_ledger.wire import seal, signing_bytes
from lockstep_reference.block import execute

SCHEME = SCHEMES["keyed-hash"]
ALICE, BOB, CAROL, DAVE, MINER = map(address_of, ("alice", "bob", "carol", "dave", "miner"))
GOLD: Asset = b"\x11" * 32
SILVER: Asset = b"\x22" * 32
FEE = 15_000
"""The minimum fee of a transfer with one output: 232 bytes, so one kibibyte, and one transfer."""
RICH = 1_000_000


def account(
    native: int = 0,
    nonce: int = 0,
    gold: int = 0,
    multisig: Multisig | None = None,
    energy: int = 0,
) -> Account:
    return Account(nonce, {NATIVE: native, GOLD: gold}, multisig, energy)


def to(
    destination: Address, amount: int = 1, asset: Asset = NATIVE, data: bytes | None = None
) -> Transfer:
    return Transfer(asset, destination, amount, data)


def send(
    source: Address,
    payload: Payload | Transfer,
    nonce: int = 0,
    *,
    fee: int = FEE,
    fee_type: int = 0,
    chain_id: int = 3,
    cosigners: tuple[tuple[int, Address], ...] | None = None,
    signer: Address | None = None,
) -> Envelope:
    """Seal a transaction signed by ``signer`` (the source) and co-signed by (id, address)."""
    if isinstance(payload, Transfer):
        payload = Transfers((payload,))
    bare = Transaction(chain_id, source, payload, fee, fee_type, nonce, bytes(64))
    message = signing_bytes(bare)
    cosignatures = None
    if cosigners is not None:
        cosigned = cosigned_message(message)
        cosignatures = tuple(Cosignature(key, sign(each, cosigned)) for key, each in cosigners)
    signature = sign(source if signer is None else signer, message)
    return seal(replace(bare, signature=signature, cosignatures=cosignatures))


def sign(signer: Address, message: bytes) -> bytes:
    alias = alias_of(signer)
    return bytes(64) if alias is None else SCHEME.sign(pair_of(alias), message)


def run(
    accounts: Mapping[Address, Account],
    *transactions: Envelope,
    chain: Chain | None = None,
    policy: Policy = Policy.SKIP,
    rewards: Rewards | None = None,
    fees_to: Address | None = None,
    advances_height: bool = True,
) -> Outcome:
    """Execute one block on a store in memory."""
    storage = MemoryStorage(State(chain or Chain(), accounts))
    block = Block(transactions, policy, rewards, fees_to, advances_height)
    return execute(block, storage, SCHEME)
