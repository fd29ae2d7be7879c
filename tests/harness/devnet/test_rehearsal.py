"""The rehearsal of the rollout: a correct node ends right, a wrong executor is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.case.values import Case
from lockstep.cli.main import main
from lockstep.devnet.rehearsal import Chain, Rehearsed, rehearse
from lockstep.devnet.traffic import block_at, genesis
from lockstep.run.stores import open_stores


def rehearsed(chain: Chain, storage: str = "memory") -> Rehearsed:
    with open_stores(storage) as stores, stores.holding(genesis()) as store:
        return rehearse(chain, store, lambda _seen: None)


@pytest.mark.parametrize("storage", ["memory", "rocksdb"])
def test_a_chain_with_mixed_paths_and_rewinds_is_right_after_every_block(storage: str) -> None:
    seen = rehearsed(Chain("right", 60, 20, ("batched", "batched-workers")), storage)
    assert seen.slips == []
    assert seen.compared == seen.applied > 60
    assert seen.rewinds > 0
    assert {word.split()[0] for word in seen.ways} == {
        "path",
        "executor",
        "driver",
        "access",
        "workers",
    }
    assert {"path sequential", "path parallel", "path both"} <= seen.ways.keys()


def test_the_final_digest_is_the_same_on_every_storage() -> None:
    chain = Chain("same", 30, 20)
    assert rehearsed(chain, "memory").digest == rehearsed(chain, "rocksdb").digest


def test_a_saved_chain_ends_in_the_same_state_however_it_is_executed() -> None:
    first = rehearsed(Chain("right", 60, 12))
    saved = Case(genesis(), tuple(first.steps))
    again = rehearsed(Chain("other", 1, 0, ("dag", "pipelined"), saved=saved), "rocksdb")
    assert again.digest == first.digest
    assert again.steps == first.steps
    assert again.rewinds == first.rewinds > 0
    assert again.ways != first.ways


def test_a_saved_chain_shows_a_wrong_executor() -> None:
    saved = Case(genesis(), tuple(rehearsed(Chain("right", 60, 12)).steps))
    assert rehearsed(Chain("other", 1, 0, ("canary",), saved=saved)).slips


@pytest.mark.parametrize("executor", ["canary", "lockstep_mutants.races:DestinationsMissing"])
def test_a_wrong_executor_is_found_and_the_chain_goes_on_rightly(executor: str) -> None:
    chain = Chain("wrong", 60, 30, (executor,))
    seen = rehearsed(chain)
    assert seen.slips
    assert seen.digest == rehearsed(Chain("wrong", 60, 30, ("batched",))).digest


def test_the_traffic_of_a_block_depends_on_seed_number_and_state_alone() -> None:
    one = block_at("traffic", 3, genesis(), 20)
    assert one == block_at("traffic", 3, genesis(), 20)
    assert one != block_at("traffic", 4, genesis(), 20)


def digest_of(output: str) -> str:
    return output.partition("final state digest ")[2].strip()


def test_the_command_ends_with_0_and_a_digest_or_with_1_and_a_finding(tmp_path: Path) -> None:
    runner = CliRunner()
    options = ["devnet", "--blocks", "15", "--seed", "cli", "--findings", str(tmp_path)]
    right = runner.invoke(main, options)
    assert right.exit_code == 0, right.output
    assert "final state digest" in right.output
    chain = tmp_path / "chain" / "saved.json"
    saved = runner.invoke(main, [*options, "--save", str(chain)])
    again = runner.invoke(main, ["devnet", "--chain", str(chain), "--seed", "other"])
    assert saved.exit_code == again.exit_code == 0, again.output
    assert digest_of(saved.output) == digest_of(again.output) == digest_of(right.output)
    replayed = runner.invoke(main, ["replay", str(chain), "--executor", "dag"])
    assert replayed.exit_code == 0, replayed.output
    chain.unlink()
    wrong = runner.invoke(main, [*options, "--executor", "canary"])
    assert wrong.exit_code == 1
    assert list(tmp_path.rglob("*.json"))
    assert (
        wrong.output.index("met ")
        < wrong.output.index("DIVERGE")
        < wrong.output.index("blocks applied")
    )
