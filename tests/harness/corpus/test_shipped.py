"""What the package ships is what the vectors hold, and every campaign begins with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.case.file import from_bytes, load
from lockstep.cli.main import main
from lockstep.corpus.shipped import SHIPPED, lines_of, shipped_cases
from lockstep_ledger.schemes import SCHEMES
from tests.repository import REPOSITORY

VECTORS = REPOSITORY / "corpora" / "vectors"


def test_the_file_is_what_the_command_makes_of_the_vectors() -> None:
    """If not: python -m lockstep.corpus.shipped corpora/vectors."""
    assert SHIPPED.read_bytes() == b"".join(lines_of(VECTORS))


def test_every_vector_is_shipped_as_it_is() -> None:
    records = [from_bytes(line) for line in SHIPPED.read_bytes().splitlines()]
    shipped = {record.origin["name"]: record.case for record in records}
    assert shipped == {path.stem: load(path).case for path in VECTORS.glob("*.json")}


def test_those_with_the_fewest_transactions_come_first() -> None:
    sizes = [case.transactions() for case in shipped_cases("keyed-hash")]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0 < sizes[-1]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_they_are_run_under_the_scheme_of_the_campaign(scheme: str) -> None:
    assert {case.scheme for case in shipped_cases(scheme)} == {scheme}


def test_a_campaign_and_an_audit_begin_with_them(tmp_path: Path) -> None:
    """What fails wherever there is a transaction fails on the first vector that has one."""
    sizes = [case.transactions() for case in shipped_cases("keyed-hash")]
    first = next(number for number, size in enumerate(sizes) if size)
    executor = ("--executor", "tests.harness.faulty_executors:CrashingTask", "--storage", "memory")
    fuzzing = ("--cases", "20", "--seed", "any", "--findings", str(tmp_path / "fuzzed"))
    CliRunner().invoke(main, ["fuzz", *executor, *fuzzing])
    findings = (tmp_path / "fuzzed").glob("*/*.json")
    assert min(int(load(each).origin["case"]) for each in findings) == first
    file = tmp_path / "audit.json"
    auditing = ("--campaigns", "1", "--findings", str(tmp_path / "kept"), "--json", str(file))
    CliRunner().invoke(main, ["audit", *executor, *auditing])
    (subject,) = json.loads(file.read_text())["subjects"]
    assert subject["trials"][0]["searched"]["cases"] == first + 1
