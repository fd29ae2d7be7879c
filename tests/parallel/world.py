"""The small world of these tests: a reader over dictionaries, a trivial scheme, short builders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from blake3 import blake3

from lockstep_ledger.block import Block, Envelope, Rewards
from lockstep_ledger.model import (
    NATIVE,
    Account,
    Address,
    Asset,
    Burn,
    Chain,
    Cosignature,
    Multisig,
    Payload,
    Policy,
    SetMultisig,
    State,
    Transaction,
    Transfer,
    Transfers,
)
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.signatures import KeyPair, cosigned_message
from lockstep_ledger.storage.fetched import Wanted
from lockstep_ledger.wire import seal, signing_bytes
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.executors.interface import Executor
from lockstep_parallel.steps.drivers.protocol import Driver
from lockstep_parallel.steps.drivers.scheduled import Scheduled

FEE = 100_000
"""Covers any small transaction."""
NO_SIGNATURE = bytes(64)
EMPTY = Account()


def address(name: str) -> Address:
    return name.encode().ljust(32, b".")


A, B, C, D, M = (address(name) for name in ("alice", "bob", "carol", "dave", "miner"))
GOLD: Asset = address("gold")


class PlainScheme:
    """A signature is a hash of key and message: anyone can sign, nothing else differs."""

    name = "plain"

    def sign(self, pair: KeyPair, message: bytes) -> bytes:
        return blake3(pair.public + message).digest(64)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        return blake3(public + message).digest(64) == signature


SCHEME = PlainScheme()


def sign(signer: Address, message: bytes) -> bytes:
    return SCHEME.sign(KeyPair(bytes(32), signer), message)


class DictReader:
    """Storage of one state; reads of addresses in ``broken`` raise."""

    def __init__(self, state: State, broken: frozenset[Address] = frozenset()) -> None:
        self.state = state
        self.broken = broken

    def chain(self) -> Chain:
        return self.state.chain

    def exists(self, address: Address) -> bool:
        return address in self.state.accounts

    def nonce(self, address: Address) -> int:
        return self._account(address).nonce

    def balance(self, address: Address, asset: Asset) -> int:
        return self._account(address).balance(asset)

    def multisig(self, address: Address) -> Multisig | None:
        return self._account(address).multisig

    def energy(self, address: Address) -> int:
        return self._account(address).energy

    def fetch(self, wanted: Callable[[], Wanted]) -> None:
        return None

    def _account(self, address: Address) -> Account:
        if address in self.broken:
            raise OSError("the disk is gone")
        return self.state.accounts.get(address, EMPTY)


def account(
    native: int = 0,
    nonce: int = 0,
    gold: int = 0,
    multisig: Multisig | None = None,
    energy: int = 0,
) -> Account:
    return Account(nonce, {NATIVE: native, GOLD: gold}, multisig, energy)


def reader(
    accounts: Mapping[Address, Account], burned: int = 0, broken: Address = b""
) -> DictReader:
    return DictReader(State(Chain(burned=burned), accounts), frozenset((broken,)))


def to(
    destination: Address, amount: int, asset: Asset = NATIVE, data: bytes | None = None
) -> Transfer:
    return Transfer(asset, destination, amount, data)


def seal_signed(
    source: Address,
    payload: Payload,
    nonce: int = 0,
    *,
    fee: int = FEE,
    fee_type: int = 0,
    chain_id: int = 3,
    cosigners: Sequence[tuple[int, Address]] | None = None,
    signer: Address | None = None,
) -> Envelope:
    """Seal a transaction signed by ``signer`` (the source) and co-signed by (id, address)."""
    bare = Transaction(chain_id, source, payload, fee, fee_type, nonce, NO_SIGNATURE)
    message = signing_bytes(bare)
    cosignatures = (
        None
        if cosigners is None
        else tuple(
            Cosignature(number, sign(each, cosigned_message(message))) for number, each in cosigners
        )
    )
    signature = sign(signer or source, message)
    return seal(replace(bare, signature=signature, cosignatures=cosignatures))


def pay(source: Address, *outputs: Transfer, nonce: int = 0, fee: int = FEE) -> Envelope:
    return seal_signed(source, Transfers(outputs), nonce, fee=fee)


def burn(source: Address, amount: int, asset: Asset = NATIVE, nonce: int = 0) -> Envelope:
    return seal_signed(source, Burn(asset, amount), nonce)


def set_multisig(
    source: Address, threshold: int, *participants: Address, nonce: int = 0
) -> Envelope:
    return seal_signed(source, SetMultisig(threshold, participants), nonce)


def run(
    storage: DictReader,
    *transactions: Envelope,
    policy: Policy = Policy.SKIP,
    rewards: Rewards | None = None,
    fees_to: Address | None = None,
    driver: Driver | None = None,
    executor: Executor | None = None,
) -> Outcome:
    """Execute one block, by default on the lowest-first scheduled driver."""
    block = Block(transactions, policy, rewards, fees_to)
    return (executor or Batched(SCHEME)).execute(block, storage, driver or Scheduled())
