"""The quick form of the attack, and that the attack sees what must not be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from random import Random
from typing import NoReturn

import pytest

from lockstep.case.file import to_bytes
from lockstep.faults import HarnessFault, UsageError
from tests.attack.files import Counts, attack, use_all
from tests.attack.mutations import mutated_bytes, mutated_values
from tests.harness.small import record

CASE = to_bytes(record())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[None]:
    with chdir(tmp_path):
        yield


@pytest.mark.parametrize("seed", ["one", "two"])
def test_mutated_files_end_with_a_result_or_in_one_line_and_accuse_nobody(seed: str) -> None:
    counts = attack(seed, 150, 250)
    assert counts.wrong == []
    assert counts.accused == []
    assert counts.slow == []
    assert counts.ends["replay: agree"] > 20
    assert counts.ends["replay: diverge"] > 0
    assert counts.ends["replay: refused"] > 100


def test_the_same_seed_attacks_in_the_same_way() -> None:
    assert attack("one", 20, 40).ends == attack("one", 20, 40).ends
    assert attack("one", 20, 40).ends != attack("two", 20, 40).ends


def test_mutations_differ_from_each_other() -> None:
    for mutate in (mutated_bytes, mutated_values):
        changed = [mutate(CASE, Random(seed), CASE) for seed in range(200)]
        assert len(set(changed)) > 120


# The attack sees what must not be.


def ended(use: object) -> Counts:
    counts = Counts()
    assert callable(use)
    use_all("made", CASE, {"use": use}, counts)
    return counts


def test_a_use_that_ends_well_is_not_wrong() -> None:
    counts = ended(lambda _: iter(["agree mutated.json (batched, 4 workers)"]))
    assert (counts.wrong, counts.accused) == ([], [])
    assert counts.ends == {"use: agree": 1}


@pytest.mark.parametrize(
    "error", [KeyError("x"), ValueError("\ud800"), RecursionError(), HarnessFault("x")]
)
def test_an_error_that_nobody_caught_is_wrong(error: Exception) -> None:
    def use(_: Path) -> NoReturn:
        raise error

    [text] = ended(use).wrong
    assert type(error).__name__ in text


def test_a_refusal_that_is_not_one_harmless_line_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def use(_: Path) -> NoReturn:
        raise UsageError("in two\nlines")

    assert ended(use).wrong == []
    monkeypatch.setattr("lockstep.faults.shown", lambda text, _: text)
    [text] = ended(use).wrong
    assert "not one harmless line" in text


def test_an_accusation_of_a_correct_executor_is_noted() -> None:
    counts = ended(lambda _: iter(["diverge mutated.json (batched, 4 workers, scheduled)"]))
    assert len(counts.accused) == 1
