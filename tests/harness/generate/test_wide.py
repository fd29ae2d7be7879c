"""Some cases get a block large enough to overlap, and what is added disturbs nothing."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, Intent
from lockstep.generate.mixture import case_at
from lockstep.generate.wide import FEWEST, GROUPS, LARGEST, MOST, SHARE, payers, widened
from lockstep_ledger.model import Transfers
from lockstep_ledger.outcome import Code
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference

CASES = [case_at("wide", number) for number in range(600)]
WIDE = [(case, widened(case, Random(number))) for number, case in enumerate(CASES)]


def added(case: Case) -> list[Intent]:
    blocks = [step for step in case.steps if isinstance(step, BlockStep)]
    intents = [each for step in blocks for each in step.transactions if isinstance(each, Intent)]
    return [each for each in intents if each.source in payers()]


def test_one_case_of_sixteen_is_widened_and_the_others_stay_as_they_are() -> None:
    changed = [wide for case, wide in WIDE if wide != case]
    assert len(changed) / len(CASES) == pytest.approx(SHARE, abs=0.02)
    for wide in changed:
        assert FEWEST <= len(added(wide)) <= MOST


def test_the_stream_alone_decides() -> None:
    assert [widened(case, Random(number)) for number, case in enumerate(CASES[:50])] == [
        wide for _, wide in WIDE[:50]
    ]


def test_without_what_was_added_it_is_the_case_that_was_generated() -> None:
    for case, wide in WIDE:
        for before, after in zip(case.steps, wide.steps, strict=True):
            if isinstance(before, BlockStep):
                assert isinstance(after, BlockStep)
                ours = [each for each in after.transactions if each not in added(wide)]
                assert tuple(ours) == before.transactions
                assert after == before or len(before.transactions) <= LARGEST
        kept = {key: each for key, each in wide.state.accounts.items() if key not in payers()}
        assert kept == case.state.accounts


def test_what_is_added_succeeds_where_nothing_stops_the_block() -> None:
    """It has to be executed for others to be in progress beside it."""
    succeeded = 0
    for _, wide in WIDE:
        state, [first, *_] = wide.state, wide.steps
        if not isinstance(first, BlockStep):
            continue
        outcome = reference.execute(
            realise(first, wide.scheme), MemoryStorage(state), SCHEMES[wide.scheme]
        )
        ours = [at for at, each in enumerate(first.transactions) if each in added(wide)]
        if outcome.rejection is None:
            assert {outcome.receipts[at].code for at in ours} <= {Code.SUCCESS}
            succeeded += len(ours)
    assert succeeded > 150


def test_what_is_added_conflicts_inside_few_groups_and_not_between_them() -> None:
    for intents in (added(wide) for case, wide in WIDE if wide != case):
        shared = Counter(
            output.destination
            for each in intents
            if isinstance(each.payload, Transfers)
            for output in each.payload.outputs
        )
        meeting = {each for each in shared if each[0] == 0xF1}
        assert 1 < len(meeting) <= GROUPS
        assert {shared[each] for each in shared if each not in meeting} <= {1}
        assert sum(shared[each] for each in meeting) == len(intents)
