"""What an executor says or answers, whatever it is, becomes a verdict that can be told and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from lockstep.case.file import from_bytes, load, save, to_bytes
from lockstep.findings.drift import expected_documents, observed_documents
from lockstep.report.differences import difference_lines
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import NATIVE, Multisig
from lockstep_ledger.outcome import Fault, Outcome
from lockstep_ledger.storage.protocol import Reader
from lockstep_parallel.executors.batched import Batched
from lockstep_parallel.steps.drivers.protocol import Driver, Hang
from tests.harness.small import ALICE, BOB, record, run_on


class Speechless(Exception):
    def __str__(self) -> NoReturn:
        raise ValueError("not even that")


ERRORS: dict[str, BaseException] = {
    "a lone surrogate": ValueError("boom \ud800"),
    "the terminal": ValueError("\x1b]0;owned\x07\x1b[2J\r lockstep: fine"),
    "lines of their own": ValueError("gave up\n1 cases, 1 runs: 1 agree"),
    "a CI service": ValueError("::error::forged\n##vso[task.complete result=Succeeded;]"),
    "a gigabyte, nearly": ValueError("A" * 10_000_000),
    "an error without words": Speechless(),
    "a hang": Hang("w0\x00 waits for \ud800"),
    "the end of the program": SystemExit("\x07"),
}


def kept(run: Run, folder: Path) -> None:
    """Check that a failing run can be printed, and its case file read back as it was written."""
    for line in difference_lines(run.differences):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##vso[" not in line
        assert len(line) < 2000
    finding = record(
        description=" ".join(signature_of(run)),
        trace=run.trace(),
        expected=expected_documents(run),
        observed=observed_documents(run),
        verdict=run.verdict.value,
    )
    assert load(save(finding, folder)) == finding


@pytest.mark.parametrize("where", ["execute", "merge"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_and_kept_whatever_it_says(
    error: BaseException, where: str, tmp_path: Path
) -> None:
    def raising(*_: object) -> NoReturn:
        raise error

    executor = type("Raising", (Batched,), {where: raising})
    run = run_on(executor)
    assert run.verdict is (Verdict.HANG if isinstance(error, Hang) else Verdict.CRASH)
    kept(run, tmp_path)


def test_the_name_of_an_error_may_be_any_text(tmp_path: Path) -> None:
    kind = type("Odd\nname \x1b[31m", (Exception,), {})

    class Raising(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> NoReturn:
            raise kind

    kept(run_on(Raising), tmp_path)


HUGE = 10**6000


def with_changes(**changed: object) -> Callable[[Outcome], Outcome]:
    return lambda outcome: replace(outcome, changes=replace(outcome.changes, **changed))  # type: ignore[arg-type]


ANSWERS: dict[str, Callable[[Outcome], Outcome]] = {
    "fees": lambda it: replace(it, fees=HUGE),
    "negative fees": lambda it: replace(it, fees=-1),
    "gas": lambda it: replace(it, receipts=tuple(replace(e, gas_used=HUGE) for e in it.receipts)),
    "index": lambda it: replace(it, receipts=tuple(replace(e, index=-HUGE) for e in it.receipts)),
    "fault": lambda it: replace(it, faults=(Fault(HUGE, "\ud800\n::error::"),)),
    "nonce": with_changes(modified_nonces={ALICE: HUGE}),
    "energy": with_changes(modified_energies={ALICE: -1}),
    "balance": with_changes(modified_balances={(ALICE, NATIVE): -HUGE}),
    "above u64": with_changes(modified_balances={(ALICE, NATIVE): 2**64}),
    "burned": with_changes(burned=-HUGE),
    "height": with_changes(height=HUGE),
    "height of some digits": with_changes(height=10**50),
}


@pytest.mark.parametrize("change", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_with_numbers_that_are_none_of_the_ledger_is_told_and_kept(
    change: Callable[[Outcome], Outcome], tmp_path: Path
) -> None:
    class Answering(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            return change(super().execute(block, storage, driver))

    run = run_on(Answering)
    assert run.verdict in (Verdict.DIVERGE, Verdict.CRASH)
    kept(run, tmp_path)


def test_a_multisig_that_no_account_can_have_is_told_and_kept(tmp_path: Path) -> None:
    config = Multisig(1, (BOB,))
    object.__setattr__(config, "threshold", HUGE)

    class Answering(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            outcome = super().execute(block, storage, driver)
            return with_changes(modified_multisigs={ALICE: config})(outcome)

    kept(run_on(Answering), tmp_path)


class Unspeakable(int):
    def __repr__(self) -> NoReturn:
        raise RuntimeError("no")

    __str__ = __repr__


def test_an_answer_that_cannot_be_shown_is_no_fault_of_the_harness(tmp_path: Path) -> None:
    class Answering(Batched):
        def execute(self, block: Block, storage: Reader, driver: Driver) -> Outcome:
            return replace(super().execute(block, storage, driver), fees=Unspeakable())

    run = run_on(Answering)
    assert run.verdict is Verdict.DIVERGE
    assert run.differences[0].field == "types"
    kept(run, tmp_path)


def test_lines_of_standard_error_are_told_below_what_they_belong_to() -> None:
    stderr = Difference("stderr", "", "absent", "thread main panicked\n1 cases, 1 runs: 1 agree\n")
    assert list(difference_lines([stderr])) == [
        "  stderr: expected absent, actual thread main panicked",
        "      1 cases, 1 runs: 1 agree",
    ]


def test_a_record_that_holds_what_no_encoding_can_is_kept_all_the_same() -> None:
    odd = replace(
        record(description="\ud800", trace=(("t\ud800", "a@\udfff"),)),
        origin={"seed": "caf\udce9"},
    )
    read = from_bytes(to_bytes(odd))
    assert (read.description, read.origin) == ("\\ud800", {"seed": "caf\\udce9"})
    assert read.trace == odd.trace
