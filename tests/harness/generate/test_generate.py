"""The generator: total, reproducible, simple at zero, and everything it must produce occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.case.realise import realise
from lockstep.case.values import (
    BlockStep,
    Case,
    Cosigner,
    Intent,
    MergeDies,
    MergeFails,
    Onlooker,
    RawIntent,
    ReadsFail,
    RewindStep,
)
from lockstep.compare.post_state import post_state
from lockstep.generate.decode import decode
from lockstep.generate.mixture import case_at, draw_at
from lockstep.generate.slots import HEADER_LENGTH, SLOT_LENGTH, Draw, Shape
from lockstep.generate.strategies import draws
from lockstep.generate.swarm import FEATURES, SWARM_BYTES
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Address,
    Burn,
    FeeType,
    Multisig,
    NonceBump,
    Policy,
    SetMultisig,
    Transfers,
)
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference

SEEDS = ("one", "two", "three")
CASES = 1000
"""Everything must occur within this many cases of every seed."""


def blocks(case: Case) -> Iterator[BlockStep]:
    return (step for step in case.steps if isinstance(step, BlockStep))


def outcomes(case: Case) -> Iterator[Outcome]:
    """Execute the blocks of ``case`` on the reference, each on the state after the last."""
    states = [case.state]
    for step in case.steps:
        if isinstance(step, RewindStep):
            del states[len(states) - step.blocks :]
            continue
        block = realise(step, case.scheme)
        outcome = reference.execute(block, MemoryStorage(states[-1]), SCHEMES[case.scheme])
        states.append(post_state(states[-1], outcome.changes))
        yield outcome


# Total.


@given(draws())
def test_every_draw_is_a_case_that_can_be_signed(draw: Draw) -> None:
    case = decode(draw)
    for step in blocks(case):
        assert len(realise(step, case.scheme).transactions) == len(step.transactions)


@given(st.sampled_from(Shape), st.binary(max_size=80), st.lists(st.binary(max_size=40), max_size=6))
def test_bytes_of_any_length_are_a_case_too(
    shape: Shape, header: bytes, records: list[bytes]
) -> None:
    for step in blocks(decode(Draw(shape, header, tuple(records)))):
        realise(step, "keyed-hash")


@given(draws())
def test_every_record_is_one_transaction_with_an_id_of_its_own(draw: Draw) -> None:
    ids = [intent.id for step in blocks(decode(draw)) for intent in step.transactions]
    assert ids == [f"t{index}" for index in range(len(draw.slots))]


@given(draws())
def test_decoding_is_a_function_of_the_draw(draw: Draw) -> None:
    assert decode(draw) == decode(draw)


# Simple at zero.


def zeros(shape: Shape, transactions: int = 1) -> Case:
    return decode(Draw(shape, bytes(HEADER_LENGTH), (bytes(SLOT_LENGTH),) * transactions))


@pytest.mark.parametrize("shape", [Shape.BOUNDARY, Shape.DENSE])
def test_the_all_zero_draw_is_one_plain_transfer_that_succeeds(shape: Shape) -> None:
    case = zeros(shape)
    (step,) = case.steps
    assert isinstance(step, BlockStep)
    (intent,) = step.transactions
    assert isinstance(intent, Intent)
    assert (step.policy, step.rewards, step.fees_to) == (Policy.SKIP, None, None)
    assert isinstance(intent.payload, Transfers)
    (output,) = intent.payload.outputs
    assert (output.asset, output.amount, output.extra_data) == (NATIVE, 1, None)
    assert (intent.nonce, intent.fee_type, intent.cosigners) == (0, FeeType.TOS, None)
    assert intent.valid
    (outcome,) = outcomes(case)
    assert [receipt.code for receipt in outcome.receipts] == [Code.SUCCESS]


def test_the_all_zero_accounts_are_plain() -> None:
    accounts = zeros(Shape.BOUNDARY).state.accounts
    plain = Account(0, {NATIVE: next(iter(accounts.values())).balance(NATIVE)})
    assert list(accounts.values()) == [plain] * 2


def test_the_all_zero_chain_has_the_fewest_blocks_and_no_rewind() -> None:
    case = zeros(Shape.CHAIN, transactions=2)
    assert [len(step.transactions) for step in blocks(case)] == [1, 1]
    assert len(case.steps) == 2


@pytest.mark.parametrize("shape", Shape)
def test_no_record_is_no_transaction(shape: Shape) -> None:
    assert zeros(shape, transactions=0).transactions() == 0


# Reproducible.


def test_a_case_depends_on_its_seed_and_number_and_on_no_order() -> None:
    forward = [case_at("seed", number) for number in range(30)]
    backward = [case_at("seed", number) for number in reversed(range(30))]
    assert forward == backward[::-1]


def test_numbers_and_seeds_give_different_draws() -> None:
    made = [draw_at(seed, number) for seed in SEEDS for number in range(100)]
    assert len({(draw.header, draw.slots) for draw in made}) == len(made)


# Everything occurs.


@lru_cache
def campaign(seed: str) -> tuple[Case, ...]:
    return tuple(case_at(seed, number) for number in range(CASES))


def steps_of(seed: str) -> list[BlockStep]:
    return [step for case in campaign(seed) for step in blocks(case)]


def intents_of(seed: str) -> list[Intent]:
    transactions = (each for step in steps_of(seed) for each in step.transactions)
    return [each for each in transactions if isinstance(each, Intent)]


each_seed = pytest.mark.parametrize("seed", SEEDS)


@each_seed
def test_every_result_code_is_met(seed: str) -> None:
    met = {
        receipt.code
        for case in campaign(seed)
        for outcome in outcomes(case)
        for receipt in outcome.receipts
    }
    assert met == set(Code)


@each_seed
def test_every_kind_of_payload_policy_and_term_occurs(seed: str) -> None:
    steps, intents = steps_of(seed), intents_of(seed)
    raw = [each for step in steps for each in step.transactions if isinstance(each, RawIntent)]
    assert {type(each.payload) for each in intents} == {Transfers, Burn, SetMultisig, NonceBump}
    assert raw
    assert {step.policy for step in steps} == set(Policy)
    assert {step.rewards is None for step in steps} == {True, False}
    assert {step.fees_to is None for step in steps} == {True, False}
    assert any(step.fees_to in addresses_in(step) for step in steps)


def addresses_in(step: BlockStep) -> set[Address]:
    return {each.source for each in step.transactions if isinstance(each, Intent)}


@each_seed
def test_every_length_of_chain_and_rewinds_by_one_and_by_two_occur(seed: str) -> None:
    lengths = {sum(1 for _ in blocks(case)) for case in campaign(seed)}
    rewinds = {
        step.blocks
        for case in campaign(seed)
        for step in case.steps
        if not isinstance(step, BlockStep)
    }
    assert lengths == {1, 2, 3, 4}
    assert rewinds == {1, 2}


@each_seed
def test_both_paths_and_both_states_of_the_caches_occur(seed: str) -> None:
    assert {(step.parallel, step.warm) for step in steps_of(seed)} == {
        (parallel, warm) for parallel in (True, False) for warm in (True, False)
    }


@each_seed
def test_a_tenth_of_the_cases_has_a_fault_of_every_kind(seed: str) -> None:
    faulty = [[step.fault for step in blocks(case) if step.fault] for case in campaign(seed)]
    assert max(map(len, faulty)) == 1
    faults = [each for found in faulty for each in found]
    assert 0.07 < len(faults) / CASES < 0.13
    assert {type(each) for each in faults} == {MergeDies, MergeFails, ReadsFail, Onlooker}
    assert {each.after for each in faults if isinstance(each, MergeDies)} == {0, 1, 2, 3}


@each_seed
def test_the_last_block_takes_the_parallel_path(seed: str) -> None:
    for case in campaign(seed):
        *_, last = blocks(case)
        assert last.parallel


@each_seed
def test_transactions_taken_back_are_sent_again_and_succeed(seed: str) -> None:
    again = 0
    for case in campaign(seed):
        for place, step in enumerate(case.steps[:-1]):
            before, after = case.steps[place - 1], case.steps[place + 1]
            if isinstance(step, RewindStep) and step.blocks == 1:
                assert isinstance(before, BlockStep)
                assert isinstance(after, BlockStep)
                same = zip(before.transactions, after.transactions, strict=False)
                again += all(replace(new, id=old.id) == old for old, new in same)
    assert again >= 10


@each_seed
def test_rewinds_follow_the_first_a_middle_and_the_last_block(seed: str) -> None:
    places = {
        (place == 1, place == len(case.steps) - 1)
        for case in campaign(seed)
        for place, step in enumerate(case.steps)
        if isinstance(step, RewindStep)
    }
    assert places == {(True, False), (False, False), (False, True)}


@each_seed
def test_burns_and_credits_that_overflow_only_together_occur(seed: str) -> None:
    assert overflowing_together(seed, Burn) >= 3
    assert overflowing_together(seed, Transfers) >= 3


def overflowing_together(seed: str, kind: type) -> int:
    """Count the blocks where one payload of ``kind`` succeeds and a like one overflows."""
    found = 0
    for case in campaign(seed):
        for step, outcome in zip(blocks(case), outcomes(case), strict=True):
            results = {
                (str(each.payload), receipt.code)
                for each, receipt in zip(step.transactions, outcome.receipts, strict=False)
                if isinstance(each, Intent) and isinstance(each.payload, kind)
            }
            fits = {payload for payload, code in results if code is Code.SUCCESS}
            found += any(code is Code.OVERFLOW and text not in fits for text, code in results)
    return found


@each_seed
def test_every_rewind_has_the_blocks_it_takes_back(seed: str) -> None:
    for case in campaign(seed):
        height = 0
        for step in case.steps:
            height += 1 if isinstance(step, BlockStep) else -step.blocks
            assert height >= 0


@each_seed
def test_multisig_transactions_set_replace_and_delete(seed: str) -> None:
    payloads = [each.payload for each in intents_of(seed) if isinstance(each.payload, SetMultisig)]
    assert SetMultisig(0, ()) in payloads
    assert {len(each.participants) for each in payloads} >= {0, 1, 2, 3}
    assert {each.threshold for each in payloads} >= {0, 1, 2, 3}


def sort_of_cosigners(config: Multisig, cosigners: tuple[Cosigner, ...] | None) -> str:
    """Name the first thing that is wrong with the co-signatures of a configured source."""
    if cosigners is None:
        return "none"
    ids = [each.signer_id for each in cosigners]
    if len(set(ids)) != len(ids):
        return "twice the same"
    if len(cosigners) != config.threshold:
        return "too few" if len(cosigners) < config.threshold else "too many"
    if max(ids) >= len(config.participants):
        return "unknown id"
    if not all(each.valid for each in cosigners):
        return "invalid"
    return "right" if ids == sorted(ids) else "right in another order"


def configured(case: Case) -> Iterator[tuple[Multisig, Intent]]:
    """Give the transactions whose source still has the configuration it started with."""
    changed = set()
    for intent in (each for step in blocks(case) for each in step.transactions):
        if isinstance(intent, Intent) and intent.source not in changed:
            account = case.state.accounts.get(intent.source)
            if account is not None and account.multisig is not None:
                yield account.multisig, intent
            if isinstance(intent.payload, SetMultisig):
                changed.add(intent.source)


@each_seed
def test_cosignatures_of_every_sort_occur(seed: str) -> None:
    sorts = {
        sort_of_cosigners(config, intent.cosigners)
        for case in campaign(seed)
        for config, intent in configured(case)
    }
    assert sorts == {
        "none",
        "twice the same",
        "too few",
        "too many",
        "unknown id",
        "invalid",
        "right",
        "right in another order",
    }


@each_seed
def test_sources_without_a_configuration_are_cosigned_too(seed: str) -> None:
    accounts = [(each, case.state.accounts) for case in campaign(seed) for each in blocks(case)]
    strays = {
        len(intent.cosigners)
        for step, before in accounts
        for intent in step.transactions
        if isinstance(intent, Intent) and intent.cosigners is not None
        if (account := before.get(intent.source)) is None or account.multisig is None
    }
    assert strays >= {0, 1}


# Switched off.


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_that_is_off_does_not_occur(feature: str) -> None:
    off = {feature, *MADE_BY_CHANCE.get(feature, ())}
    bits = sum(1 << FEATURES.index(each) for each in off).to_bytes(SWARM_BYTES, "big")
    draws_made = (draw_at("off", number) for number in range(300))
    made = [decode(replace(each, header=bits + each.header[SWARM_BYTES:])) for each in draws_made]
    assert not any(OCCURS[feature](case) for case in made)
    assert any(OCCURS[feature](case) for case in campaign("one"))


def intents(case: Case) -> list[Intent]:
    every = (each for step in blocks(case) for each in step.transactions)
    return [each for each in every if isinstance(each, Intent)]


def has_payload(kind: type) -> Callable[[Case], bool]:
    return lambda case: any(isinstance(each.payload, kind) for each in intents(case))


def has_account(wanted: Callable[[Account], bool]) -> Callable[[Case], bool]:
    return lambda case: any(wanted(each) for each in case.state.accounts.values())


def repeats(case: Case) -> bool:
    """Tell whether what succeeded is sent again without having been taken back."""
    if any(isinstance(step, RewindStep) for step in case.steps):
        return False
    succeeded: set[str] = set()
    for step, outcome in zip(blocks(case), outcomes(case), strict=True):
        for intent, receipt in zip(step.transactions, outcome.receipts, strict=False):
            text = str(replace(intent, id=""))
            if text in succeeded:
                return True
            if receipt.code is Code.SUCCESS and outcome.rejection is None:
                succeeded.add(text)
    return False


def is_absent(case: Case) -> bool:
    return any(each.source not in case.state.accounts for each in intents(case))


def is_flawed(case: Case) -> bool:
    every = [each for step in blocks(case) for each in step.transactions]
    return len(every) > len(intents(case)) or not all(each.valid for each in intents(case))


def jumps_ahead(case: Case) -> bool:
    """Tell whether a nonce is beyond what its source can reach in the case."""
    most = len(intents(case))
    accounts = case.state.accounts
    return any(
        each.nonce > accounts[each.source].nonce + most
        for each in intents(case)
        if each.source in accounts
    )


def aims_at_the_maximum(case: Case) -> bool:
    return any(
        isinstance(each.payload, Burn) and each.payload.amount == U64_MAX for each in intents(case)
    )


def uses_gold(case: Case) -> bool:
    return any(
        isinstance(each.payload, Burn) and each.payload.asset != NATIVE for each in intents(case)
    )


OCCURS: dict[str, Callable[[Case], bool]] = {
    "burns": has_payload(Burn),
    "multisigs": has_payload(SetMultisig),
    "bumps": has_payload(NonceBump),
    "several_outputs": lambda case: any(
        isinstance(each.payload, Transfers) and len(each.payload.outputs) > 1
        for each in intents(case)
    ),
    "configurations": has_account(lambda each: each.multisig is not None),
    "absent_accounts": is_absent,
    "rewards": lambda case: any(step.rewards is not None for step in blocks(case)),
    "fee_receivers": lambda case: any(step.fees_to is not None for step in blocks(case)),
    "atomic": lambda case: any(step.policy is Policy.ATOMIC for step in blocks(case)),
    "flaws": is_flawed,
    "duplicates": repeats,
    "wrong_nonces": jumps_ahead,
    "boundaries": aims_at_the_maximum,
    "extremes": has_account(lambda each: each.balance(NATIVE) > 1 << 63),
    "energy": has_account(lambda each: each.energy > 0),
    "other_assets": uses_gold,
}


MADE_BY_CHANCE = {"duplicates": ("wrong_nonces",)}
"""By which other features a case may have the same: with the nonce before, a transaction like the
last one is a duplicate."""


def test_every_feature_is_off_in_some_cases_and_nothing_in_others() -> None:
    off = [int.from_bytes(draw_at("one", n).header[:SWARM_BYTES], "big") for n in range(400)]
    shares = [sum(bits >> place & 1 for bits in off) / 400 for place in range(len(FEATURES))]
    assert all(0.1 < share < 0.3 for share in shares)
    assert 0.15 < off.count(0) / 400 < 0.4
