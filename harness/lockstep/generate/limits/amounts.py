"""The limits of numbers: what fits 64 bits, what an account has, what the rules ask at least."""

from __future__ import annotations

from dataclasses import replace

from lockstep.case.names import GOLD
from lockstep.case.values import Intent
from lockstep.generate.accounts import FEES, Terms
from lockstep.generate.fees import estimated_fee
from lockstep.generate.limits.limit import (
    RICH,
    Limit,
    Spot,
    with_account,
    with_chain,
    with_rich_sender,
)
from lockstep_ledger.block import Rewards
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Burn,
    FeeType,
    Transfer,
    Transfers,
)

ROOM = 10 * FEES
"""How much room is left below 64 bits where a case is to come near to them."""

LEAST_FEE = 15_000
"""Of a plain transfer."""


def _plain(spot: Spot) -> Intent:
    return spot.intent(spot.plain)


# Nonces and heights.


def _with_last_nonce(terms: Terms, sender: Address, beside: int) -> Terms:
    return with_account(terms, sender, Account(U64_MAX - 1 + beside, {NATIVE: RICH}))


def _wrong_nonce(spot: Spot) -> Intent:
    intent = _plain(spot)
    return replace(intent, nonce=spot.near(intent.nonce))


def _with_some_nonce(terms: Terms, sender: Address, _beside: int) -> Terms:
    return with_account(terms, sender, Account(7, {NATIVE: RICH}))


def _with_last_height(terms: Terms, sender: Address, beside: int) -> Terms:
    chain = terms.state.chain
    return with_chain(with_rich_sender(terms, sender, beside), U64_MAX - 1 + beside, chain.burned)


# Fees and energy.


def _least_fee(spot: Spot) -> Intent:
    return spot.intent(spot.plain, fee=spot.near(LEAST_FEE))


def _whole_fee(spot: Spot) -> Intent:
    return spot.intent(spot.plain, fee=spot.near(spot.left(0)))


def _by_energy(spot: Spot) -> Intent:
    return replace(_plain(spot), fee=0, fee_type=FeeType.ENERGY)


def _with_energy(terms: Terms, sender: Address, beside: int) -> Terms:
    return with_account(terms, sender, Account(0, {NATIVE: RICH}, energy=1 - beside))


# What an account has, and how much it can take.


def _all_it_has(spot: Spot) -> Intent:
    return _sending(spot, spot.near(spot.left(LEAST_FEE)))


def _room_of_receiver(spot: Spot) -> Intent:
    room = U64_MAX - spot.estimate.balance(spot.others[0], NATIVE)
    return _sending(spot, spot.near(room))


def _with_full_receiver(terms: Terms, sender: Address, beside: int) -> Terms:
    receiver = next(each for each in terms.pool if each != sender)
    full = Account(0, {NATIVE: U64_MAX - ROOM})
    return with_account(with_rich_sender(terms, sender, beside), receiver, full)


def _sum_of_outputs(spot: Spot) -> Intent:
    half, first, second = U64_MAX // 2, *spot.others[:2]
    outputs = (
        Transfer(GOLD, first, half),
        Transfer(GOLD, second, U64_MAX - half + spot.beside),
    )
    return spot.intent(Transfers(outputs))


def _with_all_gold(terms: Terms, sender: Address, _beside: int) -> Terms:
    """Let the sender have all gold there can be, and nobody else any."""
    accounts = {
        address: replace(each, balances={NATIVE: each.balance(NATIVE)})
        for address, each in terms.state.accounts.items()
    }
    accounts[sender] = Account(0, {NATIVE: RICH, GOLD: U64_MAX})
    return replace(terms, state=replace(terms.state, accounts=accounts))


def _sending(spot: Spot, amount: int) -> Intent:
    return spot.intent(Transfers((Transfer(NATIVE, spot.others[0], amount),)))


# Burns.


def _least_burned(spot: Spot) -> Intent:
    return spot.intent(Burn(NATIVE, spot.near(1)))


def _most_burned(spot: Spot) -> Intent:
    room = U64_MAX - spot.estimate.burned
    return spot.intent(Burn(NATIVE, spot.near(room)))


def _with_much_burned(terms: Terms, sender: Address, beside: int) -> Terms:
    height = terms.state.chain.height
    return with_chain(with_rich_sender(terms, sender, beside), height, U64_MAX - ROOM)


def _burned_and_fee(spot: Spot) -> Intent:
    fee = estimated_fee(Burn(GOLD, 1), None)
    return spot.intent(Burn(GOLD, spot.near(U64_MAX - fee)))


# What a block pays.


def _rewarded(terms: Terms, sender: Address, beside: int) -> Terms:
    """Let the dev's reward come near to what its account can take."""
    terms = with_rich_sender(terms, sender, beside)
    dev, miner = terms.pool[1], terms.pool[0]
    terms = with_account(terms, dev, Account(0, {NATIVE: U64_MAX - ROOM}))
    return replace(terms, rewards=Rewards(dev, ROOM + beside, miner, 1), fees_to=None)


def _room_for_fees(spot: Spot) -> Intent:
    """Return the transaction whose fee makes the sum of all fees just fit, or not."""
    room = U64_MAX - spot.estimate.balance(spot.others[0], NATIVE) - spot.estimate.fees
    return spot.intent(spot.plain, fee=max(LEAST_FEE, spot.near(room)))


def _with_full_fee_receiver(terms: Terms, sender: Address, beside: int) -> Terms:
    terms = replace(_with_full_receiver(terms, sender, beside), rewards=None)
    return replace(terms, fees_to=next(each for each in terms.pool if each != sender))


AMOUNTS = (
    Limit("last nonce", _plain, _with_last_nonce, ("extremes",)),
    Limit("expected nonce", _wrong_nonce, _with_some_nonce, ("wrong_nonces",)),
    Limit("last height", _plain, _with_last_height, ("extremes",)),
    Limit("least fee", _least_fee, with_rich_sender, ("flaws",)),
    Limit("fee that can be paid", _whole_fee, with_rich_sender, ("boundaries",)),
    Limit("energy", _by_energy, _with_energy, ("energy",)),
    Limit("all that is left", _all_it_has, with_rich_sender, ("boundaries",)),
    Limit("room of a receiver", _room_of_receiver, _with_full_receiver, ("extremes", "boundaries")),
    Limit(
        "sum of outputs",
        _sum_of_outputs,
        _with_all_gold,
        ("extremes", "boundaries", "other_assets", "several_outputs"),
    ),
    Limit("least burned", _least_burned, with_rich_sender, ("burns",)),
    Limit("most burned", _most_burned, _with_much_burned, ("burns", "extremes", "boundaries")),
    Limit(
        "burned and fee",
        _burned_and_fee,
        _with_all_gold,
        ("burns", "extremes", "boundaries", "other_assets"),
    ),
    Limit("reward", _plain, _rewarded, ("rewards", "extremes")),
    Limit(
        "room for fees",
        _room_for_fees,
        _with_full_fee_receiver,
        ("fee_receivers", "extremes", "boundaries"),
        last=True,
    ),
)
