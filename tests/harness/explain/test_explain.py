"""An explained race says exactly what happened otherwise than sequentially, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

from lockstep.case.file import Record, Setting, save
from lockstep.case.values import BlockStep, Case
from lockstep.cli.main import main
from lockstep.explain.investigate import investigate_race
from lockstep.explain.likelihood import Likelihood, greatest_jump, likelihoods
from lockstep.explain.lines import likelihood_line, race_lines
from lockstep.explain.observe import observe
from lockstep.explain.race import OtherResult, Race
from lockstep.explain.sentence import UNEXPLAINED, race_sentence, sentence
from lockstep.explain.timeline import timeline
from lockstep.explain.words import location_text, percent_text, value_text
from lockstep.findings.finding import Finding
from lockstep.report.finding import finding_lines
from lockstep.shrink.same_failure import SameFailure, schedule_of
from lockstep.streams import stream
from lockstep.verdict import Verdict
from lockstep_ledger.model import (
    NATIVE,
    Multisig,
    Transfer,
    Transfers,
)
from lockstep_parallel.executors.workers import BatchedByWorkers
from lockstep_parallel.steps.watch import WATCH
from tests.harness.explain.races import (
    ALICE,
    BACK,
    BOB,
    BUMPED,
    BURNED,
    CAROL,
    DAVE,
    EVE,
    FIRST_SEEN,
    FORWARDED,
    SECOND_RECEIVER,
    burns,
    by_energy,
    case_of,
    has,
    investigated,
    race_in,
    running,
    schedule,
    sends,
)
from tests.harness.findings.keeping import kept_finding

DESTINATIONS = "lockstep_mutants.races:DestinationsMissing"
LATER = "lockstep_mutants.races:LaterDestinationsMissing"
COUNTER = "lockstep_mutants.races:CounterUpdateLost"
BALANCES = {address: ("balance", (address, NATIVE)) for address in (ALICE, CAROL, DAVE)}


Data = tuple[tuple[object, ...], ...]


def reversals(race: Race) -> Data:
    return tuple(
        (each.location, each.first.address[:2], each.second.address[:2], each.here)
        for each in race.reversals
    )


def reads(race: Race) -> Data:
    return tuple(
        (each.transaction, each.location, each.seen, each.sequentially, each.writer)
        for each in race.reads
    )


# The data.


def test_the_conflicts_in_another_order_are_the_reads_before_the_write_they_follow() -> None:
    race = race_in(DESTINATIONS, FORWARDED, "t0@publish -> t1")
    assert reversals(race) == (
        (("exists", DAVE), ("t1", "exists"), ("t0", "publish"), (6, 11)),
        (BALANCES[DAVE], ("t1", "balance"), ("t0", "publish"), (10, 11)),
    )
    reversal = race.reversals[1]
    assert (reversal.first.value, reversal.second.value) == (0, 1)
    assert reversal.sequentially == (11, 6)


def test_a_read_has_what_it_saw_here_and_sequentially_and_who_wrote_that() -> None:
    race = race_in(DESTINATIONS, FORWARDED, "t0@publish -> t1")
    assert reads(race) == (
        ("t1", ("exists", DAVE), True, True, None),
        ("t1", BALANCES[DAVE], 0, 1, None),
    )
    assert [read.sequential_writer for read in race.reads] == ["t0", "t0"]
    assert [read.differs for read in race.reads] == [False, True]


def test_what_ended_otherwise_is_listed_by_transaction() -> None:
    race = race_in(DESTINATIONS, FORWARDED, "t0@publish -> t1")
    assert race.results == (OtherResult("t1", "INSUFFICIENT_BALANCE", "SUCCESS"),)
    assert race.lost_updates == ()


def test_a_write_over_another_is_a_lost_update_with_all_its_values() -> None:
    race = race_in(DESTINATIONS, BUMPED, "t0@publish -> t1")
    (update,) = race.lost_updates
    assert update.location == BALANCES[CAROL]
    assert (update.read.transaction, update.read.value) == ("t0", 15_000)
    assert (update.lost.transaction, update.lost.value) == ("t1", 0)
    assert (update.over.transaction, update.over.value) == ("t0", 15_000)
    assert (update.end, update.sequential_end) == (15_000, 0)
    assert race.results == ()


def test_a_counter_read_twice_and_written_apart_is_reversed_and_lost() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    counter = ("burned",)
    assert [each[:3] for each in reversals(race)] == [
        (counter, ("t1", "burned"), ("t0", "count")),
        (counter, ("t1", "burned"), ("t0", "count")),
        (counter, ("t1", "count"), ("t0", "count")),
    ]
    assert reads(race) == (("t1", counter, 0, 1, None), ("t1", counter, 0, 1, None))
    (update,) = race.lost_updates
    assert (update.read.value, update.lost.value, update.over.value) == (0, 1, 1)
    assert (update.end, update.sequential_end) == (1, 2)


def test_every_step_of_a_block_is_seen_with_its_value_and_the_writer_before_it() -> None:
    with running("batched") as lane:
        (block,) = observe(lane, burns("alice"), ()).blocks
    seen = [(each.location, each.value, each.writer) for each in block.touches]
    assert seen == [
        (("exists", ALICE), True, None),
        (("nonce", ALICE), 0, None),
        (BALANCES[ALICE], 10_001, None),
        (("multisig", ALICE), None, None),
        (("burned",), 0, None),
        (("nonce", ALICE), 1, None),
        (BALANCES[ALICE], 0, None),
        (("burned",), 1, None),
    ]


def test_the_race_is_looked_for_in_the_block_that_the_case_failed_in() -> None:
    first = (sends("a0", CAROL, (DAVE, 0)), sends("a1", DAVE, (EVE, 0)))
    accounts = {CAROL: has(1, energy=2), DAVE: has(energy=2)}
    second = (sends("t0", CAROL, (DAVE, 1), nonce=1), sends("t1", DAVE, (EVE, 1), nonce=1))
    race = race_in(DESTINATIONS, case_of(accounts, first, second), "t0@publish -> t1")
    assert race.block == 1
    assert race.here.ids == ("t0", "t1")
    assert reads(race)[1:] == (("t1", BALANCES[DAVE], 0, 1, None),)


def test_a_failure_that_needs_no_schedule_is_no_race() -> None:
    assert investigated("canary", FORWARDED, "t0@publish -> t1").race is None
    assert investigated("batched", FORWARDED, "t0@publish -> t1").race is None


# Observing.


@pytest.mark.parametrize("executor", ["batched", "batched-workers", DESTINATIONS, COUNTER])
@pytest.mark.parametrize("case", [FORWARDED, BURNED, BACK])
def test_observing_changes_nothing(executor: str, case: Case) -> None:
    with running(executor) as lane:
        for number in range(20):
            run = lane.run_random(case, stream("test", number))
            taken = schedule_of(run, lane.setting.workers)
            plain, observed = lane.run_deviating(case, taken), observe(lane, case, taken)
            assert observed.run == plain
            assert observed.blocks[0].trace == plain.blocks[0].trace


def test_nobody_is_observed_before_or_after() -> None:
    assert WATCH.held is None
    with running("batched") as lane:
        observe(lane, BURNED, ())
        assert WATCH.held is None


def test_observing_ends_when_the_run_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> NoReturn:
        raise RuntimeError("the stores are gone")

    with running("batched") as lane:
        monkeypatch.setattr(lane, "run", broken)
        with pytest.raises(RuntimeError):
            observe(lane, BURNED, ())
    assert WATCH.held is None


# The sentence.

SENTENCES = {
    "a stale read that fails": (
        DESTINATIONS,
        FORWARDED,
        "t0@publish -> t1",
        "t1 read dave's balance as 0 before t0 published 1, and ended with INSUFFICIENT_BALANCE; "
        "sequentially with SUCCESS",
    ),
    "a read that comes too late": (
        DESTINATIONS,
        BACK,
        "t0@balance[alice native] -> t1",
        "t0 read alice's balance as 1, which t1 had published already, and ended with SUCCESS; "
        "sequentially with INSUFFICIENT_BALANCE",
    ),
    "an account that is not there yet": (
        DESTINATIONS,
        FIRST_SEEN,
        "t0@publish -> t1",
        "t1 found no account dave, because t0 had not published it yet",
    ),
    "a lost balance": (
        DESTINATIONS,
        BUMPED,
        "t0@publish -> t1",
        "t0 read carol's balance as 15000 before t1 published 0, and published 15000 over it; "
        "it ends as 15000, sequentially 0",
    ),
    "a lost balance of a later receiver": (
        LATER,
        SECOND_RECEIVER,
        "t0@publish -> t1",
        "t0 read carol's balance as 1 before t1 published 0, and published 1 over it; "
        "it ends as 1, sequentially 0",
    ),
    "a lost count": (
        COUNTER,
        BURNED,
        "t0@count -> t1",
        "t0 read the burned counter as 0 before t1 published 1, and published 1 over it; "
        "it ends as 1, sequentially 2",
    ),
}


@pytest.mark.parametrize(("executor", "case", "text", "said"), SENTENCES.values(), ids=SENTENCES)
def test_a_race_is_told_in_one_sentence(executor: str, case: Case, text: str, said: str) -> None:
    assert sentence(race_in(executor, case, text)) == said
    with running(executor) as lane:
        assert race_sentence(lane, case, schedule(text)) == said


def test_a_stale_read_whose_transaction_goes_on_names_what_it_published() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    assert sentence(replace(race, lost_updates=())) == (
        "t1 read the burned counter as 0 before t0 published 1, and published 1; sequentially 2"
    )


def test_without_a_known_pattern_a_reversed_conflict_is_named() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    plain = replace(race, lost_updates=(), reads=(), reversals=race.reversals[2:])
    assert sentence(plain) == (
        "t1 published the burned counter before t0 published it; sequentially after"
    )
    assert sentence(replace(plain, reversals=())) == UNEXPLAINED


def test_what_cannot_be_explained_is_unexplained() -> None:
    with running("batched") as lane:
        assert race_sentence(lane, FORWARDED, schedule("t0@publish -> t1")) == UNEXPLAINED


def test_an_explanation_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> NoReturn:
        raise KeyError("a bug of ours")

    monkeypatch.setattr("lockstep.explain.sentence.investigate_race", broken)
    with running(DESTINATIONS) as lane:
        assert race_sentence(lane, FORWARDED, schedule("t0@publish -> t1")) == UNEXPLAINED


class LostByWorkers(BatchedByWorkers):
    """Loses counts at worker level."""

    from lockstep_mutants.races import CounterUpdateLost

    state_class = CounterUpdateLost.state_class


def test_a_race_of_workers_is_told_by_what_they_wrote_over() -> None:
    executor = f"{__name__}:LostByWorkers"
    race = race_in(executor, BURNED, "w0@count -> w1")
    assert (race.reversals, race.reads) == ((), ())
    assert sentence(race).startswith("w0 read the burned counter as 0 before w1 published 1")
    assert next(timeline(race, {})).split() == ["step", "w0", "w1"]


def test_words_for_locations_and_values() -> None:
    gold = ("balance", (BOB, b"\x11" * 32))
    assert location_text(gold) == "bob's gold balance"
    assert location_text(("energy", BOB)) == "bob's energy"
    assert location_text(("queue",)) == "queue"
    assert location_text(("result", 3)) == "result 3"
    assert value_text(None) == "none"
    assert value_text(Multisig(1, (BOB,))) == "1 of (bob)"
    assert len(value_text("x" * 500)) == 48
    assert [percent_text(share) for share in (0, 0.001, 0.125, 0.999, 1)] == [
        "0 %",
        "1 %",
        "12 %",
        "99 %",
        "100 %",
    ]


# The timeline.


def test_the_timeline_shows_contested_steps_and_the_deviation_where_it_was_met() -> None:
    race = race_in(DESTINATIONS, FORWARDED, "t0@publish -> t1")
    left = " " * 44
    assert list(timeline(race, {0: 0.5, 11: 1.0})) == [
        f"step   fails  t0{left[2:]}t1",
        "start   50 %",
        "   5          ... 5 private steps",
        "   6          read dave's balance = 0",
        "              --> t1 (deviation: t0@publish -> t1)",
        f"   7          {left}read account dave = present",
        f"  10          {left}... 3 private steps",
        f"  11   100 %  {left}read dave's balance = 0 (sequentially 1)",
        "  12          publish dave's balance = 1",
        "                account dave = present",
        "                and 3 private",
        f"              {left}ends with INSUFFICIENT_BALANCE",
        f"              {left}    (sequentially SUCCESS)",
    ]


def test_with_all_steps_every_step_has_its_row() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    lines = list(timeline(race, {}, all_steps=True))
    numbers = [int(line[:4]) for line in lines[1:] if line[:4].strip()]
    assert numbers == list(range(1, len(race.here.trace) + 1))
    assert not any("private" in line for line in lines)


@pytest.mark.parametrize("names", ["alice bob", "alice bob carol", "alice bob carol dave"])
def test_two_to_four_transactions_have_a_column_each_in_100_columns(names: str) -> None:
    race = random_race(names)
    lines = list(timeline(race, dict.fromkeys(range(40), 1.0)))
    assert lines[0].split()[2:] == [f"t{number}" for number in range(len(names.split()))]
    assert max(map(len, lines)) <= 100
    assert sum("(deviation: " in line for line in lines) == len(race.here.met) > 0


def test_more_transactions_than_columns_are_one_list() -> None:
    lines = list(timeline(random_race("alice bob carol dave eve frank grace"), {}))
    assert lines[0] == "step  every transaction"
    assert max(map(len, lines)) <= 100
    assert any(line.endswith("t6: ... 4 private steps") for line in lines)


def test_a_step_that_nobody_contests_is_shown_if_it_saw_another_value() -> None:
    tail = by_energy("t2", DAVE, Transfers((Transfer(NATIVE, EVE, 1),)), nonce=1)
    (step,) = FORWARDED.steps
    assert isinstance(step, BlockStep)
    case = replace(FORWARDED, steps=(replace(step, transactions=(*step.transactions, tail)),))
    race = race_in(DESTINATIONS, case, "t0@publish -> t1")
    lines = [" ".join(line.split()) for line in timeline(race, {}, width=200)]
    assert lines[lines.index("-- round 2 --") :] == [
        "-- round 2 --",
        "14 read dave's nonce = 0 (sequentially 1)",
        "ends with INSUFFICIENT_BALANCE (sequentially SUCCESS)",
        "ends with NONCE_TOO_HIGH (sequentially INSUFFICIENT_ENERGY)",
    ]


def random_race(names: str) -> Race:
    """Return a race of as many transactions that lose counts, found by random walks."""
    case = burns(*names.split())
    with running(COUNTER) as lane:
        runs = (lane.run_random(case, stream("test", number)) for number in range(100))
        run = next(run for run in runs if run.verdict.is_failure)
        race = investigate_race(lane, case, schedule_of(run, 4)).race
    assert race is not None
    return race


# The likelihood.


def measured(executor: str, case: Case, race: Race, count: int = 100) -> tuple[Likelihood, ...]:
    with running(executor) as lane:
        oracle = SameFailure(lane, ("diverge", "burned"))
        return likelihoods(lane, case, race.block, race.here, oracle, count)


def test_a_correct_executor_never_fails_whatever_the_prefix() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    assert {each.share for each in measured("batched", BURNED, race)} == {0.0}


def test_failure_is_certain_after_the_point_of_no_return_and_not_before() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    shares = {each.steps: each.share for each in measured(COUNTER, BURNED, race)}
    read = race.lost_updates[0].lost.number - 1
    assert 0 < shares[0] < 0.5
    assert 0.3 < shares[read] < 0.7
    assert all(share == 1.0 for steps, share in shares.items() if steps > read)
    assert len([steps for steps in shares if steps > read]) > 1


def test_the_step_that_decided_is_named() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    shares = measured(COUNTER, BURNED, race)
    jump = greatest_jump(shares)
    assert jump is not None
    assert race.here.touches[jump.step].value == 0
    line = likelihood_line(race.here, shares)
    assert line == (
        f"failure went from {percent_text(jump.before)} to 100 % when t1 read the burned counter"
    )


def test_shares_depend_on_nothing_but_the_run_and_the_count() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    assert measured(COUNTER, BURNED, race, 20) == measured(COUNTER, BURNED, race, 20)


def test_continuations_are_bounded_whatever_the_length_of_the_run() -> None:
    names = "alice bob carol dave eve frank grace heidi"
    shares = measured(COUNTER, burns(*names.split()), random_race(names), 1)
    assert len(shares) <= 41
    assert shares[0].steps == 0


def test_a_step_that_nobody_contests_is_named_if_it_seems_to_have_decided() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    for step in range(len(race.here.trace)):
        shares = (Likelihood(step, 0.0), Likelihood(step + 1, 1.0))
        assert likelihood_line(race.here, shares).startswith(
            "failure went from 0 % to 100 % when t"
        )
    alone = replace(race.here, touches=())
    shares = (Likelihood(0, 0.0), Likelihood(1, 1.0))
    assert likelihood_line(alone, shares).endswith("when t0 took step 1")


def test_where_nothing_ever_grew_no_step_decided() -> None:
    race = race_in(COUNTER, BURNED, "t0@count -> t1")
    flat = (Likelihood(0, 1.0), Likelihood(1, 1.0))
    assert greatest_jump(flat) is None
    assert likelihood_line(race.here, flat) == (
        "failure was at 100 % all along: no step made it more likely"
    )


# The command line.


def saved(folder: Path, executor: str, case: Case, *texts: str, verdict: str = "diverge") -> Path:
    record = Record(
        case,
        {"kind": "hand-written"},
        setting=Setting(executor),
        schedule=schedule(*texts),
        verdict=verdict,
    )
    return save(record, folder)


def explain(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["explain", *map(str, arguments)])


def test_a_race_is_explained_and_the_exit_code_is_that_of_a_divergence(tmp_path: Path) -> None:
    result = explain(
        saved(tmp_path, DESTINATIONS, FORWARDED, "t0@publish -> t1"), "--continuations", "10"
    )
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == f"DIVERGE  executor {DESTINATIONS}"
    assert "  schedule: t0@publish -> t1" in lines
    assert "race: " + SENTENCES["a stale read that fails"][3] in lines
    assert "  dave's balance: t1 read (step 11) before t0 published (step 12)" in lines
    assert "  dave's balance: t1 saw 0 from before the block; sequentially 1 by t0" in lines
    assert lines[-1].startswith("failure went from ")


def test_without_continuations_no_likelihood_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, DESTINATIONS, FORWARDED, "t0@publish -> t1")
    result = explain(path, "--continuations", "0", "--all-steps")
    assert result.exit_code == 1
    assert "fail" not in result.output.partition("race:")[2]
    assert "read carol's nonce = 0" in result.output


def test_a_failure_in_the_sequential_order_is_said_to_be_no_race(tmp_path: Path) -> None:
    result = explain(saved(tmp_path, "canary", FORWARDED))
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "fails in the sequential order: no race"
    assert result.output.splitlines()[1:3] == [
        "  dave's native balance must stay 0; yours ends at 1",
        "  carol's native balance must end at 0; yours stays 1",
    ]


def test_a_case_that_agrees_now_says_so(tmp_path: Path) -> None:
    result = explain(saved(tmp_path, "batched", FORWARDED, "t0@publish -> t1"))
    assert result.exit_code == 0
    assert result.output == "agree: the case does not fail any more on batched\n"
    result = explain(saved(tmp_path, "batched", FORWARDED, verdict=""))
    assert result.output == "agree: the case does not fail on batched\n"


def test_a_recorded_trace_is_explained_when_the_deviations_no_longer_fit(tmp_path: Path) -> None:
    with running(COUNTER) as lane:
        run = lane.run_deviating(BURNED, schedule("t0@count -> t1"))
    stale = Record(
        BURNED,
        {"kind": "hand-written"},
        setting=Setting(COUNTER),
        schedule=schedule("t0@tally -> t1"),
        trace=run.trace(),
        verdict="diverge",
    )
    result = explain(save(stale, tmp_path), "--continuations", "0")
    assert result.exit_code == 1
    assert "race: " + SENTENCES["a lost count"][3] in result.output.splitlines()


def test_what_is_no_case_file_is_a_usage_error(tmp_path: Path) -> None:
    assert explain(tmp_path / "none.json").exit_code == 2
    assert explain().exit_code == 2


# Findings.


def found(executor: str, case: Case, folder: Path, *texts: str) -> Finding:
    with running(executor) as lane:
        run = lane.run_deviating(case, schedule(*texts))
        assert run.verdict is Verdict.DIVERGE
        return kept_finding(case, run, lane, folder)


def test_a_finding_with_a_schedule_tells_its_race(tmp_path: Path) -> None:
    finding = found(COUNTER, BURNED, tmp_path, "t0@count -> t1")
    assert "  race: " + SENTENCES["a lost count"][3] in finding_lines(finding)


def test_a_finding_without_a_schedule_tells_of_no_race(tmp_path: Path) -> None:
    finding = found("canary", FORWARDED, tmp_path)
    assert finding.schedule == ()
    assert not any("race:" in line for line in finding_lines(finding))


def test_everything_at_once_stays_within_its_bounds() -> None:
    race = random_race("alice bob carol dave")
    lines = list(race_lines(race, (), all_steps=False))
    assert lines[0].startswith("race: ")
    assert sum(line.startswith("  the burned counter: ") for line in lines) <= 24
    assert any(line.endswith(" more") for line in lines)
