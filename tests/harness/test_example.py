"""The example executor of the documentation runs as the documentation says, and agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.case.file import Setting, load
from harness.generate.mixture import case_number
from harness.replay import replay
from harness.runner import DRIVERS, Runner
from harness.seeds import stream
from harness.stores import MemoryStores
from harness.verdict import Verdict

EXAMPLE = "examples.sequential_executor:Sequential"
VECTORS = Path(__file__).resolve().parents[2] / "corpora" / "vectors"


def test_the_example_agrees_on_generated_cases() -> None:
    with Runner(Setting(EXAMPLE), MemoryStores()) as runner:
        for number in range(300):
            run = runner.run_random(case_number("example", number), stream("example", number))
            assert run.verdict is Verdict.AGREE, (number, run.differences)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_example_agrees_on_every_vector(driver: str) -> None:
    for path in sorted(VECTORS.glob("*.json")):
        replayed = replay(load(path), MemoryStores(), Setting(EXAMPLE, driver=driver))
        assert replayed.run.verdict is Verdict.AGREE, (path.name, replayed.run.differences)
