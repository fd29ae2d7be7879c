from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import islice, permutations, product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockstep.case.file import Setting, load
from lockstep.case.realise import realise
from lockstep.case.values import BlockStep
from lockstep.cli import exploring as terminal
from lockstep.cli.main import main
from lockstep.explore import explore as exploring
from lockstep.explore.book import BALANCE, Book
from lockstep.explore.explore import Exploration, explore
from lockstep.explore.moves import NONCES, SELECTIONS, Amount, Kind, Move, Moves, Nonce
from lockstep.explore.scope import Scope
from lockstep.explore.sums import BlockFailure, Conclusion, Sums
from lockstep.explore.worker import LIMIT, Survey
from lockstep.faults import UsageError
from lockstep.findings.keeping import Kept
from lockstep_ledger.model import Policy, Transfers
from lockstep_ledger.outcome import Code
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage
from lockstep_reference import block as reference
from tests.harness.findings.keeping import load_finding
from tests.repository import REPOSITORY

AGREE, DIVERGENCE, USAGE, FAULT, GATE = range(5)
ALL = SELECTIONS["all"]
BOTH = (Policy.SKIP, Policy.ATOMIC)
SMALL = Scope(transactions=2)
WRONG = Scope(2, nonces=NONCES["any"])
RACES = "lockstep_mutants.races"
UNANNOUNCED = "tests.harness.explore.unannounced"
TARGETS = "tests.harness.faulty_executors"
ROOT = REPOSITORY


def forecast(moves: Moves, accounts: int) -> tuple[bool, ...]:
    """Return which moves succeed in sequential order when failing ones are skipped."""
    book = Book.opening(accounts)
    expected: list[bool] = []
    for move in moves:
        expected.append(book.succeeds(move))
        book = book.after(move)
    return tuple(expected)


def nothing(_: Exploration) -> None:
    """Ignore how far an exploration is."""


def explored(
    scope: Scope, folder: Path, executor: str = "batched", jobs: int = 1, limit: int = LIMIT
) -> Exploration:
    plan = Survey(scope, Setting(executor, scope.transactions), limit)
    return explore(plan, jobs, Sums(), folder, nothing, lambda *_: None, nothing)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return tmp_path / "certificate.json"


def lockstep(certificate: Path, *arguments: object) -> Result:
    """Explore a small scope into ``certificate``, findings beside it."""
    given = ("--certificate", certificate, "--findings", certificate.parent / "findings")
    words = ("explore", "--transactions", 2, *given, *arguments)
    return CliRunner().invoke(main, [str(each) for each in words])


def checked(certificate: Path, *arguments: object) -> Result:
    findings = certificate.parent / "findings"
    words = ("explore", "--check", certificate, "--findings", findings, *arguments)
    return CliRunner().invoke(main, [str(each) for each in words])


def assert_one_line(result: Result, code: int, *words: str) -> None:
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("lockstep: ")
    for word in words:
        assert word in line


# The blocks of a scope.


def renamed(moves: Moves, names: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            each.kind.value,
            *(str(names[account]) for account in each.accounts),
            str(each.amount),
        )
        for each in moves
    )


def orbit(moves: Moves, accounts: int) -> tuple[tuple[str, ...], ...]:
    """Return what all renamings of a block have in common: the least of them."""
    return min(renamed(moves, names) for names in permutations(range(accounts)))


def all_moves(accounts: int) -> list[Move]:
    """Return every move over the accounts, in no clever way."""
    found = []
    for kind, amount in product(Kind, (None, *Amount)):
        if (amount is None) == (kind in (Kind.BUMP, Kind.MULTISIG)):
            found += [
                Move(kind, chosen, amount) for chosen in permutations(range(accounts), kind.arity)
            ]
    return found


def possible(moves: Moves, accounts: int) -> bool:
    """Tell whether every amount class exists when its turn comes."""
    book = Book.opening(accounts)
    for move in moves:
        if move.amount not in book.amounts(move.kind, move.source):
            return False
        book = book.after(move)
    return True


@pytest.mark.parametrize("accounts", [2, 3])
def test_the_blocks_are_all_blocks_modulo_renaming_each_once(accounts: int) -> None:
    scope = Scope(2, accounts, ALL)
    enumerated = [orbit(moves, accounts) for moves, _ in scope.blocks()]
    brute = {
        orbit(moves, accounts)
        for length in range(3)
        for moves in product(all_moves(accounts), repeat=length)
        if possible(moves, accounts)
    }
    assert len(set(enumerated)) == len(enumerated)
    assert set(enumerated) == brute


@pytest.mark.parametrize(
    ("scope", "blocks"),
    [
        (Scope(1), 4),
        (Scope(2, 3), 56),
        (SMALL, 65),
        (Scope(3, 3), 936),
        (Scope(), 1912),
        (Scope(policies=BOTH), 3824),
        (Scope(nonces=NONCES["any"]), 5083),
        (Scope(2, 3, ALL), 442),
        (Scope(3, 3, ALL), 20_651),
    ],
)
def test_the_number_of_blocks_is_known(scope: Scope, blocks: int) -> None:
    assert scope.count() == blocks


def test_a_block_can_be_had_by_its_number() -> None:
    scope = Scope(policies=BOTH)
    for number, candidate in enumerate(islice(scope.blocks(), 100)):
        assert scope.block(number) == candidate


def codes_of(scope: Scope, moves: Moves, policy: Policy) -> list[Code]:
    """Return what the reference says to each transaction of a block."""
    case = scope.case((moves, policy))
    (step,) = case.steps
    assert isinstance(step, BlockStep)
    block = realise(step, case.scheme)
    outcome = reference.execute(block, MemoryStorage(case.state), SCHEMES[case.scheme])
    return [each.code for each in outcome.receipts]


def test_every_move_succeeds_or_fails_as_its_amount_class_says() -> None:
    scope = Scope(2, kinds=ALL)
    for moves, policy in scope.blocks():
        codes = codes_of(scope, moves, policy)
        assert tuple(code is Code.SUCCESS for code in codes) == forecast(moves, scope.accounts)
        assert set(codes) <= {Code.SUCCESS, Code.INSUFFICIENT_BALANCE, Code.INSUFFICIENT_FEE}


def test_amount_classes_meet_at_what_the_source_can_spend() -> None:
    book = Book.opening(2)
    totals = []
    for amount in Amount:
        payload = book.intent(Move(Kind.TRANSFER, (0, 1), amount), "t0").payload
        assert isinstance(payload, Transfers)
        totals.append(sum(output.amount for output in payload.outputs))
    assert totals == [BALANCE // 2, BALANCE, BALANCE + 1]
    empty = book.after(Move(Kind.TRANSFER, (0, 1), Amount.EXACT))
    assert empty.amounts(Kind.TRANSFER, 0) == (Amount.EXACT, Amount.EXCEEDS)
    assert empty.amounts(Kind.BURN, 0) == (Amount.EXCEEDS,)


# What exploring finds.


def test_batched_agrees_in_every_trace_of_the_default_scope(tmp_path: Path) -> None:
    exploration = explored(Scope(), tmp_path)
    assert exploration.conclusion is Conclusion.EXHAUSTED
    assert exploration.tally.ends == {"agree": 1912}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("executor", ["batched", "batched-workers"])
def test_executors_agree_in_every_trace_of_all_kinds_and_policies(
    tmp_path: Path, executor: str
) -> None:
    exploration = explored(Scope(2, 3, ALL, BOTH), tmp_path, executor)
    assert exploration.conclusion is Conclusion.EXHAUSTED
    assert exploration.tally.parallel > 0
    assert exploration.tally.traces > exploration.blocks


def test_optimistic_credits_agree_in_every_trace_of_a_small_scope(tmp_path: Path) -> None:
    exploration = explored(Scope(2, 4), tmp_path, "optimistic-rounds-credits")
    assert exploration.conclusion is Conclusion.EXHAUSTED
    assert exploration.tally.traces > exploration.blocks


def test_two_transfers_run_side_by_side_only_over_four_accounts(tmp_path: Path) -> None:
    assert explored(Scope(2, 3), tmp_path).tally.parallel == 0
    assert explored(SMALL, tmp_path).tally.parallel == 9


@pytest.mark.parametrize("executor", ["batched", "dag"])
def test_transactions_that_wait_for_each_other_are_not_side_by_side(
    tmp_path: Path, executor: str
) -> None:
    exploration = explored(Scope(2, 3), tmp_path, executor)
    assert exploration.tally.ends == {"agree": 56}
    assert exploration.tally.parallel == 0
    assert explored(SMALL, tmp_path, executor).tally.parallel == 9


def test_a_scope_in_which_nothing_overlaps_is_inconclusive(certificate: Path) -> None:
    result = lockstep(certificate, "--accounts", 3)
    assert result.exit_code == GATE
    assert "inconclusive: 56 of 56 blocks (agree 56)" in result.stdout
    assert "in 0 blocks two transactions ran side by side" in result.stdout


def test_speculating_transactions_are_side_by_side_whatever_they_share(tmp_path: Path) -> None:
    exploration = explored(Scope(2, 2), tmp_path, "optimistic-rounds")
    assert exploration.conclusion is Conclusion.EXHAUSTED
    assert exploration.tally.parallel > 0


# Wrong nonces.


def test_any_nonces_are_all_the_exact_ones_and_each_wrong_one() -> None:
    exact = {moves for moves, _ in SMALL.blocks()}
    every = {moves for moves, _ in WRONG.blocks()}
    assert exact < every
    assert {each.nonce for moves in every for each in moves} == set(Nonce)
    wrong = {moves for moves in every if any(each.nonce is not Nonce.EXACT for each in moves)}
    assert every - exact == wrong


def test_a_nonce_fails_as_its_class_says() -> None:
    expected = {Nonce.DUPLICATE: Code.NONCE_TOO_LOW, Nonce.SKIPPED: Code.NONCE_TOO_HIGH}
    for moves, policy in WRONG.blocks():
        codes = codes_of(WRONG, moves, policy)
        assert tuple(code is Code.SUCCESS for code in codes) == forecast(moves, WRONG.accounts)
        for move, code in zip(moves, codes, strict=True):
            assert expected.get(move.nonce, code) is code


def test_an_executor_that_checks_no_nonce_is_found_only_with_wrong_ones(tmp_path: Path) -> None:
    executor = "lockstep_mutants.loading:NonceUnchecked"
    assert explored(SMALL, tmp_path, executor).conclusion is Conclusion.EXHAUSTED
    assert explored(WRONG, tmp_path, executor).conclusion is Conclusion.DIVERGES


# Steps that announce too little.


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("ToldAsTheyEnd", SMALL),
        ("CountsUnseen", Scope(2, 2, (Kind.BURN,))),
        ("PaysUnseen", SMALL),
        ("AsksUnseen", SMALL),
    ],
)
def test_a_race_that_no_step_announces_is_unannounced_and_names_two_steps(
    tmp_path: Path, name: str, scope: Scope
) -> None:
    exploration = explored(scope, tmp_path, f"{UNANNOUNCED}:{name}")
    assert exploration.conclusion is Conclusion.DIVERGES
    assert exploration.tally.ends.keys() == {"agree", "unannounced"}
    for finding in exploration.findings:
        record = load_finding(finding)
        assert record.verdict == "unannounced"
        assert record.case.transactions() == 2
        named = finding.settled.run.differences[0]
        left, right = named.where.split(", ")
        assert (left[:3], right[:3]) in [("t0@", "t1@"), ("t1@", "t0@")]
        assert finding.settled.repeatable


@pytest.mark.parametrize(
    ("name", "scope"),
    [("ToldAsTheyEnd", SMALL), ("CountsUnseen", Scope(2, 2, (Kind.BURN,)))],
)
def test_the_same_race_announced_is_a_divergence(tmp_path: Path, name: str, scope: Scope) -> None:
    exploration = explored(scope, tmp_path, f"{UNANNOUNCED}:{name}Announced")
    assert exploration.tally.ends.keys() == {"agree", "diverge"}


def test_an_unannounced_touch_is_a_divergence_to_the_command_line(certificate: Path) -> None:
    result = lockstep(certificate, "--executor", f"{UNANNOUNCED}:ToldAsTheyEnd")
    assert result.exit_code == DIVERGENCE, result.output
    assert "UNANNOUNCED" in result.stdout
    assert "order of steps[t0@" in result.stdout
    assert checked(certificate, "--trust").exit_code == AGREE


@pytest.mark.parametrize("command", ["replay", "shrink"])
def test_a_saved_unannounced_failure_comes_back_as_one(tmp_path: Path, command: str) -> None:
    found = explored(SMALL, tmp_path, f"{UNANNOUNCED}:ToldAsTheyEnd").findings[0].kept.path
    result = CliRunner().invoke(main, [command, str(found), "--trust"])
    assert result.exit_code == DIVERGENCE, result.output
    assert "unannounced" in result.stdout.lower()
    assert "another failure" not in result.stdout


# Stopping at the first failure.


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopping_at_the_first_failure_leaves_the_rest_to_be_gone_on_with(
    certificate: Path, jobs: int
) -> None:
    racing = ("--executor", f"{RACES}:DestinationsMissing", "--jobs", jobs)
    result = lockstep(certificate, *racing, "--stop-at-first")
    assert result.exit_code == DIVERGENCE
    assert "stopped at the first failure" in result.stdout
    found = json.loads(certificate.read_bytes())["found"]
    assert found["next"] == found["failures"][0]["block"] + 1 < found["blocks"]
    assert lockstep(certificate, *racing).exit_code == DIVERGENCE
    whole = certificate.with_name("whole.json")
    lockstep(whole, *racing)
    assert whole.read_bytes() == certificate.read_bytes()


def test_without_a_failure_there_is_nothing_to_stop_at(certificate: Path) -> None:
    assert lockstep(certificate, "--stop-at-first").exit_code == AGREE


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("DestinationsMissing", SMALL),
        ("CounterUpdateLost", Scope(2, 2, ALL)),
        ("LaterDestinationsMissing", Scope(2, 3, ALL)),
    ],
)
def test_a_race_diverges_and_its_finding_replays(tmp_path: Path, name: str, scope: Scope) -> None:
    exploration = explored(scope, tmp_path, f"{RACES}:{name}")
    assert exploration.conclusion is Conclusion.DIVERGES
    assert exploration.tally.next == exploration.blocks
    kinds = exploration.tally.kinds
    assert len({each.fingerprint for each in kinds}) == len(kinds) == len(exploration.findings)
    for finding in exploration.findings:
        record = load_finding(finding)
        assert record.origin["kind"] == "explore"
        assert record.schedule


def test_a_failure_is_kept_and_told_before_it_is_shrunk(tmp_path: Path) -> None:
    told: list[str] = []

    def met(failure: BlockFailure, kept: Kept) -> None:
        assert kept.path is not None
        record = load(kept.path)
        assert record.verdict == failure.run.verdict.value
        assert record.origin["block"]
        told.append(f"met {failure.fingerprint}")

    def found(exploration: Exploration) -> None:
        told.append(f"found {exploration.findings[-1].kind}")

    plan = Survey(SMALL, Setting(f"{RACES}:DestinationsMissing", 2), LIMIT)
    explore(plan, 1, Sums(), tmp_path, nothing, met, found)
    kinds = [each.removeprefix("found ") for each in told[1::2]]
    assert kinds
    assert told == [line for kind in kinds for line in (f"met {kind}", f"found {kind}")]


def test_a_block_that_is_given_up_makes_the_result_inconclusive(tmp_path: Path) -> None:
    exploration = explored(Scope(2, 2, ALL), tmp_path, limit=1)
    assert exploration.conclusion is Conclusion.INCONCLUSIVE
    assert 0 < exploration.tally.ends["incomplete"] < exploration.blocks


def test_too_few_workers_for_every_trace_are_refused() -> None:
    with pytest.raises(UsageError, match="2 workers cannot show every trace of 3 transactions"):
        Survey(Scope(), Setting("batched", 2))


# Certificates.


def test_a_certificate_says_what_was_asked_and_found(certificate: Path) -> None:
    result = lockstep(certificate)
    assert result.exit_code == AGREE, result.output
    assert "exhausted: 65 of 65 blocks (agree 65), 65 traces" in result.stdout
    written = json.loads(certificate.read_bytes())
    asked, found = written["asked"], written["found"]
    assert (asked["transactions"], asked["accounts"], asked["kinds"]) == (2, 4, ["transfer"])
    assert asked["nonces"] == ["exact"]
    assert (asked["executor"], asked["workers"], asked["policies"]) == ("batched", 2, ["skip"])
    assert (found["verdict"], found["blocks"], found["next"]) == ("exhausted", 65, 65)
    assert (found["parallel"], found["exchanged"]) == (9, 9)


def test_a_certificate_states_in_words_what_it_takes_for_granted(certificate: Path) -> None:
    result = lockstep(certificate)
    written = json.loads(certificate.read_bytes())
    orders = written["found"]["orders"]
    assert f"9 of 65 blocks were executed in {orders} other orders" in written["assumed"][0]
    for each in written["assumed"]:
        assert each in result.stdout
    assert lockstep(certificate, "--accounts", 3).exit_code == GATE
    assert "so this was not tried" in json.loads(certificate.read_bytes())["assumed"][0]


def test_a_certificate_of_another_format_is_refused_in_one_line(certificate: Path) -> None:
    lockstep(certificate)
    written = json.loads(certificate.read_bytes())
    del written["assumed"]
    certificate.write_text(json.dumps(written | {"format": 1}))
    assert_one_line(checked(certificate), USAGE, "format 1, this version reads 2")
    assert_one_line(lockstep(certificate), USAGE, "format 1, this version reads 2")


def test_the_same_question_gives_the_same_bytes_whatever_the_number_of_processes(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / f"{jobs}.json" for jobs in (1, 2)]
    for jobs, path in enumerate(paths, start=1):
        lockstep(path, "--executor", f"{RACES}:DestinationsMissing", "--jobs", jobs)
    assert paths[0].read_bytes() == paths[1].read_bytes()


class Stop:
    """Ends an exploration by Ctrl-C after some chunks."""

    def __init__(self, chunks: int) -> None:
        self.left = chunks

    def __call__(self, _shown: object, _exploration: Exploration) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.fixture
def interrupted(certificate: Path) -> Path:
    """Give a certificate that was left off after 24 of 65 blocks."""
    with pytest.MonkeyPatch.context() as patch:
        stop = Stop(2)
        patch.setattr(terminal._Shown, "show", lambda *given: stop(*given))
        result = lockstep(certificate)
    assert result.exit_code == FAULT
    assert "unfinished: 24 of 65 blocks" in result.stdout
    assert "interrupted: the same command goes on" in result.stdout
    return certificate


def test_an_interrupted_run_goes_on_to_the_same_bytes(interrupted: Path, tmp_path: Path) -> None:
    result = lockstep(interrupted, "--jobs", 2)
    assert result.exit_code == AGREE
    assert "going on at block 24" in result.stdout
    lockstep(tmp_path / "whole.json")
    assert interrupted.read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_another_question_does_not_go_on(interrupted: Path) -> None:
    result = lockstep(interrupted, "--accounts", 2)
    assert_one_line(result, USAGE, str(interrupted), "(accounts)", "--fresh")
    assert json.loads(interrupted.read_bytes())["found"]["next"] == 24
    assert lockstep(interrupted, "--accounts", 5, "--fresh").exit_code == AGREE


def test_an_interrupt_while_a_finding_is_shrunk_loses_neither_block_nor_finding(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    racing = ("--executor", f"{RACES}:DestinationsMissing")
    with monkeypatch.context() as patch:
        patch.setattr(exploring, "investigate", stop)
        assert lockstep(certificate, *racing).exit_code == FAULT
    assert lockstep(certificate, *racing).exit_code == DIVERGENCE
    kinds = json.loads(certificate.read_bytes())["found"]["failures"]
    kept = {path.name for path in (certificate.parent / "findings").iterdir()}
    assert kept == {each["fingerprint"] for each in kinds}


def test_ctrl_c_saves_what_is_done(certificate: Path) -> None:
    command = [sys.executable, "-c", "from lockstep.cli import screen; "]
    command[-1] += "screen.QUIET_SECONDS = 0; from lockstep.cli.main import main; main()"
    command += ["explore", "--transactions", "4", "--certificate", str(certificate)]
    with subprocess.Popen(  # noqa: S603 - this checkout's own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert "s left" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == FAULT, errors
    assert "interrupted: the same command goes on where this one stopped" in output
    found = json.loads(certificate.read_bytes())["found"]
    assert found["verdict"] == "unfinished"
    assert 0 < found["next"] < found["blocks"]


# Checking a certificate.


@pytest.mark.parametrize(
    "executor", ["batched", f"{RACES}:DestinationsMissing"], ids=["exhausted", "diverges"]
)
def test_a_certificate_checks(certificate: Path, executor: str) -> None:
    lockstep(certificate, "--executor", executor)
    result = checked(certificate)
    assert result.exit_code == AGREE, result.output
    assert f"same result: {certificate}" in result.stdout


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("traces", 66),
        ("orders", 1),
        ("digest", "0" * 64),
        ("blocks", 64),
        ("verdict", "diverges"),
        ("ends", {"agree": 64, "incomplete": 1}),
    ],
)
def test_a_tampered_certificate_does_not_check(
    certificate: Path, field: str, value: object
) -> None:
    lockstep(certificate)
    written = json.loads(certificate.read_bytes())
    written["found"][field] = value
    certificate.write_text(json.dumps(written))
    result = checked(certificate)
    assert result.exit_code == DIVERGENCE
    assert f"differs: {field}: certificate" in result.stdout


def test_tampered_assumptions_do_not_check(certificate: Path) -> None:
    lockstep(certificate)
    written = json.loads(certificate.read_bytes())
    written["assumed"] = written["assumed"][1:]
    certificate.write_text(json.dumps(written))
    result = checked(certificate)
    assert result.exit_code == DIVERGENCE
    assert "differs: assumed" in result.stdout


def test_a_certificate_of_another_executor_source_runs_and_says_so(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "changing_executor.py"
    source.write_text(
        "from lockstep_parallel.executors.batched import Batched\nclass Mine(Batched): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    lockstep(certificate, "--executor", "changing_executor:Mine")
    assert checked(certificate, "--trust").exit_code == AGREE
    source.write_text(source.read_text() + "# edited\n")
    result = checked(certificate, "--trust")
    assert result.exit_code == FAULT
    assert "changed since the certificate: executor sources" in result.stdout
    assert "same result" in result.stdout


def test_a_change_that_diverges_is_worse_than_a_change(certificate: Path) -> None:
    lockstep(certificate)
    text = certificate.read_text()
    certificate.write_text(text.replace('"batched"', f'"{RACES}:DestinationsMissing"'))
    result = checked(certificate)
    assert result.exit_code == DIVERGENCE
    assert "differs: verdict: certificate exhausted, now diverges" in result.stdout


def test_an_unfinished_certificate_is_not_checked(interrupted: Path) -> None:
    assert_one_line(checked(interrupted), USAGE, "is unfinished")


# The command line.


def test_a_divergence_exits_1_and_says_how_to_replay(certificate: Path) -> None:
    result = lockstep(certificate, "--executor", f"{RACES}:DestinationsMissing")
    assert result.exit_code == DIVERGENCE
    for path in (certificate.parent / "findings").rglob("*.json"):
        assert f"replay: lockstep replay {path}" in result.stdout


def test_an_inconclusive_exploration_exits_4(certificate: Path) -> None:
    assert lockstep(certificate, "--kinds", "all", "--limit", 1).exit_code == GATE


def test_an_executor_that_breaks_exits_3(certificate: Path) -> None:
    result = lockstep(certificate, "--executor", f"{TARGETS}:Crashing")
    assert result.exit_code == FAULT
    assert "diverges: 65 of 65 blocks" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workers", 1), "1 workers cannot show every trace of 2 transactions"),
        (("--executor", "nobody"), "unknown executor 'nobody'"),
        (("--executor", f"{TARGETS}:Unbuildable"), "cannot be built"),
    ],
)
def test_what_cannot_be_explored_is_refused_in_one_line(
    certificate: Path, arguments: tuple[object, ...], words: str
) -> None:
    assert_one_line(lockstep(certificate, *arguments), USAGE, words)
    assert not certificate.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--transactions", 0),
        ("--transactions", 7),
        ("--accounts", 1),
        ("--accounts", 9),
        ("--kinds", "tea"),
        ("--policy", "tea"),
        ("--nonces", "tea"),
        ("--jobs", 0),
        ("--limit", 0),
    ],
)
def test_a_bad_option_is_refused(certificate: Path, arguments: tuple[str, object]) -> None:
    result = lockstep(certificate, *arguments)
    assert result.exit_code == USAGE
    assert arguments[0] in result.stderr


def test_a_file_that_is_no_certificate_is_neither_read_nor_overwritten(certificate: Path) -> None:
    certificate.write_text("{}")
    assert_one_line(lockstep(certificate), USAGE, str(certificate), "not a certificate")
    assert_one_line(checked(certificate), USAGE, str(certificate), "not a certificate")
    assert certificate.read_text() == "{}"


def edited(certificate: Path, old: str, new: str) -> None:
    """Make a certificate of the smallest scope, and put ``new`` in the place of ``old``."""
    lockstep(certificate, "--transactions", 1, "--accounts", 2)
    text = certificate.read_text()
    assert text.count(old) == 1
    certificate.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"format": 2', '"format": 2, "format": 2', "'format' is given twice, at $"),
        ('"next": ', '"next": 0, "next": ', "'next' is given twice, at $.found"),
        ('"steps": ', '"steps": ' + "9" * 5000, "is no value, at $.found.steps"),
        ('"steps": ', '"steps": -', "found.steps"),
        ('"agree": ', '"splendid": ', "found.ends"),
        ('"executor": "batched"', '"executor": ""', "asked.executor"),
        (
            '"failures": []',
            '"failures": [{"fingerprint": "X", "verdict": "hang"}]',
            "failures",
        ),
        ('"failures": []', '"failures": [{"fingerprint": "ab", "verdict": "odd"}]', "failures"),
        ('"transactions": 1', '"transactions": 1e400', "asked.transactions"),
    ],
)
def test_a_certificate_that_says_what_none_can_is_refused_at_the_place(
    certificate: Path, old: str, new: str, reason: str
) -> None:
    edited(certificate, old, new)
    assert_one_line(checked(certificate), USAGE, f"{certificate}: not a certificate: ", reason)


def test_a_certificate_that_is_no_regular_file_is_refused_unread(certificate: Path) -> None:
    os.mkfifo(certificate)
    assert_one_line(checked(certificate), USAGE, f"{certificate}: not a regular file")
    certificate.unlink()
    with certificate.open("wb") as file:
        file.truncate(1 << 40)
    assert_one_line(checked(certificate), USAGE, f"{certificate}: 1099511627776 bytes")


def test_check_takes_no_scope_beside_its_file(certificate: Path) -> None:
    lockstep(certificate)
    assert_one_line(checked(certificate, "--accounts", 3), USAGE, "leave out --accounts")
    assert_one_line(checked(certificate, "--stop-at-first"), USAGE, "leave out --stop-at-first")


def test_check_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert_one_line(checked(tmp_path / "absent.json"), USAGE, "absent.json")


def test_a_certificate_is_found_by_its_scope_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["explore", "--transactions", "1", "--policy", "both"])
    path = Path("corpora/certificates/batched-1x4-transfers-both.json")
    assert f"certificate: {path}" in result.stdout
    assert path.exists()
    result = CliRunner().invoke(main, ["explore", "--transactions", "1", "--nonces", "any"])
    assert "batched-1x4-transfers-skip-any-nonces.json" in result.stdout
