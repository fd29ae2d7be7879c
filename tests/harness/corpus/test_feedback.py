"""Facts of runs, cases near earlier ones, and chunks that depend on nothing outside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from lockstep.campaign.plan import Plan
from lockstep.campaign.work import result_of
from lockstep.campaign.worker import Worker
from lockstep.case.file import Setting
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.corpus.behaviours import CLASSES, Fact, facts_of
from lockstep.corpus.feedback import Feedback
from lockstep.generate.mixture import case_at
from lockstep.generate.mutate import MOST_TRANSACTIONS, mutate
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from lockstep_parallel.executors.batched import Batched
from tests.harness.small import BOB, CAROL, block, case_of, payment, pays, run_on

BATCHED = Setting("batched")


def facts(case: Case) -> frozenset[Fact]:
    return facts_of(case, run_on(Batched, case))


# Facts.


def test_the_facts_of_a_payment_are_these() -> None:
    assert {fact for fact in facts(payment()) if fact[0] != "steps"} == {
        ("result", "Transfers", "SUCCESS"),
        ("shape", "1", "1", "1"),
        ("block", "creates", "0"),
        ("block", "balances", "1 up, 1 down"),
        ("path", "start", "parallel"),
        ("path", "parallel", "end"),
    }


def test_amounts_and_names_are_no_facts() -> None:
    others = case_of(block(pays("other", 0, amount=2)))
    assert facts(payment()) == facts(others)


@pytest.mark.parametrize(
    ("other", "fact"),
    [
        (case_of(block(pays("t0", 3))), ("result", "Transfers", "NONCE_TOO_HIGH")),
        (case_of(block(pays("t0", 0, receiver=CAROL))), ("block", "creates", "1")),
        (
            case_of(block(pays("t0", 0), pays("t1", 0))),
            ("codes in order", "SUCCESS", "NONCE_TOO_LOW"),
        ),
        (
            case_of(block(pays("t0", 0), pays("t1", 0))),
            ("conflict", "sends succeeds", "sends fails"),
        ),
        (case_of(block(pays("t0", 0)), RewindStep(1)), ("path", "rewind 1", "end")),
        (
            case_of(replace(block(), parallel=False), block()),
            ("path", "sequential", "parallel"),
        ),
        (case_of(replace(block(), fees_to=BOB)), ("block", "fees to", "no source")),
    ],
)
def test_what_a_case_does_else_is_a_fact(other: Case, fact: Fact) -> None:
    assert fact in facts(other)
    assert fact not in facts(payment())


def test_a_thousand_cases_show_facts_of_every_class_and_of_no_other() -> None:
    with open_steered(BATCHED, MemoryStores()) as lane:
        cases = [case_at("facts", number) for number in range(150)]
        found = {fact[0] for case in cases for fact in facts_of(case, lane.run_sequential(case))}
    assert found == set(CLASSES)


# Mutation.


def mutated() -> Iterator[Case]:
    for number in range(400):
        case, donor = case_at("mutate", number), case_at("donor", number)
        for _ in range(3):
            case = mutate(case, donor, stream("mutate", number))
        yield case


def blocks(case: Case) -> list[BlockStep]:
    return [step for step in case.steps if isinstance(step, BlockStep)]


def test_a_case_near_another_can_be_signed_and_has_ids_of_its_own() -> None:
    for case in mutated():
        ids = [each.id for step in blocks(case) for each in step.transactions]
        assert ids == [f"t{number}" for number in range(len(ids))]
        assert len(ids) <= MOST_TRANSACTIONS
        for step in blocks(case):
            realise(step, case.scheme)


def test_a_case_near_another_ends_on_the_parallel_path_and_rewinds_what_there_is() -> None:
    for case in mutated():
        assert blocks(case)[-1].parallel
        height = 0
        for step in case.steps:
            height += 1 if isinstance(step, BlockStep) else -step.blocks
            assert height >= 0


def test_a_correct_executor_agrees_on_cases_near_others() -> None:
    with open_steered(BATCHED, MemoryStores()) as lane:
        for case in mutated():
            run = lane.run_sequential(case)
            assert run.verdict is Verdict.AGREE, run.differences


def test_mutation_changes_most_cases_and_depends_on_its_stream_alone() -> None:
    once, again = list(mutated()), list(mutated())
    assert once == again
    originals = [case_at("mutate", number) for number in range(400)]
    assert sum(new != old for new, old in zip(once, originals, strict=True)) > 350


# Feedback.


def test_seeds_come_first_as_they_are() -> None:
    seeds = (payment(), case_of(block(pays("t0", 0), pays("t1", 1))))
    feedback = Feedback("one", seeds, share=1.0)
    fresh = case_at("one", 0)
    assert [feedback.case(number, fresh) for number in (0, 1)] == list(seeds)
    assert feedback.case(2, fresh) not in (*seeds, fresh)


def test_only_a_case_that_does_something_new_is_kept() -> None:
    feedback = Feedback("one")
    run = run_on(Batched, payment())
    assert [feedback.see(payment(), run) for _ in range(3)] == [True, False, False]
    assert feedback.kept == [payment()]


def test_no_case_is_near_another_before_there_is_one_or_with_a_share_of_none() -> None:
    fresh = case_at("one", 0)
    assert Feedback("one", share=1.0).case(0, fresh) is fresh
    feedback = Feedback("one", share=0.0)
    feedback.see(payment(), run_on(Batched, payment()))
    assert feedback.case(1, fresh) is fresh


# Chunks.


def test_a_chunk_runs_the_same_cases_whatever_was_run_before_it() -> None:
    plan = Plan("chunks", (BATCHED,), storage="memory", mutated=0.5)
    with closing(Worker(plan, "a")) as first, closing(Worker(plan, "b")) as second:
        alone = [(ran.number, ran.case, ran.run.verdict) for ran in first.runs(40, 40)]
        list(second.runs(0, 40))
        after = [(ran.number, ran.case, ran.run.verdict) for ran in second.runs(40, 40)]
    assert alone == after
    generated = [case_at("chunks", number) for number in range(40, 80)]
    near = sum(case != fresh for (_, case, _), fresh in zip(alone, generated, strict=True))
    assert 5 < near < 35


def test_a_failure_holds_the_case_that_failed() -> None:
    plan = Plan("failures", (Setting("canary"),), storage="memory", mutated=0.5)
    with closing(Worker(plan, "a")) as bench:
        failures = result_of(bench.do(0, 50)).failures
        assert failures
        for failure in failures:
            again = bench.lanes[0].run_plain(failure.case)
            assert (again.verdict, again.differences) == (
                failure.run.verdict,
                failure.run.differences,
            )
