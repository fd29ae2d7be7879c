"""docs/detection.md is not older than the mutants, and says what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.detection import document, measured
from benchmarks.detection.digest import digest_of
from benchmarks.detection.lanes import LANES
from benchmarks.detection.measured import Measured
from lockstep.audit.subject import subjects_of

AGAIN = "run: python -m benchmarks.detection --changed, or --render to name what is missing"


def kept() -> Measured:
    found = measured.load()
    assert found is not None, AGAIN
    return found


def test_the_page_is_what_the_measurements_give_for_the_mutants_as_they_are() -> None:
    assert document.FILE.read_text(encoding="utf-8") == document.text(kept()), AGAIN


def test_a_fault_that_changed_since_is_named_as_not_measured() -> None:
    found = kept()
    first = found.faults[0]
    stale = Measured(found.machine, found.effort, found.faults[1:])
    assert first.id not in missing(document.text(found))
    assert first.id in missing(document.text(stale))


def missing(page: str) -> list[str]:
    """Return the faults that the page says were not measured."""
    lines = [line for line in page.splitlines() if line.startswith("- **not measured yet**")]
    return [each for line in lines for each in line.partition(": ")[2].split(", ")]


def test_every_fault_that_is_not_masked_was_looked_for_in_every_lane() -> None:
    for fault in kept().faults:
        assert set(fault.lanes) == (set() if fault.masked else set(LANES)), fault.id


@pytest.mark.parametrize("executor", ["lockstep_mutants.races:DestinationsMissing"])
def test_the_digest_of_a_fault_changes_with_its_row(executor: str) -> None:
    (subject,) = subjects_of([executor])
    assert digest_of(subject) == digest_of(replace(subject))
    assert digest_of(subject) != digest_of(replace(subject, name="another"))
