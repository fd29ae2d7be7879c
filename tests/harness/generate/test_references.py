"""Transactions name versions of the chain: the newest, older ones, those before a change."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from lockstep.case.realise import NO_REFERENCE, realise, version_hash
from lockstep.case.values import BlockStep, Case, Intent, RewindStep
from lockstep.generate.mixture import case_at
from lockstep.generate.references import REFERENCES, with_references
from lockstep_ledger.model import Address, Transaction, Transfers
from tests.harness.small import block, case_of, pays

CASES = [case_at("references", number) for number in range(200)]


def referring(case: Case, *kinds: str, seed: int = 0) -> Case:
    return with_references(case, kinds, Random(seed))


def placed(case: Case) -> Iterator[tuple[Intent, list[BlockStep]]]:
    """Give every intent, and the blocks of the chain before it."""
    chain: list[BlockStep] = []
    for step in case.steps:
        if isinstance(step, RewindStep):
            del chain[-step.blocks :]
            continue
        yield from ((each, list(chain)) for each in step.transactions if isinstance(each, Intent))
        chain.append(step)


def touches(step: BlockStep, address: Address) -> bool:
    rewards = step.rewards
    found = {step.fees_to} | (set() if rewards is None else {rewards.dev, rewards.miner})
    for each in step.transactions:
        if isinstance(each, Intent):
            found.add(each.source)
            if isinstance(each.payload, Transfers):
                found.update(output.destination for output in each.payload.outputs)
    return address in found


def test_without_kinds_a_case_stays_as_it_is() -> None:
    for case in CASES:
        assert referring(case) == case
        assert referring(case, "of another kind") == case


def test_nothing_but_references_is_changed_and_the_stream_decides() -> None:
    for case in CASES:
        changed = referring(case, *REFERENCES)
        assert changed == referring(case, *REFERENCES)
        assert [
            each.blocks if isinstance(each, RewindStep) else len(each.transactions)
            for each in changed.steps
        ] == [
            each.blocks if isinstance(each, RewindStep) else len(each.transactions)
            for each in case.steps
        ]
    one, other = ([referring(each, *REFERENCES, seed=seed) for each in CASES] for seed in (0, 1))
    assert one != other


def test_the_newest_is_the_version_that_the_block_is_executed_on() -> None:
    for case in CASES:
        assert {each.reference for each, _ in placed(referring(case, "tip"))} <= {0}


def test_an_older_one_lies_on_the_chain_where_there_is_any() -> None:
    met = set()
    for case in CASES:
        for intent, chain in placed(referring(case, "older")):
            assert intent.reference is not None
            assert min(1, len(chain)) <= intent.reference <= len(chain)
            met.add(intent.reference)
    assert len(met) > 3


def test_one_before_the_last_change_leaves_exactly_one_change_behind() -> None:
    met = 0
    for case in CASES:
        for intent, chain in placed(referring(case, "before_change")):
            since = chain[len(chain) - intent.reference :] if intent.reference else []
            changes = [touches(step, intent.source) for step in since]
            assert changes in ([], [True, *[False] * (len(changes) - 1)])
            met += bool(changes)
    assert met > 50


def test_a_reference_is_signed_as_number_and_hash_of_its_version() -> None:
    step = block(pays("t0", 0))
    [plain] = realise(step, "keyed-hash", 5).transactions
    assert isinstance(plain.content, Transaction)
    assert plain.content.reference_hash == NO_REFERENCE
    [old] = referring(case_of(block(), block(pays("t0", 0))), "older").steps[1:]
    assert isinstance(old, BlockStep)
    [signed] = realise(old, "keyed-hash", 5).transactions
    assert isinstance(signed.content, Transaction)
    assert signed.content.reference_topoheight == 4
    assert signed.content.reference_hash == version_hash(4)
    assert signed.signing_bytes != plain.signing_bytes
    [first] = realise(old, "keyed-hash", 0).transactions
    assert isinstance(first.content, Transaction)
    assert first.content.reference_topoheight == 0
