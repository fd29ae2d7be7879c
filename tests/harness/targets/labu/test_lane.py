"""Cases on a labu server: what agrees, what does not, what is not compared, and every fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.case.file import Setting
from lockstep.case.realise import version_hash
from lockstep.case.values import BlockStep, Case, Cosigner, Intent, RawIntent, RewindStep
from lockstep.faults import HarnessFault, UsageError
from lockstep.run.result import Run
from lockstep.run.stores import MemoryStores
from lockstep.serve.http import Server
from lockstep.serve.ledger import Ledger, served
from lockstep.targets.labu.judge import DIGEST, MULTISIGS, RECEIPTS, REWINDS
from lockstep.targets.labu.target import LabuTarget
from lockstep.targets.named import find, find_inside, open_lane, reach
from lockstep.vectors.result import Status
from lockstep.vectors.run import ROUND_TRIPS, run_vectors
from lockstep.verdict import Verdict
from lockstep_ledger.block import Rewards
from lockstep_ledger.model import (
    NATIVE,
    U64_MAX,
    Account,
    Chain,
    Multisig,
    NonceBump,
    Policy,
    SetMultisig,
    State,
    Transaction,
    Transfers,
)
from lockstep_ledger.wire import decode
from tests.harness.serve.serving import serving
from tests.harness.small import ALICE, BOB, CAROL, FEE, RICH, block, case_of, pays
from tests.harness.targets.labu import faulty as wrong
from tests.harness.targets.labu.faulty import Fault, FaultyServer, answering, faulty

ATOMIC = Policy.ATOMIC
GOLD = b"\1" * 32


@contextmanager
def serve(executor: str = "reference") -> Iterator[Server]:
    with serving(Ledger(served(executor), 1)) as server:
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


def run(server: Server | FaultyServer, *cases: Case, **limits: float) -> list[Run]:
    """Run cases one after another over one connection."""
    port = server.server_port
    target = LabuTarget(server.url, "127.0.0.1", port, **limits)  # type: ignore[arg-type]
    with open_lane(Setting(server.url), MemoryStores(), target) as lane:
        return [lane.run_plain(case) for case in cases]


def only(server: Server | FaultyServer, case: Case) -> Run:
    (found,) = run(server, case)
    return found


def atomic(*intents: Intent | RawIntent) -> BlockStep:
    return BlockStep(intents, ATOMIC)


def paid() -> Case:
    return case_of(atomic(pays("t0", 0), pays("t1", 1)))


# What agrees.


@pytest.mark.parametrize(
    "case",
    [
        paid(),
        case_of(atomic()),
        case_of(atomic(pays("t0", 0)), atomic(pays("t1", 1)), atomic(pays("t2", 2))),
        case_of(atomic(pays("t0", 0), pays("t1", 0))),
        case_of(atomic(pays("t0", 0, U64_MAX, CAROL))),
        case_of(BlockStep((pays("t0", 0),), ATOMIC, advances_height=False)),
        case_of(atomic(RawIntent("t0", b""), RawIntent("t1", b"\1\3"))),
        case_of(block(pays("t0", 0))),
    ],
)
def test_the_reference_behind_a_server_agrees(server: Server, case: Case) -> None:
    found = only(server, case)
    assert found.verdict is Verdict.AGREE, found.differences
    assert found.executions == len(case.steps)
    assert found.not_compared == (RECEIPTS,)


def test_keyed_hash_cases_are_signed_anew_with_real_keys(server: Server) -> None:
    assert paid().scheme == "keyed-hash"
    assert only(server, paid()) == only(server, replace(paid(), scheme="schnorr"))


def configured() -> Case:
    """Alice sets a multisig in one block; in the next one she pays without and with it."""
    sets = Intent("t0", ALICE, SetMultisig(1, (BOB,)), 0, FEE)
    cosigned = replace(pays("t1", 1), cosigners=(Cosigner(0, BOB),), fee=FEE + 5_000)
    return case_of(atomic(sets), atomic(pays("x", 1)), atomic(cosigned))


def test_a_multisig_set_in_the_case_is_kept_by_the_server_and_said_not_compared(
    server: Server,
) -> None:
    found = only(server, configured())
    assert found.verdict is Verdict.AGREE, found.differences
    assert found.not_compared == (RECEIPTS, MULTISIGS)


def test_a_multisig_that_the_server_loses_shows_in_the_next_block() -> None:
    with serve("lockstep_mutants.kinds:MultisigNeverMerged") as server:
        found = only(server, configured())
    assert found.verdict is Verdict.DIVERGE
    assert found.step == 1
    assert found.differences[0].field == "error_code"


def test_after_a_rewind_the_older_state_is_loaded_anew(server: Server) -> None:
    case = case_of(atomic(pays("t0", 0)), RewindStep(1), atomic(pays("t1", 0, 2)))
    found = only(server, case)
    assert found.verdict is Verdict.AGREE, found.differences
    assert REWINDS in found.not_compared


def test_a_digest_that_is_left_out_is_said_not_compared() -> None:
    answer = json.dumps({"success": False, "error_code": 0x0110, "state_digest": ""}).encode()
    case = case_of(atomic(pays("t0", 0), pays("t1", 0)))
    for status in (200, 400):
        with faulty("/block/execute", answering(status, answer)) as server:
            found = only(server, case)
        assert found.verdict is Verdict.AGREE, found.differences
        assert DIGEST in found.not_compared


# What differs.


def test_a_wrong_executor_behind_a_server_diverges_in_the_exported_state() -> None:
    with serve("canary") as server:
        found = only(server, paid())
    assert found.verdict is Verdict.DIVERGE
    places = [f"{each.field} {each.where}" for each in found.differences]
    assert places == ["stored state alice balances native"]


GOOD = {"success": True, "error_code": 0, "state_digest": None, "error": None}


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ({**GOOD, "error_code": 0x0301}, "error_code"),
        ({**GOOD, "success": False}, "success"),
        ({**GOOD, "state_digest": "00" * 32}, "state_digest"),
        (GOOD, "stored state"),
    ],
)
def test_an_answer_that_is_not_the_references_diverges(
    answer: dict[str, object], field: str
) -> None:
    with faulty("/block/execute", answering(200, json.dumps(answer).encode())) as server:
        found = only(server, paid())
    assert found.verdict is Verdict.DIVERGE
    assert field in {each.field for each in found.differences}


@pytest.mark.parametrize(
    "change", [{"total_burned": 1}, {"block_height": 0}, {"total_supply": 5}, {"timestamp": 9}]
)
def test_every_counter_of_the_exported_state_is_compared(change: dict[str, int]) -> None:
    document = {
        "network_chain_id": 3,
        "global_state": {"block_height": 1, **change},
        "accounts": [
            {"address": ALICE.hex(), "balance": RICH - 2 * FEE - 2, "nonce": 2},
            {"address": BOB.hex(), "balance": 9, "nonce": 5},
        ],
    }
    with faulty("/state/export", answering(200, json.dumps(document).encode())) as server:
        (difference,) = only(server, paid()).differences
    assert difference.where.startswith("chain ")


# What labu has no words for.

CONFIGURED = Account(0, {NATIVE: RICH}, Multisig(1, (BOB,)))
RICH_IN_GOLD = Account(0, {NATIVE: RICH, GOLD: 5})


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (case_of(block(pays("t0", 1))), "policy skip"),
        (case_of(replace(atomic(), rewards=Rewards(ALICE, 1, BOB, 1))), "rewards"),
        (case_of(replace(atomic(), fees_to=BOB)), "fees go to"),
        (case_of(replace(atomic(), advances_height=False)), "do not advance the height"),
        (case_of(atomic(Intent("t0", ALICE, NonceBump(), 0, FEE))), "nonce bump"),
        (case_of(atomic(Intent("t0", ALICE, Transfers(()), 0, FEE))), "no wire can carry"),
        (case_of(atomic(replace(pays("t0", 0), fee_type=7))), "no wire can carry"),
        (Case(State(Chain(), {ALICE: CONFIGURED}), (atomic(),)), "multisig"),
        (Case(State(Chain(), {ALICE: RICH_IN_GOLD}), (atomic(),)), "other assets"),
    ],
)
def test_what_labu_cannot_express_is_unsupported_and_says_why(
    server: Server, case: Case, reason: str
) -> None:
    found = only(server, case)
    assert found.verdict is Verdict.UNSUPPORTED
    (word,) = found.not_compared
    assert reason in word


def test_a_state_that_the_server_refuses_is_unsupported_with_its_reason() -> None:
    refusal = json.dumps({"success": False, "error": "no frozen accounts\n here"}).encode()
    with faulty("/state/load", answering(400, refusal)) as server:
        found = only(server, paid())
    assert found.verdict is Verdict.UNSUPPORTED
    assert found.not_compared == ("the server refuses the state: no frozen accounts here",)


# Faults.

SHAPELESS = [
    b"[]",
    b"null",
    b"{}",
    b"nonsense",
    b"\xff",
    b'{"success": 1, "error_code": 0}',
    b'{"success": true, "error_code": 0, "state_digest": 0}',
    b"",
]
FAULTS: list[tuple[str, Fault, Verdict, str]] = [
    ("silence", wrong.silent, Verdict.HANG, "no answer within 0.2 s"),
    ("a byte at a time", wrong.trickling, Verdict.HANG, "no answer within 0.2 s"),
    ("closed", wrong.gone, Verdict.CRASH, "closed without an answer"),
    ("truncated", wrong.truncated, Verdict.PROTOCOL_ERROR, "truncated"),
    ("no HTTP", wrong.raw(b"what?\r\n\r\n"), Verdict.PROTOCOL_ERROR, "not HTTP"),
    ("oversize", wrong.oversize, Verdict.PROTOCOL_ERROR, "over the limit"),
    ("endless", wrong.endless, Verdict.PROTOCOL_ERROR, "over the limit"),
    ("500", answering(500, b'{"error": "oh"}'), Verdict.CRASH, "status 500"),
    ("404", answering(404, b"<html>"), Verdict.PROTOCOL_ERROR, "status 404"),
    ("redirect", answering(302, b"{}"), Verdict.PROTOCOL_ERROR, "status 302"),
    *(
        (f"shape {number}", answering(200, body), Verdict.PROTOCOL_ERROR, "/block/execute")
        for number, body in enumerate(SHAPELESS)
    ),
]


@pytest.mark.parametrize(
    ("fault", "verdict", "text"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS]
)
def test_a_fault_is_one_verdict_of_its_case_and_the_next_case_agrees(
    fault: Fault, verdict: Verdict, text: str
) -> None:
    with faulty("/block/execute", fault) as server:
        first, second = run(server, paid(), paid(), deadline=0.2, answer_limit=100_000)
    assert first.verdict is verdict, first.differences
    assert text in first.differences[0].actual
    assert second.verdict is Verdict.AGREE, second.differences


@pytest.mark.parametrize("path", ["/state/load", "/state/export"])
@pytest.mark.parametrize(
    "body",
    [b"[]", b"nonsense", b'{"success": false, "accounts": 3}', b'{"success": 0, "accounts": {}}'],
)
def test_every_answer_must_have_its_shape(path: str, body: bytes) -> None:
    with faulty(path, answering(200, body)) as server:
        found = only(server, paid())
    assert found.verdict is Verdict.PROTOCOL_ERROR
    assert path in found.differences[0].actual


def test_a_connection_that_was_closed_between_cases_is_opened_again() -> None:
    with faulty("/state/load", wrong.gone, times=0) as server:
        target = LabuTarget(server.url, "127.0.0.1", server.server_port)
        with open_lane(Setting(server.url), MemoryStores(), target) as lane:
            assert lane.run_plain(paid()).verdict is Verdict.AGREE
            server.left = 1
            assert lane.run_plain(paid()).verdict is Verdict.AGREE


def test_a_block_is_never_sent_twice() -> None:
    with faulty("/block/execute", wrong.gone) as server:
        assert only(server, paid()).verdict is Verdict.CRASH
        assert server.requests.count("/block/execute") == 1


def test_a_server_that_has_ended_is_a_crash_of_the_case() -> None:
    with serve() as ended:
        pass
    (found,) = run(ended, paid())
    assert found.verdict is Verdict.CRASH
    assert found.differences[0].actual == "connection refused"


# Finding the server.


def test_a_server_that_is_not_there_at_the_start_is_one_clear_fault() -> None:
    with serve() as ended:
        reach(["batched", ended.url])
    with pytest.raises(HarnessFault, match=r"no labu server at http://.*: connection refused"):
        reach([ended.url])


@pytest.mark.parametrize(
    "name",
    [
        "http://",
        "http://host",
        "http://host:x",
        "http://h:1/path",
        "http://u@h:1",
        "http://h:99999",
    ],
)
def test_another_address_than_host_and_port_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="http"):
        find(name)


def test_what_needs_an_executor_in_this_process_refuses_a_server() -> None:
    with pytest.raises(UsageError, match="runs in this process"):
        find_inside("http://127.0.0.1:1")


# Published vectors.


def test_all_published_vectors_in_scope_pass_through_http(
    server: Server, published_directory: Path
) -> None:
    report = run_vectors(published_directory, Setting(server.url), MemoryStores())
    failed = [each for each in report.results if each.status is not Status.PASSED]
    assert not failed
    assert report.passed == 60
    assert report.not_compared == {RECEIPTS: 53, ROUND_TRIPS: 7}


def test_published_vectors_catch_a_wrong_server(published_directory: Path) -> None:
    with serve("canary") as server:
        report = run_vectors(published_directory, Setting(server.url), MemoryStores())
    assert report.failed > 10


def test_references_travel_in_the_wire_bytes(server: Server) -> None:
    steps = (atomic(replace(pays(f"t{at}", at), reference=0)) for at in (0, 1))
    found = only(server, case_of(*steps))
    assert found.verdict is Verdict.AGREE
    [envelope] = found.blocks[1].block.transactions
    content = decode(envelope.wire)
    assert isinstance(content, Transaction)
    assert (content.reference_topoheight, content.reference_hash) == (1, version_hash(1))
