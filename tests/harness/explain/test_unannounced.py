"""An unannounced failure is told by its two steps and by what they touch and do not announce."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.case.file import Record, Setting, save
from lockstep.case.values import Case
from lockstep.cli.exit_codes import AGREE, DIVERGENCE
from lockstep.cli.main import main
from lockstep.explain.saved import Explained, explain_record
from lockstep.explore.moves import SELECTIONS, Kind
from lockstep.explore.scope import Scope
from lockstep.run.stores import MemoryStores
from lockstep.targets.exchanging import ExchangingLane
from lockstep.targets.named import open_steered
from lockstep.targets.steered import SteeredLane
from lockstep.verdict import Verdict

MODULE = "tests.harness.explore.unannounced"
TRANSFERS = SELECTIONS["transfers"]
TOLD = {
    "ToldAsTheyEnd": "both change ended, which neither announces",
    "CountsUnseen": "t. changes the burned counter, and t. reads it, which neither announces",
    "PaysUnseen": r"t(.) changes \w+'s balance, and t. reads it, which t\1 does not announce",
    "AsksUnseen": "both change paid, which neither announces",
    "CountsInItsClass": r"both change CountsInItsClass\.ended, which neither announces",
    "CountsInItsModule": r"both change unannounced\.ENDED, which neither announces",
}


def unannounced_case(lane: SteeredLane, name: str) -> Case:
    """Return the first case of a small scope that only an exchange of steps shows."""
    kinds = (Kind.BURN,) if name == "CountsUnseen" else TRANSFERS
    scope = Scope(2, 4, kinds)
    exchanging = ExchangingLane(lane)
    for case in map(scope.case, scope.blocks()):
        if exchanging.run_plain(case).verdict is Verdict.UNANNOUNCED:
            return case
    raise AssertionError(f"{name} agrees on all cases")


def explained(name: str) -> Explained:
    with open_steered(Setting(f"{MODULE}:{name}"), MemoryStores()) as lane:
        record = Record(unannounced_case(lane, name), {}, verdict="unannounced")
        return explain_record(record, lane, 0)


@pytest.mark.parametrize("name", TOLD)
def test_a_sentence_names_the_steps_and_what_they_touch(name: str) -> None:
    found = explained(name)
    assert found.run.verdict is Verdict.UNANNOUNCED
    steps, _, told = found.unannounced.partition(" do not commute: ")
    assert re.fullmatch(TOLD[name], told), found.unannounced
    assert re.findall(r"(t\d) after its step", steps) in (["t0", "t1"], ["t1", "t0"])


def test_the_steps_are_those_of_the_verdict() -> None:
    found = explained("PaysUnseen")
    named = found.run.differences[0].where
    first, second = (part.partition("@")[2].partition("[")[0] for part in named.split(", "))
    assert f"step {first}" in found.unannounced
    assert f"step {second}" in found.unannounced


def test_the_command_explains_a_file_and_says_where_it_does_not_fail(tmp_path: Path) -> None:
    executor = f"{MODULE}:PaysUnseen"
    with open_steered(Setting(executor), MemoryStores()) as lane:
        case = unannounced_case(lane, "PaysUnseen")
    file = str(save(Record(case, {}, setting=Setting(executor), verdict="unannounced"), tmp_path))
    told = CliRunner().invoke(main, ["explain", file, "--trust"])
    assert told.exit_code == DIVERGENCE, told.output
    assert told.stdout.startswith("UNANNOUNCED  executor")
    assert "unannounced: t0 after its step" in told.stdout
    assert "no race" not in told.stdout
    mended = CliRunner().invoke(main, ["explain", file, "--executor", "batched"])
    assert mended.exit_code == AGREE, mended.output
    assert "does not fail any more" in mended.stdout
