"""A vector's ``pre_state`` and ``post_state`` as states of the ledger.

Invariant: a state that holds more than the ledger models is refused, unless the caller says that
the rest cannot matter. ``total_energy`` is derived, so it is carried beside the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.published.document import (
    Json,
    JsonObject,
    OutOfScopeError,
    given,
    integer,
    list_of,
    object_of,
    octets,
    refuse_unknown,
)
from lockstep_ledger.model import NATIVE, Account, Address, Chain, ChainId, ModelError, State

_STATE_KEYS = frozenset({"network_chain_id", "global_state", "accounts"})
_GLOBAL_KEYS = frozenset(
    {"total_supply", "total_burned", "total_energy", "block_height", "timestamp"}
)
_ACCOUNT_KEYS = frozenset({"address", "balance", "nonce", "frozen", "energy", "flags", "data"})


@dataclass(frozen=True, slots=True)
class PublishedState:
    """A state, and the sum of the energies as the file gives it (None: it does not)."""

    state: State
    total_energy: int | None


def published_state(document: Json, where: str, *, everything: bool) -> PublishedState:
    """Return the state in ``document``; null is an empty devnet state.

    With ``everything`` False, parts that are not modelled are left out instead of refused.
    Raises ``OutOfScopeError``.
    """
    if document is None:
        return PublishedState(State(Chain(ChainId.DEVNET), {}), None)
    record = object_of(document, where)
    chain = object_of(given(record, "global_state", {}), f"{where} global_state")
    if everything:
        refuse_unknown(record, _STATE_KEYS, where)
        refuse_unknown(chain, _GLOBAL_KEYS, f"{where} global_state")
    listing = list_of(given(record, "accounts", []), f"{where} accounts")
    total_energy = chain.get("total_energy")
    try:
        return PublishedState(
            State(_chain_of(record, chain, where), _accounts_of(listing, where, everything)),
            None if total_energy is None else integer(chain, "total_energy", where),
        )
    except ModelError as error:
        raise OutOfScopeError(f"{where} cannot be held: {error}") from error


def _chain_of(record: JsonObject, chain: JsonObject, where: str) -> Chain:
    return Chain(
        chain_id=integer(record, "network_chain_id", where, ChainId.DEVNET),
        height=integer(chain, "block_height", where, 0),
        burned=integer(chain, "total_burned", where, 0),
        total_supply=integer(chain, "total_supply", where, 0),
        timestamp=integer(chain, "timestamp", where, 0),
    )


def _accounts_of(listing: list[Json], where: str, everything: bool) -> dict[Address, Account]:
    accounts: dict[Address, Account] = {}
    for entry in listing:
        record = object_of(entry, f"{where} account")
        if everything:
            refuse_unknown(record, _ACCOUNT_KEYS, f"{where} account")
        address = octets(record, "address", f"{where} account")
        if address in accounts:
            raise OutOfScopeError(f"{where} has an account twice")
        accounts[address] = _account_of(record, f"{where} account")
    return accounts


def _account_of(record: JsonObject, where: str) -> Account:
    return Account(
        nonce=integer(record, "nonce", where, 0),
        balances={NATIVE: integer(record, "balance", where, 0)},
        energy=integer(record, "energy", where, 0),
        frozen=integer(record, "frozen", where, 0),
        flags=integer(record, "flags", where, 0),
        data=octets(record, "data", where, ""),
    )
