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
from lockstep.generate.mixture import case_at
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.named import find
from lockstep.targets.program.executor import ProgramExecutor
from lockstep.targets.program.program import program_named
from lockstep.targets.program.target import ProgramLane
from lockstep.targets.repeated import only
from lockstep.verdict import Verdict
from lockstep_ledger.block import Block, Envelope
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
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.rules.state import BlockState
from lockstep_parallel.steps.drivers.protocol import Driver
from tests.harness.small import ALICE, BOB, CAROL, FEE, block, case_of, pays
from tests.harness.targets.program.inside import inside

SERVE = f"cmd:{sys.executable} -c 'from lockstep.cli.entry import main; main()' serve --stdio"
CASES = [case_at("served", number, "keyed-hash") for number in range(40)]


@contextmanager
def process(options: str) -> Iterator[ProgramLane]:
    """Run cases on a process of its own."""
    name = f"{SERVE} {options}"
    with ProgramLane(program_named(name), Setting(name), MemoryStores()) as lane:
        yield lane


@contextmanager
def running(name: str = "", *, precomputed: bool = False) -> Iterator[ProgramLane]:
    """Run cases on what is served, without the cost of starting a process."""
    program = inside(name, precomputed=precomputed)
    with ProgramLane(program, Setting("served"), MemoryStores()) as lane:
        yield lane


def executor_of(lane: ProgramLane) -> ProgramExecutor:
    return lane.executor("keyed-hash")


@pytest.mark.parametrize("options", ["", "--executor optimistic --precomputed"])
def test_a_served_executor_that_is_right_agrees(options: str) -> None:
    with process(options) as lane:
        for case in CASES:
            run = lane.run_mixed(case, Random(0), Mix(1000))
            assert run.verdict is Verdict.AGREE, run.differences
        assert executor_of(lane).connection.starts == 1


def test_real_keys_are_verified_on_the_other_side_too() -> None:
    with running() as lane:
        for number in range(5):
            run = lane.run_plain(case_at("served", number, "schnorr"))
            assert run.verdict is Verdict.AGREE, run.differences


def test_a_served_executor_that_never_debits_diverges_in_every_manner() -> None:
    case = case_of(block(pays("t0", 0), pays("t1", 1)))
    with running("canary") as lane:
        run = lane.run_mixed(case, Random(0), Mix(1000))
    assert run.verdict is Verdict.DIVERGE
    assert run.executions == 5


def test_a_race_in_a_served_executor_is_a_divergence_from_itself() -> None:
    with running("lockstep_mutants.races:DestinationsMissing") as lane:
        verdicts = {lane.run_mixed(case, Random(0), Mix(1000)).verdict for case in CASES}
    assert verdicts == {Verdict.AGREE, Verdict.SELF_DIVERGE}


def test_the_same_seed_gives_the_same_trace_and_the_trace_repeats_it() -> None:
    case = case_of(block(pays("t0", 0), pays("t1", 1), pays("t2", 0)))
    with running("optimistic") as lane:
        traces = set()
        for seed in range(6):
            ends = set()
            for manner in (Manner(seed=seed), Manner(seed=seed)):
                assert lane.run_in(case, only(manner)).verdict is Verdict.AGREE
                ends.add(executor_of(lane).trace)
            [trace] = ends
            assert lane.run_in(case, only(Manner(trace=trace))).verdict is Verdict.AGREE
            assert executor_of(lane).trace == trace
            traces.add(trace)
    assert len(traces) > 1


def test_a_state_is_sent_once_for_the_blocks_of_a_case_which_the_process_takes_back() -> None:
    blocks = [block(pays(f"t{nonce}", nonce)) for nonce in range(3)]
    with running() as lane:
        assert lane.run_plain(case_of(*blocks)).verdict is Verdict.AGREE
        assert executor_of(lane).loads == 1
        rewound = case_of(*blocks, RewindStep(2), blocks[1])
        assert lane.run_plain(rewound).verdict is Verdict.AGREE
        assert executor_of(lane).loads == 2


def test_what_a_multisig_changed_in_the_block_means_is_told_without_cryptography() -> None:
    """The participants change inside the block, and with them which co-signature is valid."""
    case = multisig_case()
    with running(precomputed=True) as lane:
        run = lane.run_plain(case)
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
    with running("batched") as lane:
        run = lane.run_plain(case)
    assert run.verdict is Verdict.AGREE, run.differences


class Odd(Batched):
    """Says what no encoding can hold, in an error of its own or in a fault of a transaction."""

    async def transaction(self, envelope: Envelope, state: BlockState) -> Code:
        raise ValueError("boom \ud800\n\x1b[2J")


class Odder(Batched):
    """Says nothing, and not even that."""

    def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
        class Speechless(Exception):
            def __str__(self) -> str:
                raise self

        raise Speechless("\ud800")


@pytest.mark.parametrize(
    ("executor", "words"),
    [("Odd", "boom \\ud800 \\x1b[2J"), ("Odder", "Speechless: an error that cannot say what")],
)
def test_a_served_executor_may_say_anything(executor: str, words: str) -> None:
    with running(f"{__name__}:{executor}") as lane:
        for _ in range(2):
            run = lane.run_plain(case_of(block(pays("t0", 0))))
            assert run.verdict is Verdict.CRASH
            assert words in str(run.differences[0])
        assert executor_of(lane).connection.starts == 1
