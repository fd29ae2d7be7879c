"""The example executor of the documentation runs as the documentation says, and agrees."""

from __future__ import annotations

import pytest

from lockstep.case.file import Setting, load
from lockstep.findings.replay import replay
from lockstep.generate.mixture import case_at
from lockstep.run.stores import MemoryStores
from lockstep.streams import stream
from lockstep.targets.named import open_steered
from lockstep.targets.target import DRIVERS
from lockstep.verdict import Verdict
from tests.repository import REPOSITORY

EXAMPLE = "examples.sequential_executor:Sequential"
VECTORS = REPOSITORY / "corpora" / "vectors"


def test_the_example_agrees_on_generated_cases() -> None:
    with open_steered(Setting(EXAMPLE), MemoryStores()) as lane:
        for number in range(300):
            run = lane.run_random(case_at("example", number), stream("example", number))
            assert run.verdict is Verdict.AGREE, (number, run.differences)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_example_agrees_on_every_vector(driver: str) -> None:
    for path in sorted(VECTORS.glob("*.json")):
        replayed = replay(load(path), MemoryStores(), Setting(EXAMPLE, driver=driver))
        assert replayed.run.verdict is Verdict.AGREE, (path.name, replayed.run.differences)
