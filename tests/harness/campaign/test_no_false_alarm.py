"""No correct executor is accused: 50,000 executions of blocks under the campaign's schedules."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from lockstep.campaign.plan import Plan
from lockstep.campaign.worker import CHUNK, Worker
from lockstep.case.file import Setting
from lockstep.targets.named import BUILT_IN, FAULTY
from lockstep.verdict import Verdict
from tests.repository import REPOSITORY

LEAST = {
    "auto": 500,
    "batched": 2_000,
    "batched-credits": 2_000,
    "batched-accounts": 2_000,
    "batched-workers": 8_000,
    "dag": 5_000,
    "dag-credits": 5_000,
    "dag-accounts": 5_000,
    "optimistic": 8_000,
    "optimistic-credits": 4_000,
    "optimistic-rounds": 4_000,
    "optimistic-rounds-credits": 4_000,
    "pipelined": 500,
}
"""Executions of each. Those with few a case, where nothing competes, cost the most."""


def test_every_correct_executor_has_its_share_of_50_000_executions() -> None:
    assert LEAST.keys() == BUILT_IN.keys() - FAULTY
    assert sum(LEAST.values()) >= 50_000


@pytest.mark.parametrize("script", ["nightly", "freethreaded"])
def test_the_long_scripts_run_every_correct_executor(script: str) -> None:
    text = (REPOSITORY / "ci" / script).read_text(encoding="utf-8")
    (named,) = re.findall(r"^executors=.*$", text, re.MULTILINE)
    (loop,) = re.findall(r"^for executor in \$executors; do$", text, re.MULTILINE)
    listed = subprocess.run(  # noqa: S603 - the script's own lines
        ["/bin/bash", "-c", f'set -eu\n{named}\n{loop} echo "$executor"; done'],
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(listed.stdout.split()) == LEAST.keys()


@pytest.mark.parametrize("executor", sorted(LEAST))
def test_a_correct_executor_is_never_accused(executor: str) -> None:
    executions = 0
    with closing(Worker(Plan("alarm", (Setting(executor),), "memory"), "main")) as bench:
        for start in count(0, CHUNK):
            for ran in bench.runs(start, CHUNK):
                executions += ran.executions
                assert ran.run.verdict is Verdict.AGREE, (ran.number, ran.run.differences)
                if executions >= LEAST[executor]:
                    return
