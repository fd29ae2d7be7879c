"""Runs a saved case again and holds what happens against what the file says.

Invariant: a replay is ``as recorded`` only if the reference still gives the expected outcomes and
the executor ends with the verdict the file names (agree, if it names none).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.case.documents import OutcomeDocument
from harness.case.file import Record, Setting
from harness.case.writing import outcome_document
from harness.executors import Target
from harness.run import BlockRun, Run
from harness.runner import Runner
from harness.stores import Stores
from harness.verdict import Difference, Verdict
from ledger.digest import state_digest
from ledger.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replayed case: the run, and where the reference no longer says what the file expects."""

    run: Run
    drift: tuple[Difference, ...]


def replay(
    record: Record, stores: Stores, setting: Setting | None = None, target: Target | None = None
) -> Replayed:
    """Run ``record`` under its own schedule, with its own setting unless another is given."""
    with Runner(setting or record.setting or Setting(), stores, target) as runner:
        run = runner.run_recorded(record.case, record.schedule)
    return Replayed(run, reference_drift(record, run))


def reference_drift(record: Record, run: Run) -> tuple[Difference, ...]:
    """Return where the reference's outcomes differ from the expected ones in the file."""
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
    """Return the reference's outcomes in file form, with the digest of the state after each."""
    return tuple(
        _document(block, block.expected, state_digest(block.expected_state).hex())
        for block in run.blocks
    )


def observed_documents(run: Run) -> tuple[OutcomeDocument, ...]:
    """Return the executor's outcomes in file form, as far as it gave any."""
    return tuple(
        _document(block, block.actual, "") for block in run.blocks if block.actual is not None
    )


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
