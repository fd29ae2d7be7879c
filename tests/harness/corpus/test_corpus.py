"""Distilling keeps exactly what is covered, growing adds only what is not; the commands say so."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from lockstep.case.file import save
from lockstep.cli.exit_codes import AGREE, FAULT, USAGE
from lockstep.cli.main import main
from lockstep.corpus.behaviours import Fact
from lockstep.corpus.distill import Candidate, covered, distill
from lockstep.corpus.grow import grow
from lockstep.corpus.observe import observing
from tests.harness.small import block, case_of, payment, pays, record

ONE = ("batched",)

sets = st.frozensets(st.integers(0, 12).map(lambda number: ("fact", str(number))), max_size=6)
corpora = st.lists(st.tuples(sets, st.integers(0, 16)), max_size=12).map(
    lambda each: [Candidate(f"{number:02}", *pair) for number, pair in enumerate(each)]
)


def facts_of(candidates: list[Candidate]) -> set[Fact]:
    return set(covered(candidates))


@given(corpora)
def test_what_is_kept_covers_exactly_what_all_covered(candidates: list[Candidate]) -> None:
    kept = distill(candidates)
    assert facts_of(kept) == facts_of(candidates)
    assert all(each in candidates for each in kept)


@given(corpora)
def test_nothing_kept_is_dispensable(candidates: list[Candidate]) -> None:
    kept = distill(candidates)
    for each in kept:
        others = [other for other in kept if other is not each]
        assert facts_of(others) < facts_of(kept)


@given(corpora, st.integers(0, 9))
def test_the_order_of_the_candidates_does_not_matter(
    candidates: list[Candidate], order: int
) -> None:
    shuffled = candidates.copy()
    Random(order).shuffle(shuffled)
    assert distill(shuffled) == distill(candidates)


def test_small_cases_are_kept_rather_than_a_large_one_that_does_the_same() -> None:
    left, right = ("fact", "left"), ("fact", "right")
    large = Candidate("large", frozenset((left, right)), 20)
    small = [Candidate("l", frozenset((left,)), 1), Candidate("r", frozenset((right,)), 1)]
    assert distill([large, *small]) == small


def test_growing_adds_what_brings_the_new_facts_and_nothing_else() -> None:
    with observing(ONE) as observer:
        growth = grow([], observer, "grow", 60)
        assert growth.failing == ()
        observed = [observer.observe(each.case).facts for each in growth.added]
        assert len(frozenset().union(*observed)) == growth.after > growth.before == 0
        assert all(
            len(frozenset().union(*observed[:at], *observed[at + 1 :])) < growth.after
            for at in range(len(observed))
        )
        assert grow([], observer, "grow", 60).added == growth.added


def test_a_case_that_fails_is_left_out_and_told() -> None:
    with observing(("canary",)) as observer:
        growth = grow([], observer, "grow", 20)
        assert growth.failing
        assert all(observer.observe(each.case).agrees for each in growth.added)


# The commands.


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["corpus", *(str(each) for each in arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a payment, a longer case that does more, and one that does the same."""
    for case in (
        payment(),
        case_of(block(pays("t0", 0, amount=3))),
        case_of(block(pays("t0", 0), pays("t1", 9))),
    ):
        save(record(case), tmp_path)
    return tmp_path


def test_distill_only_tells_unless_it_is_asked_to_do_something(folder: Path) -> None:
    before = sorted(folder.iterdir())
    result = run("distill", folder, "--executor", "batched")
    assert result.exit_code == AGREE
    assert result.stdout.count("not needed") == 1
    assert "2 of 3 cases, 3 of 4 transactions, cover the same" in result.stdout
    assert sorted(folder.iterdir()) == before


def test_distill_removes_or_copies_on_demand(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = tmp_path_factory.mktemp("kept")
    assert run("distill", folder, "--executor", "batched", "--into", kept).exit_code == AGREE
    result = run("distill", folder, "--executor", "batched", "--remove")
    assert result.exit_code == AGREE
    names = {path.name for path in kept.iterdir()}
    assert {path.name for path in folder.glob("*.json")} == names
    assert len(names) == 2


def test_cover_shows_every_class_and_the_number_of_facts(folder: Path) -> None:
    result = run("cover", folder, "--executor", "batched")
    assert result.exit_code == AGREE
    assert "facts of 3 cases" in result.stdout
    assert "NONCE_TOO_HIGH" in result.stdout


def test_grow_adds_files_that_a_campaign_can_start_from(tmp_path: Path) -> None:
    result = run("grow", "--cases", 20, "--seed", "a", "--into", tmp_path, "--executor", "batched")
    assert result.exit_code == AGREE
    files = list(tmp_path.glob("*.json"))
    assert result.stdout.count("added ") == len(files) + 1
    fuzzed = CliRunner().invoke(
        main,
        ["fuzz", "--cases", "30", "--seed", "a", "--storage", "memory", "--seeds", str(tmp_path)],
    )
    assert fuzzed.exit_code == AGREE


@pytest.mark.parametrize(
    ("command", "summary"), [("grow", "cases added to"), ("fuzz", "verdict agree")]
)
def test_a_broken_file_among_those_to_begin_with_is_named_and_the_others_are_used(
    command: str, summary: str, tmp_path: Path
) -> None:
    run("grow", "--cases", 20, "--seed", "a", "--into", tmp_path, "--executor", "batched")
    (tmp_path / "a-broken.json").write_text("{")
    (tmp_path / "b-broken.json").write_text("[]")
    quick = ["--cases", "20", "--seed", "b"]
    words = {
        "grow": ["corpus", "grow", *quick, "--into", str(tmp_path), "--executor", "batched"],
        "fuzz": ["fuzz", *quick, "--storage", "memory", "--seeds", str(tmp_path)],
    }
    result = CliRunner().invoke(main, words[command])
    assert result.exit_code == USAGE
    told = [line for line in result.stderr.splitlines() if "-broken.json" in line]
    assert ["a-broken" in told[0], "b-broken" in told[1], len(told)] == [True, True, 2]
    assert summary in result.stdout


def test_grow_exits_3_when_a_case_fails(tmp_path: Path) -> None:
    result = run("grow", "--cases", 20, "--seed", "a", "--into", tmp_path, "--executor", "canary")
    assert result.exit_code == FAULT
    assert "failed and were left out" in result.stdout


@pytest.mark.parametrize("command", ["cover", "distill"])
def test_a_folder_without_cases_is_a_usage_error(command: str, tmp_path: Path) -> None:
    assert run(command, tmp_path).exit_code == USAGE


@pytest.mark.parametrize("command", ["cover", "distill"])
def test_a_file_that_cannot_be_used_is_named_and_left_as_it_is(command: str, folder: Path) -> None:
    bad = folder / "package.json"
    bad.write_text("{}")
    remove = ["--remove"] if command == "distill" else []
    result = run(command, folder, "--executor", "batched", *remove)
    assert result.exit_code == USAGE
    assert result.stderr == f"lockstep: {bad}: not a case file: it has no format version\n"
    assert "of 3 cases" in result.stdout
    assert bad.exists()


def test_growing_beside_a_file_that_cannot_be_used_is_refused(folder: Path) -> None:
    (folder / "package.json").write_text("{}")
    result = run("grow", "--cases", 3, "--seed", "a", "--into", folder)
    assert result.exit_code == USAGE
    assert "package.json: not a case file" in result.stderr
