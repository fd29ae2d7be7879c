"""docs/detection.md is not older than the mutants, and says what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.detection import document, measured
from benchmarks.detection.digest import digest_of
from benchmarks.detection.lanes import LANES
from benchmarks.detection.measured import Measured
from harness.audit.subject import catalogued, subjects_of

AGAIN = "run: python -m benchmarks.detection --changed"


def kept() -> Measured:
    found = measured.load()
    assert found is not None, AGAIN
    return found


def test_every_fault_was_measured_as_it_is_now() -> None:
    assert [each.digest for each in kept().faults] == [*map(digest_of, catalogued())], AGAIN


def test_the_page_is_what_the_measurements_give() -> None:
    assert document.FILE.read_text(encoding="utf-8") == document.text(kept()), AGAIN


def test_every_fault_that_is_not_masked_was_looked_for_in_every_lane() -> None:
    for fault in kept().faults:
        assert set(fault.lanes) == (set() if fault.masked else set(LANES)), fault.id


@pytest.mark.parametrize("executor", ["mutants.races:DestinationsMissing"])
def test_the_digest_of_a_fault_changes_with_its_row(executor: str) -> None:
    (subject,) = subjects_of([executor])
    assert digest_of(subject) == digest_of(replace(subject))
    assert digest_of(subject) != digest_of(replace(subject, name="another"))
