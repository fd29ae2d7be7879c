"""A form says what is wrong and nothing that could be otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lockstep.case.deviation import Deviation
from lockstep.case.values import Case
from lockstep.findings.finding import Settled
from lockstep.findings.form import form_of, kind_named
from lockstep.run.fingerprint import fingerprint, signature_of
from lockstep.run.result import Run
from lockstep.shrink.reduce import Reduced
from lockstep.verdict import Difference, Verdict
from lockstep_parallel.executors.batched import Batched
from tests.harness.small import CAROL, block, case_of, payment, pays, run_on


def form(*differences: Difference, case: Case | None = None, schedule: str = "") -> str:
    case = case or payment()
    run = replace(run_on(Batched, case), verdict=Verdict.DIVERGE, differences=differences)
    deviations = (Deviation.parse(schedule),) if schedule else ()
    return form_of(Settled(Reduced(case, deviations, 1, finished=True), run, repeatable=True))


def receipt(expected: str, actual: str) -> Difference:
    return Difference("receipts", "0", f"#0 {expected} (0x0000) gas 0", f"#0 {actual} (0x1) gas 0")


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (
            Difference("modified_balances", "alice native", "3", "5"),
            "modified_balances of a sender too much",
        ),
        (
            Difference("modified_balances", "bob gold", "5", "3"),
            "modified_balances of a receiver too little",
        ),
        (
            Difference("modified_nonces", "miner", "absent", "3"),
            "modified_nonces of a bystander too much",
        ),
        (Difference("created", "bob", "created", "absent"), "created of a receiver missing"),
        (Difference("burned", "", "1", "2"), "burned too much"),
        (
            Difference("stored state", "alice multisig threshold", "1", "None"),
            "stored state: multisig of a sender missing",
        ),
        (receipt("NONCE_TOO_LOW", "SUCCESS"), "receipts nonce passed by"),
        (receipt("NONCE_TOO_HIGH", "INSUFFICIENT_BALANCE"), "receipts nonce passed by"),
        (receipt("SUCCESS", "OVERFLOW"), "receipts OVERFLOW raised"),
        (receipt("NONCE_TOO_LOW", "NONCE_TOO_HIGH"), "receipts told in another way"),
        (
            Difference("executor", "KeyError", "an outcome", "b'\\x01\\x02' at 0x7f33a0"),
            "KeyError: # at #",
        ),
        (
            Difference("faults", "", "()", "(fault at 2: KeyError: 'alice' at debit:63)"),
            "KeyError: #",
        ),
    ],
)
def test_it_says_what_differs_of_whom_and_in_which_direction(
    difference: Difference, words: str
) -> None:
    assert form(difference) == f"diverge {words}"


def test_amounts_accounts_and_positions_take_no_part() -> None:
    one = Difference("modified_balances", "alice native", "3", "5")
    other = Difference("modified_balances", "carol gold", "1000", "9000")
    case = case_of(block(pays("t7", 4, 99, CAROL), pays("t8", 5)))
    third = Difference("modified_balances", "alice gold", "7", "8")
    assert form(one) == form(third, case=case)
    assert form(one) != form(other, case=case)


def test_a_refusal_on_one_side_alone_comes_before_the_receipts_that_follow_from_it() -> None:
    refused = Difference("rejection", "", "None", "block rejected at 2 with OVERFLOW (0x0304)")
    codes = ("SUCCESS", "OVERFLOW", "NONCE_TOO_LOW")
    runs = [Run(Verdict.DIVERGE, (receipt(code, "INVALID_FORMAT"), refused), ()) for code in codes]
    assert len({signature_of(run) for run in runs}) == 1
    assert form(receipt("SUCCESS", "OVERFLOW"), refused) == "diverge rejection absent for OVERFLOW"


def test_a_race_is_another_form_than_the_same_difference_without_one() -> None:
    difference = receipt("SUCCESS", "ACCOUNT_NOT_FOUND")
    assert form(difference, schedule="t0@publish -> t1") == "diverge in a race: receipts"
    assert form(difference) != form(difference, schedule="t0@publish -> t1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("task t1 failed: KeyError: b'\\x01'", "task t1 failed: KeyError: b'\\x7f\\x02'"),
        ("no task can run; waiting: t0@read", "no task can run; waiting: t0@read, t3@publish"),
        ("cannot reach http://127.0.0.1:4711/state", "cannot reach http://[::1]:80/state"),
        ("thread 0x7fa3 panicked at /home/a/lib.rs:3", "thread 0x11 panicked at /srv/b.rs:77"),
        ("no account 00ff00ff00ff", "no account 11aa11aa11aa"),
    ],
)
def test_a_bin_holds_nothing_incidental_of_an_error(one: str, other: str) -> None:
    runs = [
        Run(Verdict.CRASH, (Difference("executor", "error", "an outcome", text),), ())
        for text in (one, other)
    ]
    assert len({fingerprint("program", run) for run in runs}) == 1
    assert fingerprint("program", runs[0]) != fingerprint("other", runs[0])


def test_the_executor_is_part_of_the_name_of_a_kind() -> None:
    assert kind_named("mine", "diverge burned too much") != kind_named(
        "yours", "diverge burned too much"
    )
