"""What `lockstep bench` times is work that succeeds, by executors that equal the reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.bench.bound import Bound, longest_share
from lockstep.bench.contest import Entrant, run_contest
from lockstep.bench.workloads import CHAIN_LENGTH, WORKLOADS, workload
from lockstep.cli.main import main
from lockstep.run.stores import MemoryStores
from lockstep_ledger.outcome import Code
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference

each_workload = pytest.mark.parametrize("name", WORKLOADS)


@each_workload
def test_every_transaction_of_a_workload_succeeds(name: str) -> None:
    made = workload(name, 60, 40, "keyed-hash", "seed")
    outcome = reference.execute(made.block, MemoryStorage(made.state), SCHEMES["keyed-hash"])
    assert [each.code for each in outcome.receipts] == [Code.SUCCESS] * 60


@each_workload
def test_a_workload_is_the_same_for_the_same_seed_only(name: str) -> None:
    one, same, other = (workload(name, 20, 40, "keyed-hash", seed) for seed in ("a", "a", "b"))
    assert one == same
    assert one != other


def test_the_longest_row_is_what_the_shape_says() -> None:
    def share(name: str) -> float:
        return longest_share(workload(name, 100, 1000, "keyed-hash", "seed"))

    assert share("hot-sender") == share("hot-receiver") == 1
    assert share("chains") >= CHAIN_LENGTH / 100
    assert share("uniform") < 0.1


def test_the_bound_is_the_work_shared_or_the_deciding_of_the_longest_row() -> None:
    bound = Bound(work=8.0, deciding=3.0, longest=1.0)
    assert bound.seconds(1) == 8
    assert bound.seconds(2) == 4
    assert bound.seconds(8) == 3


def test_everybody_is_timed_beside_the_reference_and_says_how_it_went() -> None:
    made = workload("zipf-1.2", 30, 20, "schnorr", "seed")
    entrants = [Entrant("auto", 1), Entrant("auto", 2), Entrant("batched", 2)]
    result = run_contest(made, entrants, "schnorr", MemoryStores(), 2)
    assert [each.entrant for each in result.timed] == entrants
    assert all(each.seconds > 0 and each.ratio > 0 for each in result.timed)
    alone, together, batched = (each.statistics for each in result.timed)
    assert alone.fallback == "one worker"
    assert together.fallback == ""
    assert batched.batches > 1
    assert {each.statistics.executions for each in result.timed} == {30}


def test_an_executor_that_is_wrong_has_no_time() -> None:
    made = workload("uniform", 10, 20, "keyed-hash", "seed")
    (timed,) = run_contest(made, [Entrant("canary", 1)], "keyed-hash", MemoryStores(), 1).timed
    assert timed.differences
    assert timed.seconds == timed.ratio == timed.efficiency == 0


def run(*arguments: str) -> tuple[int, str]:
    small = ("--transactions", "10", "--accounts", "20", "--rounds", "1", "--workload", "mixed")
    result = CliRunner().invoke(main, ["bench", "--scheme", "keyed-hash", *small, *arguments])
    return result.exit_code, result.output


def test_the_command_prints_a_row_for_everybody_and_writes_the_numbers(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    code, output = run("--executor", "batched", "--executor", "dag", "--json", str(file))
    assert code == 0
    assert "GIL" in output
    assert output.count("batched") == output.count("dag") == 2
    written = json.loads(file.read_text(encoding="utf-8"))
    (result,) = written["results"]
    assert [each["workers"] for each in result["executors"]] == [1, 2, 1, 2]


def test_the_command_ends_with_1_and_says_where_if_an_executor_differs() -> None:
    code, output = run("--executor", "canary", "--workers", "1")
    assert code == 1
    assert "differs" in output
    assert "modified_balances" in output


def test_an_executor_in_another_process_is_a_usage_error() -> None:
    code, output = run("--executor", "cmd:true")
    assert code == 2
    assert "outside" in output
