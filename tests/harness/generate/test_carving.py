"""Carved cases have nothing of what is carved away, are cases still, and are whole by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lockstep.case.file import Record, from_bytes, to_bytes
from lockstep.case.realise import realise
from lockstep.case.values import AnyIntent, BlockStep, Case, Intent, RawIntent, RewindStep
from lockstep.corpus.shipped import shipped_cases
from lockstep.faults import UsageError
from lockstep.generate.carve import carved
from lockstep.generate.carving import KINDS, TERMS, WHOLE, WORDS, Carving, by_hand
from lockstep.generate.mixture import case_at
from lockstep.run.expected import ExpectedChain
from lockstep.targets.program.capabilities import (
    PAYLOADS,
    CapabilitiesMessage,
    HeightsMessage,
    LimitsMessage,
)
from lockstep.targets.program.capabilities import TERMS as DECLARED_TERMS
from lockstep.targets.program.declared import carving_of
from lockstep.targets.program.needs import missing
from lockstep_ledger.model import NATIVE, Burn, FeeType, NonceBump, Policy, SetMultisig, Transfers

NUMBERS = range(150)


def blocks(case: Case) -> Iterator[BlockStep]:
    return (step for step in case.steps if isinstance(step, BlockStep))


def transactions(case: Case) -> Iterator[AnyIntent]:
    return (each for step in blocks(case) for each in step.transactions)


def has_multisig(case: Case) -> bool:
    configured = any(each.multisig is not None for each in case.state.accounts.values())
    signed = (each for each in transactions(case) if isinstance(each, Intent))
    return configured or any(
        isinstance(each.payload, SetMultisig) or each.cosigners is not None for each in signed
    )


def has_assets(case: Case) -> bool:
    held = any(each.balances.keys() - {NATIVE} for each in case.state.accounts.values())
    assets = set()
    for each in transactions(case):
        match getattr(each, "payload", None):
            case Transfers(outputs):
                assets |= {output.asset for output in outputs}
            case Burn(asset, _):
                assets.add(asset)
    return held or bool(assets - {NATIVE})


def has_energy(case: Case) -> bool:
    held = any(each.energy for each in case.state.accounts.values())
    return held or any(
        each.fee_type == FeeType.ENERGY for each in transactions(case) if isinstance(each, Intent)
    )


def has_payload(case: Case, kind: type) -> bool:
    return any(isinstance(getattr(each, "payload", None), kind) for each in transactions(case))


HAS: dict[str, Callable[[Case], bool]] = {
    "transfers": lambda case: has_payload(case, Transfers),
    "burn": lambda case: has_payload(case, Burn),
    "nonce_bump": lambda case: has_payload(case, NonceBump),
    "multisig": has_multisig,
    "raw": lambda case: any(isinstance(each, RawIntent) for each in transactions(case)),
    "rewards": lambda case: any(step.rewards for step in blocks(case)),
    "fees_to": lambda case: any(step.fees_to for step in blocks(case)),
    "lone": lambda case: any(not step.advances_height for step in blocks(case)),
    "atomic": lambda case: any(step.policy is Policy.ATOMIC for step in blocks(case)),
    "skip": lambda case: any(step.policy is Policy.SKIP for step in blocks(case)),
    "energy": has_energy,
    "assets": has_assets,
    "rewinds": lambda case: any(isinstance(step, RewindStep) for step in case.steps),
    "faults": lambda case: any(step.fault for step in blocks(case)),
}


def cases(carving: Carving) -> list[Case]:
    """Return generated cases and the shipped ones, carved."""
    generated = [case_at("carving", number, carving=carving) for number in NUMBERS]
    return generated + [carved(case, carving) for case in shipped_cases("keyed-hash")]


def test_every_word_can_be_told_of_a_case() -> None:
    assert tuple(HAS) == WORDS
    whole = cases(WHOLE)
    assert all(any(has(case) for case in whole) for has in HAS.values())


@pytest.mark.parametrize("word", WORDS)
def test_a_case_has_nothing_of_a_word_that_is_carved_away(word: str) -> None:
    left = cases(by_hand(None, word))
    assert not any(HAS[word](case) for case in left)
    others = [each for each in WORDS if each != word]
    assert all(any(HAS[each](case) for case in left) for each in others)


@pytest.mark.parametrize("kind", KINDS[:4])
def test_cases_can_be_of_one_kind_of_transaction(kind: str) -> None:
    left = cases(by_hand(kind, None))
    gone = [each for each in KINDS if each != kind]
    assert not any(HAS[each](case) for case in left for each in gone)
    assert sum(case.transactions() for case in left) > len(left)


@pytest.mark.parametrize("without", ["transfers", ",".join(TERMS[:3] + TERMS[5:]), "multisig,raw"])
def test_a_carved_case_is_a_case_that_a_file_can_hold_and_the_reference_executes(
    without: str,
) -> None:
    for case in cases(by_hand(None, without)):
        assert from_bytes(to_bytes(Record(case, {}))).case == case
        chain = ExpectedChain(case.state, case.scheme)
        for step in case.steps:
            if isinstance(step, RewindStep):
                chain.rewind(step.blocks)
            else:
                chain.extend(realise(step, case.scheme))


def test_what_is_whole_stays_as_it_is_and_carving_again_changes_nothing() -> None:
    carving = by_hand("transfers,burn", "energy,rewards")
    for number in NUMBERS:
        assert case_at("carving", number, carving=WHOLE) == case_at("carving", number)
        once = case_at("carving", number, carving=carving)
        assert carved(once, carving) == once


def test_what_several_targets_lack_adds_up() -> None:
    one = Carving(("rewards",), transactions=9, schemes=frozenset({"schnorr", "keyed-hash"}))
    other = Carving(("burn",), transactions=7, accounts=5, schemes=frozenset({"schnorr"}))
    both = Carving(("burn", "rewards"), 7, 5, frozenset({"schnorr"}))
    assert one.joined(other) == other.joined(one) == both
    assert one.joined(WHOLE) == one
    assert both.words() == (
        "without burn, rewards; at most 7 transactions a block; at most 5 accounts"
    )
    assert WHOLE.words() == ""


@pytest.mark.parametrize(
    ("only", "without", "words"),
    [
        ("transfer", None, "unknown word 'transfer': known are transfers, burn,"),
        ("rewards", None, "unknown word 'rewards': known are transfers, burn,"),
        (None, "gas", "unknown word 'gas': known are transfers, burn,.* rewards,"),
        ("raw", None, "no kind of transaction is left"),
        ("burn", "burn", "no kind of transaction is left"),
        (None, "skip,atomic", "no policy of a block is left"),
    ],
)
def test_what_cannot_be_carved_is_refused(
    only: str | None, without: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        by_hand(only, without)


def test_words_are_read_as_people_write_them() -> None:
    assert by_hand("transfers, burns", None) == by_hand("burn,transfers,", "raw,multisig")


WHOLLY = CapabilitiesMessage(
    payloads=list(PAYLOADS),
    policies=["skip", "atomic"],
    signatures=["keyed-hash", "schnorr"],
    terms=list(DECLARED_TERMS),
)


@pytest.mark.parametrize(
    "fields",
    [
        *({"payloads": [each for each in PAYLOADS if each != gone]} for gone in PAYLOADS),
        {"policies": ["atomic"]},
        {"policies": ["skip"]},
        *({"terms": [each for each in DECLARED_TERMS if each != gone]} for gone in DECLARED_TERMS),
        {"payloads": ["transfers"], "terms": [], "policies": ["skip"]},
        {"payloads": ["burn", "nonce_bump"], "terms": ["rewards"]},
        {"limits": LimitsMessage(transactions=3)},
        {"limits": LimitsMessage(accounts=3)},
        {"fee_types": [0]},
        {"chain_ids": [0]},
        {"heights": HeightsMessage(highest="1000")},
        {"heights": HeightsMessage(lowest="5", highest="5000")},
        {"decodes_wire": True},
        {"decodes_wire": True, "payloads": ["transfers", "burn"]},
    ],
)
def test_what_is_made_for_a_program_is_what_it_supports(fields: dict[str, Any]) -> None:
    capabilities = _with(WHOLLY, fields)
    carving = carving_of(capabilities)
    unsupported = [
        lacking
        for number in NUMBERS
        for lacking in _lacking(case_at("declared", number, carving=carving), capabilities)
    ]
    assert len(unsupported) <= (len(NUMBERS) // 5 if carving.accounts else 0), unsupported
    whole = [
        lacking
        for number in NUMBERS
        for lacking in _lacking(case_at("declared", number), capabilities)
    ]
    assert fields.get("terms") == ["rewards", "fees_to"] or len(whole) > 0


def test_what_can_do_everything_gets_everything() -> None:
    carving = carving_of(WHOLLY)
    assert carving.joined(WHOLE).without == ()
    assert carved(case_at("declared", 1), carving) == case_at("declared", 1)


def test_another_scheme_is_no_reason_to_carve() -> None:
    assert carving_of(_with(WHOLLY, {"signatures": ["schnorr"]})).schemes == frozenset({"schnorr"})
    assert carving_of(_with(WHOLLY, {"signatures": ["precomputed"]})).schemes is None


def _with(capabilities: CapabilitiesMessage, fields: dict[str, Any]) -> CapabilitiesMessage:
    told = {name: getattr(capabilities, name) for name in capabilities.__struct_fields__}
    return CapabilitiesMessage(**{**told, **fields})


def _lacking(case: Case, capabilities: CapabilitiesMessage) -> Iterator[tuple[str, str]]:
    """Give what the first block of ``case`` lacks that lacks something, as a run meets it."""
    chain = ExpectedChain(case.state, case.scheme)
    for step in case.steps:
        if isinstance(step, RewindStep):
            chain.rewind(step.blocks)
            continue
        block = realise(step, case.scheme)
        lacking = missing(block, chain.newest, case.scheme, capabilities)
        if lacking is not None:
            yield lacking
            return
        chain.extend(block)
