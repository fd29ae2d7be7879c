"""Outcomes in file form, and where the oracle no longer gives those that a file expects."""

from __future__ import annotations

from lockstep.case.documents import OutcomeDocument
from lockstep.case.file import Record
from lockstep.case.writing import outcome_document
from lockstep.compare.outcomes import well_typed
from lockstep.compare.widths import beyond_width
from lockstep.run.result import BlockRun, Run
from lockstep.verdict import Difference, Verdict
from lockstep_ledger.digest import state_digest
from lockstep_ledger.outcome import Outcome


def drift(record: Record, run: Run) -> tuple[Difference, ...]:
    """Return where the oracle's outcomes differ from the expected ones in the file."""
    if record.expected is None:
        return ()
    found = []
    actual = expected_documents(run)
    for number, (left, right) in enumerate(zip(record.expected, actual, strict=False)):
        found += _compare_documents(f"block {number}", left, right)
    if run.verdict is Verdict.AGREE and len(record.expected) != len(actual):
        found.append(Difference("reference", "blocks", str(len(record.expected)), str(len(actual))))
    return tuple(found)


def expected_documents(run: Run) -> tuple[OutcomeDocument, ...]:
    """Return the oracle's outcomes in file form, with the digest of the state after each.

    They end where the executor went on from a state of its own: what is right there is not fixed.
    """
    return tuple(
        _document(block, block.expected, state_digest(block.expected_state).hex())
        for block in run.blocks
        if not block.own
    )


def observed_documents(run: Run) -> tuple[OutcomeDocument, ...]:
    """Return the executor's outcomes in file form, as far as it gave any."""
    return tuple(
        _document(block, block.actual, "")
        for block in run.blocks
        if block.actual is not None and not block.own and _can_be_written(block.actual)
    )


def _can_be_written(outcome: Outcome) -> bool:
    return well_typed(outcome) and next(beyond_width(outcome), None) is None


def _document(block: BlockRun, outcome: Outcome, digest: str) -> OutcomeDocument:
    return outcome_document(outcome, list(block.ids), digest)


def _compare_documents(
    where: str, expected: OutcomeDocument, actual: OutcomeDocument
) -> list[Difference]:
    return [
        Difference("reference", f"{where} {field}", repr(left), repr(right))
        for field in OutcomeDocument.__struct_fields__
        if (left := getattr(expected, field)) != (right := getattr(actual, field))
        and not (field == "digest" and not left)
    ]
