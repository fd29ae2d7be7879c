"""What a process reached by itself is compared, and what only that brings about is told as that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lockstep.case.file import Setting
from lockstep.case.values import BlockStep, Case, RewindStep
from lockstep.findings.replay import replay
from lockstep.findings.replayed import Rung
from lockstep.generate.references import with_references
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.schedules.mix import Mix
from lockstep.targets.program.target import LIVED_SHARE, ProgramLane, ProgramTarget
from lockstep.verdict import Verdict
from tests.harness.findings.keeping import kept_finding, load_finding
from tests.harness.small import block, case_of, pays
from tests.harness.targets.program.inside import Flaw, Inside, inside

PAYMENTS = [block(pays(f"t{nonce}", nonce)) for nonce in range(4)]
CHAIN = case_of(*PAYMENTS)
REWOUND = case_of(*PAYMENTS[:3], RewindStep(2), block(pays("u1", 1)))
TWOS = [block(pays(f"a{at}", 2 * at), pays(f"b{at}", 2 * at + 1)) for at in range(3)]
Answer = Callable[[Any], Any]


def said(flaw: Flaw, case: Case, name: str = "dag") -> Run:
    with ProgramLane(inside(name, flaw), Setting("flawed"), MemoryStores()) as lane:
        return lane.run_plain(case)


def wrong_at_its_third_block(process: Inside, request: Any, answer: Answer) -> Any:
    """Count blocks since the state was loaded; the third one pays a fee more."""
    if request["type"] == "load_state":
        process.notes["blocks"] = 0
    right = answer(request)
    if request["type"] == "execute_block":
        process.notes["blocks"] += 1
        if process.notes["blocks"] == 3:
            right["outcome"]["fees"] = str(int(right["outcome"]["fees"]) + 1)
    return right


def wrong_now_and_then(process: Inside, request: Any, answer: Answer) -> Any:
    """Go wrong at every third block, whatever was loaded before it."""
    right = answer(request)
    if request["type"] == "execute_block":
        process.notes["blocks"] = process.notes.get("blocks", 0) + 1
        if process.notes["blocks"] % 3 == 0:
            right["outcome"]["fees"] = str(int(right["outcome"]["fees"]) + 1)
    return right


def rewinds_one_block_less(_: Inside, request: Any, answer: Answer) -> Any:
    if request["type"] == "rewind" and request["blocks"] > 1:
        return answer({**request, "blocks": request["blocks"] - 1})
    return answer(request)


def forgets_the_past(process: Inside, request: Any, answer: Answer) -> Any:
    """Answer for every version what the first one was."""
    if request["type"] == "load_state":
        process.notes["first"] = request["topoheight"]
    if request["type"] == "read_state":
        return answer({**request, "topoheight": process.notes["first"]})
    return answer(request)


def merges_at_the_wrong_height(process: Inside, request: Any, answer: Answer) -> Any:
    """Show the state of the newest version at the one before it, too."""
    if request["type"] == "execute_block":
        process.notes["newest"] = request["topoheight"]
    if request["type"] == "read_state" and "newest" in process.notes:
        newest = int(process.notes["newest"])
        if int(request["topoheight"]) == newest - 1:
            return answer({**request, "topoheight": str(newest)})
    return answer(request)


def test_a_chain_agrees_and_every_version_of_it_is_read() -> None:
    asked: list[str] = []

    def noted(_: Inside, request: Any, answer: Answer) -> Any:
        asked.append(request["type"])
        return answer(request)

    assert said(noted, REWOUND).verdict is Verdict.AGREE
    assert asked.count("rewind") == 1
    assert asked.count("load_state") == 1
    assert asked.count("read_state") == 2 + 3 + 4 + 2 + 3


def test_what_only_a_state_reached_by_itself_shows_is_history_and_no_race() -> None:
    run = said(wrong_at_its_third_block, CHAIN)
    assert run.verdict is Verdict.HISTORY
    assert len(run.blocks) == 3
    assert run.differences[0].field == "fees"
    assert (run.differences[-1].field, run.differences[-1].where) == ("history", "after 2 blocks")


def test_what_comes_and_goes_on_a_loaded_state_too_is_not_history() -> None:
    run = said(wrong_now_and_then, CHAIN)
    assert run.verdict is Verdict.DIVERGE


def test_a_rewind_that_goes_back_too_little_is_history() -> None:
    assert said(rewinds_one_block_less, REWOUND).verdict is Verdict.HISTORY
    assert said(rewinds_one_block_less, CHAIN).verdict is Verdict.AGREE


def test_an_older_version_that_reads_as_another_is_history() -> None:
    run = said(merges_at_the_wrong_height, CHAIN)
    assert run.verdict is Verdict.HISTORY
    assert run.differences[0].field == "older stored state"


def test_the_newest_version_is_read_too() -> None:
    run = said(forgets_the_past, CHAIN)
    assert run.verdict is Verdict.DIVERGE
    assert len(run.blocks) == 1


def test_versions_are_loaded_with_a_state_where_that_is_declared() -> None:
    """Every manner after the first is executed on the same chain, loaded."""
    loads: list[Any] = []

    def noted(_: Inside, request: Any, answer: Answer) -> Any:
        if request["type"] == "load_state":
            loads.append([each["topoheight"] for each in request.get("versions", [])])
            assert request["topoheight"] == str(len(loads[-1]))
        return answer(request)

    with ProgramLane(inside("dag", noted), Setting("loaded"), MemoryStores()) as lane:
        run = lane.run_mixed(case_of(*TWOS), Random(0), Mix(1000))
    assert run.verdict is Verdict.AGREE
    assert max(loads) == ["0", "1"]
    assert [] in loads


def test_some_cases_are_lived_through_in_one_manner_by_what_has_a_history() -> None:
    with ProgramLane(inside("dag"), Setting("lived"), MemoryStores()) as lane:
        twos = case_of(
            *(block(pays(f"a{at}", 2 * at), pays(f"b{at}", 2 * at + 1)) for at in (0, 1))
        )
        executions = [
            lane.run_mixed(twos, Random(seed), Mix(1000)).executions for seed in range(60)
        ]
    assert set(executions) == {2, 10}
    assert executions.count(2) == pytest.approx(60 * LIVED_SHARE, abs=8)


def remembers_references(process: Inside, request: Any, answer: Answer) -> Any:
    """Refuse a block that names a version which was neither loaded nor reached."""
    if request["type"] == "load_state":
        versions = [each["topoheight"] for each in request.get("versions", [])]
        process.notes["held"] = {*versions, request["topoheight"]}
    if request["type"] == "execute_block":
        named = {each["reference_topoheight"] for each in request["block"]["transactions"]}
        assert named <= process.notes["held"], "a version that this process never held"
        process.notes["held"].add(request["topoheight"])
    return answer(request)


def without_load(process: Inside, request: Any, answer: Answer) -> Any:
    right = remembers_references(process, request, answer)
    if request["type"] == "hello":
        right["capabilities"]["history"] = ["rewind", "read_state"]
    return right


REFERRING = with_references(case_of(*TWOS), ["older"], Random(0))


@pytest.mark.parametrize(("flaw", "executions"), [(remembers_references, 15), (without_load, 3)])
def test_a_reference_is_sent_to_none_who_does_not_hold_its_version(
    flaw: Flaw, executions: int
) -> None:
    """Where versions cannot be loaded, the chain is executed once, from its first state on."""
    with ProgramLane(inside("dag", flaw), Setting("held"), MemoryStores()) as lane:
        run = lane.run_mixed(REFERRING, Random(0), Mix(1000))
        assert run.verdict is Verdict.AGREE
        assert run.executions == executions


def test_a_reference_to_what_would_have_to_be_loaded_is_unsupported() -> None:
    steps = [replace(step, parallel=at != 1) for at, step in enumerate(REFERRING.steps)]  # type: ignore[arg-type]
    run = said(without_load, replace(REFERRING, steps=tuple(steps)))
    assert run.verdict is Verdict.UNSUPPORTED
    assert run.not_compared == ("references: a version that was not loaded",)


def test_a_finding_of_history_keeps_the_blocks_that_lead_to_it_and_replays(tmp_path: Path) -> None:
    longer = case_of(*(block(pays(f"t{at}", at), pays(f"v{at}", 0)) for at in range(4)))
    target = ProgramTarget("flawed", inside("dag", wrong_at_its_third_block))
    with target.open(Setting("flawed"), MemoryStores()) as lane:
        run = lane.run_plain(longer)
        assert run.verdict is Verdict.HISTORY
        finding = kept_finding(longer, run, lane, tmp_path)
    assert finding.run.verdict is Verdict.HISTORY
    assert [type(step) for step in finding.case.steps] == [BlockStep] * 3
    assert finding.case.transactions() == 0
    replayed = replay(load_finding(finding), MemoryStores(), target=target)
    assert (replayed.run.verdict, replayed.rung) == (Verdict.HISTORY, Rung.DEVIATIONS)
    right = ProgramTarget("right", inside("dag"))
    assert replay(load_finding(finding), MemoryStores(), target=right).run.verdict is Verdict.AGREE
