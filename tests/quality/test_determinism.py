"""The same seed gives the same findings, byte for byte, on any number of processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.campaign.campaign import run_campaign
from lockstep.campaign.plan import Plan
from lockstep.campaign.report import Budget
from lockstep.case.file import Setting, from_bytes
from lockstep_mutants.catalogue import ROWS
from tests.harness.campaign.observing import Unseeing

RACES = tuple(
    Setting(row.executor) for row in ROWS if row.executor.startswith("lockstep_mutants.races:")
)
CASES = 150


def findings(folder: Path, jobs: int) -> dict[str, bytes]:
    """Run a campaign against every race mutant and return the files it wrote."""
    plan = Plan("determinism", RACES, storage="memory", findings=folder)
    report = run_campaign(plan, Budget(cases=CASES), jobs, Unseeing())
    assert report.fault is None
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return findings(tmp_path_factory.mktemp("alone"), jobs=1)


def test_a_campaign_finds_every_race_and_shrinks_it_to_its_known_minimum(
    alone: dict[str, bytes],
) -> None:
    records = [from_bytes(data) for data in alone.values()]
    assert all(record.schedule for record in records)
    for row in ROWS:
        if Setting(row.executor) not in RACES:
            continue
        sizes = [
            (record.case.transactions(), len(record.schedule))
            for record in records
            if record.setting == Setting(row.executor)
        ]
        assert not row.deviations or min(sizes) == (row.transactions, row.deviations), row.id


def test_two_processes_write_the_same_bytes_as_one(alone: dict[str, bytes], tmp_path: Path) -> None:
    assert findings(tmp_path, jobs=2) == alone
