"""The protocol's own data: right executors give the recorded answers, and a wrong one does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
from click.testing import CliRunner

from lockstep.check.wire import Wire
from lockstep.cli.main import main
from lockstep.export.conversations import conversations, write_conversations
from lockstep.export.frames import payloads
from lockstep.targets.program.schema import schema
from tests.harness.check.flaws import wrong_with
from tests.harness.targets.program.inside import inside


def matches(expected: Any, found: Any) -> bool:
    """Tell whether ``found`` has all that ``expected`` has, as a test in any language would."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found
            and (
                sorted(found[name]) == sorted(each)
                if name == "created"
                else matches(each, found[name])
            )
            for name, each in expected.items()
        )
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    return bool(expected == found)


def agreeing(program: Any, folder: Path) -> list[bool]:
    """Play every conversation of ``folder`` and tell of each whether all its answers match."""
    told = []
    for path in sorted(folder.glob("*.json")):
        if path.name == "protocol.schema.json":
            continue
        exchanges = json.loads(path.read_bytes())["exchanges"]
        with Wire(program) as wire:
            told.append(
                all(matches(each["answer"], wire.ask(each["request"])) for each in exchanges)
            )
    return told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("conversations")
    assert write_conversations(made) > 25
    return made


@pytest.mark.parametrize("name", ["dag", "optimistic"])
def test_an_executor_that_is_right_gives_every_answer(name: str, folder: Path) -> None:
    assert set(agreeing(inside(name, precomputed=True), folder)) == {True}


def test_one_that_is_wrong_about_burns_does_not(folder: Path) -> None:
    told = agreeing(inside("dag", wrong_with("burn"), precomputed=True), folder)
    assert told.count(False) >= 3
    assert told.count(True) > 10


def test_the_frames_are_the_requests(folder: Path) -> None:
    for path in sorted(folder.glob("*.in")):
        sent = [json.loads(each) for each in payloads(path.read_bytes())]
        exchanges = json.loads(path.with_suffix(".json").read_bytes())["exchanges"]
        assert sent == [each["request"] for each in exchanges]


def test_every_request_validates_against_the_schema_beside_it(folder: Path) -> None:
    written = json.loads((folder / "protocol.schema.json").read_bytes())
    assert written == schema()
    validate = fastjsonschema.compile(written, use_default=False)
    for each in conversations():
        for request, _ in each.exchanges:
            validate(request)


def test_the_data_is_the_same_whenever_it_is_exported(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["export", "--protocol", str(tmp_path)])
    assert result.exit_code == 0
    assert f"conversations in {tmp_path}" in result.output
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
