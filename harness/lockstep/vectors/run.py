"""Runs published vectors on the reference and on the executor under test, signatures real.

Invariant: a vector passes if and only if it was run, the reference gave what the vector expects,
and the executor agreed with the reference in everything that is compared, stored state included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lockstep.case.file import Setting
from lockstep.case.values import BlockStep, Case, RawIntent
from lockstep.compare.outcomes import compare_outcomes
from lockstep.faults import HarnessFault
from lockstep.published.document import (
    Json,
    JsonObject,
    OutOfScopeError,
    list_of,
    object_of,
    octets,
)
from lockstep.published.state import published_state
from lockstep.published.transaction import Arrival, arrival_of, content_of
from lockstep.run.expected import ExpectedChain
from lockstep.run.stores import Stores
from lockstep.targets.named import find
from lockstep.targets.target import Lane, Target
from lockstep.vectors.chain import chain_steps
from lockstep.vectors.expectation import Expectation, expectation_of, unmet
from lockstep.vectors.result import Status, VectorReport, VectorResult
from lockstep.vectors.vector import Vector, collect
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.block import Block, Undecodable, UnsupportedKind
from lockstep_ledger.model import Policy, State
from lockstep_ledger.outcome import Code, Outcome
from lockstep_ledger.wire import decode, encode, open_wire, seal

SCHEME = "schnorr"
ROUND_TRIPS = "wire round trips, which no endpoint does: only the codec here was checked"


def run_vectors(directory: Path, setting: Setting, stores: Stores) -> VectorReport:
    """Run every vector below ``directory`` on the reference and on the executor of ``setting``.

    Raises ``UsageError`` where there is no vector, ``HarnessFault`` when the reference or the
    storage breaks.
    """
    collection = collect(directory)
    target = find(setting.executor)
    target.reach()
    with target.open(setting, stores) as lane:
        bench = _Bench(target, lane)
        results = tuple(_run_vector(vector, bench) for vector in collection.vectors)
    return VectorReport(results, collection.other_files, bench.not_compared, collection.refused)


def _run_vector(vector: Vector, bench: _Bench) -> VectorResult:
    try:
        differences = _differences(vector, bench)
    except OutOfScopeError as error:
        return VectorResult(vector.file, vector.name, Status.UNSUPPORTED, reason=str(error))
    status = Status.FAILED if differences else Status.PASSED
    return VectorResult(vector.file, vector.name, status, differences)


def _differences(vector: Vector, bench: _Bench) -> tuple[Difference, ...]:
    document = object_of(vector.input, "input")
    kind = document.get("kind")
    match kind:
        case "tx_roundtrip":
            if bench.target.takes_wire:
                bench.not_compared[ROUND_TRIPS] += 1
            return _roundtrip(document, expectation_of(vector.expected))
        case "tx" | "block" | "chain":
            expectation = expectation_of(vector.expected)
        case _:
            raise OutOfScopeError(f"vectors of kind {kind} are not modelled")
    state = _pre_state(vector.pre_state, expectation)
    if kind == "chain":
        steps = chain_steps(document, state.chain.height)
        return bench.run_case(Case(state, steps, SCHEME), expectation)
    if kind == "tx":
        arrivals = [arrival_of(document, "input")]
    else:
        arrivals = [arrival_of(each, "txs") for each in list_of(document.get("txs"), "txs")]
    _refuse_unmodelled(arrivals, expectation)
    return bench.run_block(state, arrivals, expectation, advances_height=kind == "block")


def _pre_state(document: Json, expectation: Expectation) -> State:
    everything = not expectation.not_implemented
    return published_state(document, "pre_state", everything=everything).state


def _refuse_unmodelled(arrivals: Sequence[Arrival], expectation: Expectation) -> None:
    if expectation.not_implemented:
        return
    for arrival in arrivals:
        content = content_of(arrival)
        if isinstance(content, UnsupportedKind):
            raise OutOfScopeError(f"transaction type {content.type_number} is not modelled")


def _roundtrip(document: JsonObject, expectation: Expectation) -> tuple[Difference, ...]:
    """Decode and encode again; no executor takes part."""
    wire = octets(document, "wire_hex", "input")
    content = decode(wire)
    match content:
        case UnsupportedKind(type_number):
            raise OutOfScopeError(f"transaction type {type_number} is not modelled")
        case Undecodable():
            return unmet(expectation, Code.INVALID_FORMAT, None)
        case transaction:
            again = encode(transaction)
            if again != wire:
                return (Difference("wire", "", wire.hex(), again.hex()),)
            return unmet(expectation, Code.SUCCESS, None)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What vectors are run on."""

    target: Target
    lane: Lane
    not_compared: Counter[str] = field(default_factory=Counter)

    def run_block(
        self,
        state: State,
        arrivals: Sequence[Arrival],
        expectation: Expectation,
        *,
        advances_height: bool,
    ) -> tuple[Difference, ...]:
        """Run one block: as a case if its transactions travel by wire, else by itself."""
        wires = [each for each in arrivals if isinstance(each, bytes)]
        if len(wires) < len(arrivals):
            envelopes = tuple(
                open_wire(each) if isinstance(each, bytes) else seal(each) for each in arrivals
            )
            block = Block(envelopes, Policy.ATOMIC, advances_height=advances_height)
            return self._run_rejected(state, block, expectation)
        intents = tuple(RawIntent(f"t{index}", wire) for index, wire in enumerate(wires))
        step = BlockStep(intents, Policy.ATOMIC, advances_height=advances_height)
        return self.run_case(Case(state, (step,), SCHEME), expectation)

    def run_case(self, case: Case, expectation: Expectation) -> tuple[Difference, ...]:
        """Run ``case``; the reference's last state is the one the vector speaks of."""
        run = self.lane.run_plain(case)
        if run.verdict is Verdict.UNSUPPORTED:
            raise OutOfScopeError("; ".join(run.why_unsupported()))
        self.not_compared.update(run.not_compared)
        code = next(
            (code for each in run.blocks if (code := _code_of(each.expected))), Code.SUCCESS
        )
        finished = len(run.blocks) == len(case.steps)
        found = unmet(expectation, code, run.blocks[-1].expected_state) if finished else ()
        if run.verdict is Verdict.AGREE:
            return found
        verdict = Difference("verdict", "", Verdict.AGREE.value, run.verdict.value)
        return found + self._of_executor(run.verdict, run.differences or (verdict,))

    def _run_rejected(
        self, state: State, block: Block, expectation: Expectation
    ) -> tuple[Difference, ...]:
        """Run a block that no wire can carry; the rules reject it, so there is nothing to merge."""
        expected = ExpectedChain(state, SCHEME).outcome(block)
        if expected.rejection is None:
            raise HarnessFault("the reference accepted a transaction that no wire can carry")
        actual, failure = self.lane.execute(block, state, SCHEME)
        if failure is not None and failure.verdict is Verdict.UNSUPPORTED:
            raise OutOfScopeError("; ".join(each.actual for each in failure.differences))
        if failure is not None or actual is None:
            assert failure is not None, "no outcome has a reason"
            return self._of_executor(failure.verdict, failure.differences)
        found = unmet(expectation, _code_of(expected), state)
        differences = compare_outcomes(expected, actual)
        return found + self._of_executor(Verdict.DIVERGE, differences)

    def _of_executor(
        self, verdict: Verdict, differences: tuple[Difference, ...]
    ) -> tuple[Difference, ...]:
        prefix = f"{self.target.name} {verdict.value}:"
        return tuple(replace(each, field=f"{prefix} {each.field}") for each in differences)


def _code_of(outcome: Outcome) -> Code:
    return Code.SUCCESS if outcome.rejection is None else outcome.rejection.code
