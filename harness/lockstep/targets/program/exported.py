"""Compares the states that a process says it holds with those it must hold.

Invariant: every version that it holds is compared if it can read states at a height, else the
newest if it can export that; a difference that what led to the state alone brings about is called
``history``.
"""

from __future__ import annotations

from lockstep.compare.states import compare_states
from lockstep.targets.program.connection import Connection
from lockstep.targets.program.holding import Holding, Trail
from lockstep.targets.program.messages import (
    ExportState,
    ExportStateAnswer,
    ReadState,
    ReadStateAnswer,
)
from lockstep.targets.program.scalars import ContractError
from lockstep.targets.program.states import read_state
from lockstep.verdict import Difference, NoOutcome, Verdict
from lockstep_ledger.model import State


def check_versions(
    connection: Connection, held: Holding, past: Trail | None, *, rewound: bool = False
) -> None:
    """Compare what is held after a block, to which ``past`` led, or after a rewind.

    Raises ``NoOutcome``.
    """
    capabilities = connection.hello().capabilities
    newest = held.topoheight
    for number, expected in held.versions():
        is_newest = number == newest
        found: list[Difference] = []
        if is_newest and capabilities.state_export:
            found += compare_states(expected, _exported(connection, held))
        if not found and "read_state" in capabilities.history:
            found += compare_states(expected, _read(connection, held, number))
        if not found:
            continue
        held.forget()
        of_history = rewound or not is_newest
        if not of_history and past is not None:
            of_history = not compare_states(expected, _afresh(connection, held, past))
        if not is_newest:
            found = [_at(number, each) for each in found]
        raise NoOutcome(Verdict.HISTORY if of_history else Verdict.DIVERGE, *found)


def _exported(connection: Connection, held: Holding) -> State:
    [answer] = connection.ask(ExportState(id=0))
    assert isinstance(answer, ExportStateAnswer)
    return _state_in(answer, connection, held)


def _read(connection: Connection, held: Holding, number: int) -> State:
    [answer] = connection.ask(ReadState(id=0, topoheight=str(number)))
    assert isinstance(answer, ReadStateAnswer)
    return _state_in(answer, connection, held)


def _afresh(connection: Connection, held: Holding, past: Trail) -> State:
    """Return the state after the block where the one before it was loaded."""
    past.afresh()
    if connection.hello().capabilities.state_export:
        return _exported(connection, held)
    return _read(connection, held, int(past.alone.topoheight or 0) + 1)


def _state_in(
    answer: ExportStateAnswer | ReadStateAnswer, connection: Connection, held: Holding
) -> State:
    try:
        return read_state(answer.state)
    except ContractError as error:
        connection.discard()
        held.forget()
        raise NoOutcome.because(Verdict.PROTOCOL_ERROR, "state", str(error)) from error


def _at(number: int, difference: Difference) -> Difference:
    """Return ``difference`` as one of an older version."""
    where = f"version {number} {difference.where}".strip()
    return Difference(f"older {difference.field}", where, difference.expected, difference.actual)
