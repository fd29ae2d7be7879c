"""Checks of states and of what blocks give, against the reference."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import msgspec

from lockstep.case.realise import realise
from lockstep.case.values import BlockStep, Case
from lockstep.check import samples
from lockstep.check.samples import Samples
from lockstep.check.subject import Subject
from lockstep.check.wire import Message, Undeclared, Wrong, plain
from lockstep.compare.states import compare_states
from lockstep.generate.mixture import case_at
from lockstep.run.ask import judge
from lockstep.run.standard import BY_REFERENCE
from lockstep.targets.program.blocks import write_block
from lockstep.targets.program.capabilities import PRECOMPUTED
from lockstep.targets.program.ledger_messages import StateMessage
from lockstep.targets.program.messages import (
    ExecuteBlock,
    ExecuteBlockAnswer,
    LoadState,
)
from lockstep.targets.program.outcomes import read_outcome
from lockstep.targets.program.scalars import ContractError
from lockstep.targets.program.signatures import Judge
from lockstep.targets.program.states import read_state, write_state
from lockstep_ledger.block import Block
from lockstep_ledger.model import ADDRESS_LENGTH, State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage

GENERATED = 150
_PAYMENT = samples.PAYLOADS["transfers"]["one transfer"]


def state_is_exported(subject: Subject) -> str:
    """What was loaded is exported, every field of it."""
    if not subject.capabilities.state_export:
        raise Undeclared("state_export")
    with subject.wire() as wire:
        for number in range(20):
            state = case_at("export", number, "keyed-hash").state
            wire.done({**load_request(replace(_PAYMENT, state=state)), "id": 100 + number})
            answer = wire.done({"type": "export_state", "id": 200 + number})
            exported = state_in(answer)
            differences = compare_states(state, exported)
            if differences:
                raise Wrong(str(differences[0]))
    return "20 states"


def a_state_is_needed(subject: Subject) -> str:
    """A block without a state gets ``no_state``, at the start and after a reset."""
    with subject.wire() as wire:
        wire.refused(execute_request(_PAYMENT, subject), "no_state")
        wire.done(load_request(_PAYMENT))
        wire.done({"type": "reset", "id": 70})
        wire.refused(execute_request(_PAYMENT, subject), "no_state")
        if subject.capabilities.state_export:
            wire.refused({"type": "export_state", "id": 71}, "no_state")
    return ""


def numbers_are_read_in_both_forms(subject: Subject) -> str:
    """A state whose numbers are JSON numbers is the same state."""
    small = replace(_PAYMENT, state=_small(_PAYMENT))
    with subject.wire() as wire:
        wire.done(numeric(load_request(small)))
        same_outcome(subject, small, wire.done(execute_request(small, subject)))
    return ""


def unknown_fields_are_ignored(subject: Subject) -> str:
    """Fields that nobody knows, at every depth, change nothing."""
    with subject.wire() as wire:
        load, execute = load_request(_PAYMENT), execute_request(_PAYMENT, subject)
        load["state"], execute["block"] = surprising(load["state"]), surprising(execute["block"])
        wire.done({**load, "surprise": 1})
        same_outcome(subject, _PAYMENT, wire.done({**execute, "surprise": None}))
    return ""


def widths_are_checked(subject: Subject) -> str:
    """A number that is no u64 gets ``malformed``, and the state held before is still held."""
    with subject.wire() as wire:
        wire.done(load_request(_PAYMENT))
        for text in (str(2**64), "-1", "1e3", "", "0x10", -1, 1.5):
            load = load_request(_PAYMENT)
            load["state"]["height"] = text
            wire.expect_error(wire.ask(load), "malformed", f"the number {text!r}")
        same_outcome(subject, _PAYMENT, wire.done(execute_request(_PAYMENT, subject)))
    return ""


def samples_of(
    declared: Callable[[Subject], Collection[str]], name: str, cases: Samples
) -> Callable[[Subject], str]:
    """Return the check that ``cases``, which are about ``name``, give what the reference gives."""

    def check(subject: Subject) -> str:
        if name not in declared(subject):
            raise Undeclared(name)
        return subject.agrees(cases.items())

    return check


def schemes_are_verified(subject: Subject) -> str:
    """Under every scheme it can take, valid and invalid signatures are told apart."""
    wanted = ("an invalid signature", "one transfer")
    signatures = subject.capabilities.signatures
    named = [each for each in SCHEMES if each in signatures or PRECOMPUTED in signatures]
    cases = {
        f"{scheme}: {name}": replace(samples.PAYLOADS["transfers"][name], scheme=scheme)
        for scheme in named
        for name in wanted
    }
    if not cases:
        raise Undeclared("no scheme that is known")
    subject.agrees(cases.items())
    return ", ".join(named) + ("" if set(SCHEMES) & set(signatures) else " (precomputed)")


def modified_is_not_touched(subject: Subject) -> str:
    """Only what differs from before is listed as modified; blocks build on each other."""
    return subject.agrees(samples.MODIFIED.items())


def generated_cases_agree(subject: Subject) -> str:
    """Cases of the campaign's generator give what the reference gives."""
    cases = (
        (f"generated case {number}", case_at("check", number, "keyed-hash"))
        for number in range(GENERATED)
    )
    return subject.agrees(cases)


def state_in(answer: Message) -> State:
    """Return the state in an answer that has one."""
    try:
        return read_state(msgspec.convert(answer.get("state"), type=StateMessage))
    except (msgspec.ValidationError, ContractError) as error:
        raise Wrong(f"a state that is none: {error}") from error


def load_request(case: Case) -> Message:
    """Return the request that loads the state of ``case``."""
    return plain(LoadState(id=80, state=write_state(case.state)))


def execute_request(case: Case, subject: Subject, **more: Any) -> Message:
    """Return the request that executes the first block of ``case`` as ``subject`` can."""
    parallel = subject.capabilities.parallel
    step = case.steps[0]
    assert isinstance(step, BlockStep)
    block, scheme = realise(step, case.scheme), SCHEMES[case.scheme]
    verifies = case.scheme in subject.capabilities.signatures
    judge = None if verifies else Judge(block, MemoryStorage(case.state), scheme)
    request = ExecuteBlock(
        id=90,
        block=write_block(block, case.scheme, judge),
        mode="parallel" if parallel else "sequential",
        workers=2,
        force_parallel=parallel,
    )
    return {**plain(request), **more}


def numeric(message: Message) -> Message:
    """Return a request to load a state with every number of it as a JSON number."""
    state = message["state"]
    for name in ("height", "burned", "total_supply", "timestamp"):
        state[name] = int(state[name])
    for account in state["accounts"].values():
        for name in ("nonce", "energy", "frozen", "flags"):
            account[name] = int(account[name])
        account["balances"] = {key: int(each) for key, each in account["balances"].items()}
    return message


def surprising(value: Any) -> Any:
    """Return ``value`` with a field more in every object that is no mapping by key."""
    if isinstance(value, list):
        return [surprising(each) for each in value]
    if not isinstance(value, dict) or not value:
        return value
    made = {key: surprising(each) for key, each in value.items()}
    by_key = all(len(key) == 2 * ADDRESS_LENGTH for key in value)
    return made if by_key else {"surprise": [{"deep": None}], **made}


def expected_of(case: Case) -> Outcome:
    """Return the reference's outcome of the first block of ``case``."""
    return BY_REFERENCE.oracle.outcome(_first_block(case), case.state, case.scheme)


def outcome_in(answer: Message) -> Outcome:
    """Return the outcome in an answer to a block."""
    try:
        return read_outcome(msgspec.convert(answer, type=ExecuteBlockAnswer).outcome)
    except (msgspec.ValidationError, ContractError) as error:
        raise Wrong(f"an answer to a block that is none: {error}") from error


def same_outcome(subject: Subject, case: Case, answer: Message) -> None:
    """Hold the answer to the first block of ``case`` against what the oracle gives for it."""
    standard, block = subject.standard(), _first_block(case)
    try:
        expected = standard.oracle.outcome(block, case.state, case.scheme)
    finally:
        standard.oracle.close()
    failure = judge(block, case.state, expected, outcome_in(answer), standard.judging)
    if failure is not None:
        raise Wrong(str(failure.differences[0]), case)


def _first_block(case: Case) -> Block:
    step = case.steps[0]
    assert isinstance(step, BlockStep)
    return realise(step, case.scheme)


def _small(case: Case) -> State:
    """Return the part of the state of ``case`` whose numbers a double can hold."""
    accounts = {key: case.state.accounts[key] for key in (samples.ALICE, samples.BOB)}
    return State(case.state.chain, accounts)
