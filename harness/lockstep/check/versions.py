"""Checks of what a program holds of its past, and of the references to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from lockstep.case.realise import realise, version_hash
from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.check import samples
from lockstep.check.blocks import execute_request, load_request, outcome_in, state_in
from lockstep.check.subject import Subject
from lockstep.check.wire import Message, Undeclared, Wire, Wrong, plain
from lockstep.compare.states import compare_states
from lockstep.generate.mixture import case_at
from lockstep.generate.references import REFERENCES, with_references
from lockstep.run.expected import ExpectedChain
from lockstep.targets.program.asking import load_request as loading
from lockstep.targets.program.capabilities import HISTORY
from lockstep_ledger.identities import address_of
from lockstep_ledger.model import Policy, State

CHAINS = 30
BLOCKS = 4
_PAYMENTS = tuple(
    samples.pays(f"t{at}", samples.ALICE, 7 + at, samples.to(samples.MINER, 1 + at))
    for at in range(BLOCKS)
)
CHAIN = replace(
    samples.one(_PAYMENTS[0]),
    steps=tuple(BlockStep((each,), Policy.SKIP) for each in _PAYMENTS),
)


def secrets_change_nothing(subject: Subject) -> str:
    """A state with the secret keys of its test signers is the same state."""
    case = samples.PAYLOADS["transfers"]["one transfer"]
    with subject.wire() as wire:
        load = load_request(case)
        load["secrets"] = {
            address_of(name).hex(): number.to_bytes(32, "little").hex()
            for number, name in enumerate(("miner", "alice", "bob"), start=1)
        }
        wire.done(load)
        outcome_in(wire.done(execute_request(case, subject)))
    return ""


def blocks_are_taken_back(subject: Subject) -> str:
    """After a rewind the state is the older one; a rewind to before the first gets ``no_state``."""
    _needs(subject, "rewind")
    with subject.wire() as wire:
        states = _executed(wire, subject)
        wire.refused({"type": "rewind", "id": 300, "blocks": BLOCKS + 1}, "no_state")
        for blocks in (1, 2):
            wire.done({"type": "rewind", "id": 300 + blocks, "blocks": blocks})
            del states[-blocks:]
            _same_newest(wire, subject, states)
        wire.done(block_request(subject, len(states) - 1))
        wire.refused({"type": "rewind", "id": 310, "blocks": len(states) + 1}, "no_state")
    return f"{BLOCKS} blocks"


def versions_are_read(subject: Subject) -> str:
    """The state of every version is read; one that there is not gets ``no_state``."""
    _needs(subject, "read_state")
    with subject.wire() as wire:
        states = _executed(wire, subject)
        _same_versions(wire, states)
        wire.refused({"type": "read_state", "id": 400, "topoheight": str(BLOCKS + 1)}, "no_state")
    return f"{len(states)} versions"


def versions_are_loaded(subject: Subject) -> str:
    """A state that is loaded with its older versions has them as if they had been executed."""
    _needs(subject, "load")
    states = list(chain_states())
    request = {**plain(loading(states, BLOCKS, subject.capabilities)), "id": 500}
    with subject.wire() as wire:
        wire.done(request)
        if "read_state" in subject.capabilities.history:
            _same_versions(wire, states)
        if "rewind" in subject.capabilities.history:
            wire.done({"type": "rewind", "id": 501, "blocks": 2})
            _same_newest(wire, subject, states[:-2])
        elif subject.capabilities.state_export:
            _same_newest(wire, subject, states)
    return f"{len(states)} versions"


def chains_are_lived_through(subject: Subject) -> str:
    """Chains of generated blocks agree, also after rewinds, without a state being loaded."""
    if not subject.capabilities.history:
        raise Undeclared("history")
    return subject.agrees(_chains())


def references_are_taken(subject: Subject) -> str:
    """Transactions that name versions of every declared kind give what the reference gives."""
    declared = [each for each in REFERENCES if each in subject.capabilities.references]
    if not declared:
        raise Undeclared("references")
    cases = (
        (f"{name} with {kind}", with_references(case, (kind,), Random(name)))
        for kind in declared
        for name, case in _chains()
    )
    return f"{', '.join(declared)}: {subject.agrees(cases)}"


def _needs(subject: Subject, word: str) -> None:
    assert word in HISTORY
    if word not in subject.capabilities.history:
        raise Undeclared(f"history {word}")


def chain_states() -> Iterator[State]:
    """Give the states of the chain, the oldest first."""
    chain = ExpectedChain(CHAIN.state, CHAIN.scheme)
    yield chain.newest
    for step in CHAIN.steps:
        assert isinstance(step, BlockStep)
        yield chain.extend(realise(step, CHAIN.scheme))


def _chains() -> Iterator[tuple[str, Case]]:
    """Give generated cases of several blocks or with rewinds, by name."""
    found = 0
    for number in range(100 * CHAINS):
        case = case_at("chains", number)
        if len(case.steps) > 2 or any(isinstance(each, RewindStep) for each in case.steps):
            yield f"chain {number}", case
            found += 1
        if found == CHAINS:
            return


def _executed(wire: Wire, subject: Subject) -> list[State]:
    """Have the chain executed and return its states."""
    wire.done({**load_request(CHAIN), "topoheight": "0", "hash": version_hash(0).hex()})
    for number in range(BLOCKS):
        outcome_in(wire.done(block_request(subject, number)))
    return list(chain_states())


def block_request(subject: Subject, number: int) -> Message:
    """Return the request to execute block ``number`` of the chain."""
    case = replace(CHAIN, steps=CHAIN.steps[number : number + 1])
    topoheight, digest = str(number + 1), version_hash(number + 1).hex()
    request = execute_request(case, subject, topoheight=topoheight, hash=digest)
    return {**request, "id": 200 + number}


def _same_newest(wire: Wire, subject: Subject, states: list[State]) -> None:
    request: Message = {"type": "export_state", "id": 600}
    if not subject.capabilities.state_export:
        if "read_state" not in subject.capabilities.history:
            return
        request = {"type": "read_state", "id": 600, "topoheight": str(len(states) - 1)}
    _same(states[-1], wire.done(request), "the newest version")


def _same_versions(wire: Wire, states: list[State]) -> None:
    for number, state in enumerate(states):
        request = {"type": "read_state", "id": 700 + number, "topoheight": str(number)}
        _same(state, wire.done(request), f"version {number}")


def _same(expected: State, answer: Message, what: str) -> None:
    differences = compare_states(expected, state_in(answer))
    if differences:
        raise Wrong(f"{what}: {differences[0]}")
