"""The state digest is the chain's own, and says exactly what it covers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import NATIVE, U64_MAX, Account, Chain, Multisig, State

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32
WIDTH = st.integers(0, U64_MAX)


def parsed(vector_state: dict[str, Any]) -> State:
    whole = vector_state["global_state"]
    chain = Chain(
        chain_id=vector_state["network_chain_id"],
        height=whole["block_height"],
        burned=whole["total_burned"],
        total_supply=whole["total_supply"],
        timestamp=whole["timestamp"],
    )
    accounts = {
        bytes.fromhex(each["address"]): Account(
            nonce=each["nonce"],
            balances={NATIVE: each["balance"]},
            energy=each["energy"],
            frozen=each["frozen"],
            flags=each["flags"],
            data=bytes.fromhex(each["data"]),
        )
        for each in vector_state["accounts"]
    }
    return State(chain, accounts)


def digest_of(**changes: Any) -> bytes:
    return state_digest(State(Chain(), {FIRST: replace(Account(), **changes)}))


def test_every_published_post_state_has_its_published_digest(
    published_vectors: dict[str, Any],
) -> None:
    checked = 0
    for name in ("tx_core", "template", "block_multi_tx"):
        for vector in published_vectors[name]["test_vectors"]:
            expected = vector["expected"]
            post_state = parsed(expected["post_state"])
            assert state_digest(post_state).hex() == expected["state_digest"], vector["name"]
            checked += 1
    assert checked >= 53


def test_the_pre_state_of_every_failing_published_vector_has_its_published_digest(
    published_vectors: dict[str, Any],
) -> None:
    checked = 0
    for name in ("tx_core", "template", "block_multi_tx"):
        for vector in published_vectors[name]["test_vectors"]:
            if vector["expected"]["success"]:
                continue
            pre_state = parsed(vector["pre_state"])
            assert state_digest(pre_state).hex() == vector["expected"]["state_digest"], vector[
                "name"
            ]
            checked += 1
    assert checked > 30


def test_a_state_without_accounts_is_five_words() -> None:
    chain = Chain(height=3, burned=2, total_supply=1, timestamp=4)
    words = b"".join(word.to_bytes(8, "big") for word in (1, 2, 0, 3, 4))
    assert state_digest(State(chain, {})) == blake3(words).digest()


def test_the_order_of_the_accounts_does_not_matter() -> None:
    first, second = Account(nonce=1), Account(nonce=2)
    forwards = State(Chain(), {FIRST: first, SECOND: second})
    backwards = State(Chain(), {SECOND: second, FIRST: first})
    assert state_digest(forwards) == state_digest(backwards)


@pytest.mark.parametrize("name", ["nonce", "frozen", "energy", "flags"])
@given(one=WIDTH, other=WIDTH)
@settings(deadline=None, max_examples=30)
def test_every_number_of_an_account_is_covered(name: str, one: int, other: int) -> None:
    same = digest_of(**{name: one}) == digest_of(**{name: other})
    assert same == (one == other)


@pytest.mark.parametrize("name", ["height", "burned", "total_supply", "timestamp"])
def test_every_number_of_the_chain_but_its_id_is_covered(name: str) -> None:
    assert state_digest(State(Chain(), {})) != state_digest(State(Chain(**{name: 1}), {}))


def test_the_native_balance_and_the_data_are_covered() -> None:
    empty = digest_of()
    assert digest_of(balances={NATIVE: 1}) != empty
    assert digest_of(data=b"\0") != empty


def test_an_account_that_exists_differs_from_one_that_does_not() -> None:
    assert digest_of() != state_digest(State(Chain(), {}))


def test_multisigs_other_assets_and_the_chain_id_are_left_out() -> None:
    assert digest_of(multisig=Multisig(1, (SECOND,))) == digest_of()
    assert digest_of(balances={SECOND: 9}) == digest_of()
    assert state_digest(State(Chain(chain_id=0), {})) == state_digest(State(Chain(chain_id=1), {}))


@given(st.dictionaries(st.binary(min_size=32, max_size=32), WIDTH, max_size=5))
@settings(deadline=None)
def test_a_state_of_any_energy_has_a_digest(energies: dict[bytes, int]) -> None:
    accounts = {address: Account(energy=energy) for address, energy in energies.items()}
    assert len(state_digest(State(Chain(), accounts))) == 32


def test_total_energy_enters_with_its_low_64_bits() -> None:
    energies = (U64_MAX, 1)
    accounts = {bytes([n]) * 32: Account(energy=each) for n, each in enumerate(energies)}
    per_account = b"".join(
        bytes([n]) * 32 + bytes(24) + each.to_bytes(8, "big") + bytes(16)
        for n, each in enumerate(energies)
    )
    assert state_digest(State(Chain(), accounts)) == blake3(bytes(40) + per_account).digest()
