"""Every seed agrees, is written canonically, and the seeds together reach what they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.case.file import Setting, from_bytes, load, to_bytes
from lockstep.case.values import BlockStep, RewindStep
from lockstep.corpus.behaviours import CLASSES, facts_of
from lockstep.run.stores import MemoryStores
from lockstep.targets.named import open_steered
from lockstep.verdict import Verdict
from lockstep_ledger.outcome import Code
from tests.corpora.test_corpora import CORPORA

SEEDS = sorted((CORPORA / "seeds").glob("*.json"))
MOST = 150
"""A campaign that starts from the seeds runs them all first."""

each_seed = pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)


@each_seed
def test_a_seed_agrees_whichever_way_it_is_executed(path: Path) -> None:
    case = load(path).case
    for executor in ("batched", "dag", "pipelined"):
        with open_steered(Setting(executor), MemoryStores()) as lane:
            run = lane.run_sequential(case)
        assert run.verdict is Verdict.AGREE, (executor, run.differences)


@each_seed
def test_the_bytes_of_a_seed_are_canonical_and_name_it(path: Path) -> None:
    data = path.read_bytes()
    record = from_bytes(data)
    assert to_bytes(record) == data
    assert record.origin.keys() == {"kind", "seed", "case"}
    assert record.setting is None


def test_the_seeds_are_few_and_nothing_else_is_in_their_folder() -> None:
    assert 50 <= len(SEEDS) <= MOST
    assert {each.name for each in (CORPORA / "seeds").iterdir()} == {each.name for each in SEEDS}


def test_the_seeds_meet_every_code_class_of_fact_path_fault_and_rewind() -> None:
    cases = [load(path).case for path in SEEDS]
    with open_steered(Setting("dag"), MemoryStores()) as lane:
        facts = {fact for case in cases for fact in facts_of(case, lane.run_sequential(case))}
    steps = [step for case in cases for step in case.steps]
    blocks = [step for step in steps if isinstance(step, BlockStep)]
    assert {fact[0] for fact in facts} == set(CLASSES)
    assert {fact[2] for fact in facts if fact[0] == "result"} == {code.name for code in Code}
    assert {step.blocks for step in steps if isinstance(step, RewindStep)} == {1, 2}
    assert {(step.parallel, step.warm) for step in blocks} >= {(True, True), (False, False)}
    faults = {type(step.fault).__name__ for step in blocks if step.fault is not None}
    assert faults == {"MergeDies", "ReadsFail", "Onlooker"}
