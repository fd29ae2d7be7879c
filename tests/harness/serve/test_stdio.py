"""What ``lockstep serve --stdio`` serves is compared like the executor of any program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from lockstep.case.file import Setting
from lockstep.case.manner import Manner
from lockstep.case.values import BlockStep, Case, Cosigner, Intent, RewindStep
from lockstep.faults import UsageError
from lockstep.generate.mixture import case_number
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.named import Target, find
from lockstep.targets.program.executor import OutsideExecutor
from lockstep.targets.program.manners import only
from lockstep.targets.runner import Runner
from lockstep.verdict import Verdict
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Chain,
    NonceBump,
    Payload,
    Policy,
    SetMultisig,
    State,
)
from lockstep_ledger.signatures import Scheme
from lockstep_parallel.executors.interface import Executor
from tests.harness.small import ALICE, BOB, CAROL, FEE, block, case_of, pays
from tests.harness.targets.program.inside import inside

SERVE = f"cmd:{sys.executable} -c 'from lockstep.cli.entry import main; main()' serve --stdio"
CASES = [case_number("served", number, "keyed-hash") for number in range(40)]


@contextmanager
def process(options: str) -> Iterator[Runner]:
    """Run cases on a process of its own."""
    with Runner(Setting(f"{SERVE} {options}"), MemoryStores()) as runner:
        yield runner


@contextmanager
def running(name: str = "", *, precomputed: bool = False) -> Iterator[Runner]:
    """Run cases on what is served, without the cost of starting a process."""

    def build(scheme: Scheme, workers: int) -> Executor:
        program = inside(name, precomputed=precomputed)
        return OutsideExecutor("served", program, scheme, workers)

    with Runner(Setting("served"), MemoryStores(), Target("served", build)) as runner:
        yield runner


def outside(runner: Runner) -> OutsideExecutor:
    executor = runner.outside("keyed-hash")
    assert executor is not None
    return executor


@pytest.mark.parametrize("options", ["", "--executor optimistic --precomputed"])
def test_a_served_executor_that_is_right_agrees(options: str) -> None:
    with process(options) as runner:
        for case in CASES:
            run = runner.run_mixed(case, Random(0), Mix(1000))
            assert run.verdict is Verdict.AGREE, run.differences
        assert outside(runner).connection.starts == 1


def test_real_keys_are_verified_on_the_other_side_too() -> None:
    with running() as runner:
        for number in range(5):
            run = runner.run_sequential(case_number("served", number, "schnorr"))
            assert run.verdict is Verdict.AGREE, run.differences


def test_a_served_executor_that_never_debits_diverges_in_every_manner() -> None:
    case = case_of(block(pays("t0", 0), pays("t1", 1)))
    with running("canary") as runner:
        run = runner.run_mixed(case, Random(0), Mix(1000))
    assert run.verdict is Verdict.DIVERGE
    assert run.executions == 5


def test_a_race_in_a_served_executor_is_a_divergence_from_itself() -> None:
    with running("lockstep_mutants.races:DestinationsMissing") as runner:
        verdicts = {runner.run_mixed(case, Random(1), Mix(1000)).verdict for case in CASES}
    assert verdicts == {Verdict.AGREE, Verdict.SELF_DIVERGE}


def test_the_same_seed_gives_the_same_trace_and_the_trace_repeats_it() -> None:
    case = case_of(block(pays("t0", 0), pays("t1", 1), pays("t2", 0)))
    with running("optimistic") as runner:
        traces = set()
        for seed in range(6):
            ends = set()
            for manner in (Manner(seed=seed), Manner(seed=seed)):
                assert runner.run_in(case, only(manner)).verdict is Verdict.AGREE
                ends.add(outside(runner).trace)
            [trace] = ends
            assert runner.run_in(case, only(Manner(trace=trace))).verdict is Verdict.AGREE
            assert outside(runner).trace == trace
            traces.add(trace)
    assert len(traces) > 1


def test_a_state_is_sent_once_for_the_blocks_of_a_case_and_again_after_a_rewind() -> None:
    blocks = [block(pays(f"t{nonce}", nonce)) for nonce in range(3)]
    with running() as runner:
        assert runner.run_sequential(case_of(*blocks)).verdict is Verdict.AGREE
        assert outside(runner).loads == 1
        rewound = case_of(*blocks, RewindStep(2), blocks[1])
        assert runner.run_sequential(rewound).verdict is Verdict.AGREE
        assert outside(runner).loads == 3


def test_what_a_multisig_changed_in_the_block_means_is_told_without_cryptography() -> None:
    """The participants change inside the block, and with them which co-signature is valid."""
    case = multisig_case()
    with running(precomputed=True) as runner:
        run = runner.run_sequential(case)
    assert run.verdict is Verdict.AGREE, run.differences
    codes = [receipt.code.name for receipt in run.blocks[0].expected.receipts]
    assert codes == ["SUCCESS", "SUCCESS", "INVALID_SIGNATURE", "SUCCESS"]


def multisig_case() -> Case:
    def alice(key: str, nonce: int, payload: Payload, *cosigners: Cosigner) -> Intent:
        return Intent(key, ALICE, payload, nonce, 2 * FEE, cosigners=cosigners or None)

    return case_of(
        BlockStep(
            (
                alice("set", 0, SetMultisig(1, (BOB,))),
                alice("replace", 1, SetMultisig(1, (CAROL,)), Cosigner(0, BOB)),
                alice("old", 2, NonceBump(), Cosigner(0, BOB)),
                alice("new", 2, NonceBump(), Cosigner(0, CAROL)),
            ),
            Policy.SKIP,
        )
    )


def test_a_program_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no program"):
        find("cmd:/no/such/program")
    with pytest.raises(UsageError, match="names no program"):
        find("cmd:")
    with pytest.raises(UsageError, match="No closing quotation"):
        find("cmd:sh 'open")


def test_fees_that_vanish_may_add_up_to_more_than_a_u64() -> None:
    accounts = {payer: Account(0, {NATIVE: U64_MAX}) for payer in (ALICE, BOB)}
    bumps = (Intent(f"t{at}", payer, NonceBump(), 0, U64_MAX) for at, payer in enumerate(accounts))
    case = Case(State(Chain(), accounts), (block(*bumps),))
    with running("batched") as runner:
        run = runner.run_sequential(case)
    assert run.verdict is Verdict.AGREE, run.differences
