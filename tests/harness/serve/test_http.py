"""The server: the endpoints answer as labu's do, and no request ends it or gets no answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import pytest

from lockstep.case.realise import realise
from lockstep.case.values import Intent
from lockstep.faults import UsageError
from lockstep.serve.http import Server
from lockstep.serve.ledger import Ledger, served
from lockstep.targets.inside import InsideTarget
from lockstep.targets.labu.documents import state_document
from lockstep_ledger.digest import state_digest
from lockstep_ledger.model import NATIVE, Account, Chain, State
from lockstep_ledger.outcome import Code
from tests.harness.faulty_executors import Crashing, CrashingTask, Waiting
from tests.harness.serve.serving import serving
from tests.harness.small import ALICE, BOB, FEE, RICH, block, pays

STATE = State(Chain(height=7), {ALICE: Account(0, {NATIVE: RICH}), BOB: Account(5, {NATIVE: 7})})
AFTER = State(
    Chain(height=7),
    {ALICE: Account(1, {NATIVE: RICH - FEE - 1}), BOB: Account(5, {NATIVE: 8})},
)


class Caller:
    """Sends requests to one server, each over a connection of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def raw(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, content

    def get(self, path: str) -> Any:
        status, content = self.raw("GET", path)
        assert status == 200, content
        return json.loads(content)

    def post(self, path: str, document: object) -> Any:
        status, content = self.raw("POST", path, json.dumps(document).encode())
        assert status == 200, content
        return json.loads(content)

    def refused(self, status: int, method: str, path: str, body: bytes = b"", **more: str) -> str:
        """Send what must be refused, and return the sentence that says why."""
        found, content = self.raw(method, path, body, **more)
        document = json.loads(content)
        assert found == status, content
        assert document["success"] is False
        assert "Traceback" not in document["error"]
        text = document["error"]
        assert isinstance(text, str)
        assert text
        return text


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(Ledger(served("reference"), 1)) as server:
        yield server


@pytest.fixture
def caller(server: Server) -> Caller:
    """Call a server whose state is empty."""
    caller = Caller(server)
    caller.post("/state/reset", {})
    return caller


def wire(intent: Intent) -> dict[str, str]:
    """Return what labu is sent of a transaction signed with a real key."""
    (envelope,) = realise(block(intent), "schnorr").transactions
    return {"wire_hex": envelope.wire.hex()}


# What the endpoints answer.


def test_health_is_a_plain_ok(caller: Caller) -> None:
    assert caller.raw("GET", "/health") == (200, b"OK\n")


def test_a_loaded_state_is_exported_as_it_was_and_has_its_digest(caller: Caller) -> None:
    loaded = caller.post("/state/load", state_document(STATE))
    assert caller.get("/state/export") == state_document(STATE)
    assert caller.get("/state/digest") == {"state_digest": state_digest(STATE).hex()}
    assert loaded == {"success": True, "state_digest": state_digest(STATE).hex()}


def test_reset_empties_the_state(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))
    assert caller.post("/state/reset", {})["success"] is True
    assert caller.get("/state/export")["accounts"] == []


def test_a_lone_transaction_changes_the_state_and_not_the_height(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))
    assert caller.post("/tx/execute", wire(pays("t0", 0))) == {
        "success": True,
        "error_code": 0,
        "state_digest": state_digest(AFTER).hex(),
        "error": None,
    }
    assert caller.get("/state/export") == state_document(AFTER)


def test_a_block_is_executed_on_what_the_block_before_left(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))
    for nonce in range(3):
        answer = caller.post("/block/execute", {"txs": [wire(pays("t0", nonce))]})
        assert answer["success"] is True
    exported = caller.get("/state/export")
    assert exported["global_state"]["block_height"] == STATE.chain.height + 3
    assert {each["nonce"] for each in exported["accounts"]} == {3, 5}


def test_a_block_with_a_failing_transaction_changes_nothing(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))
    answer = caller.post("/block/execute", {"txs": [wire(pays("t0", 0)), wire(pays("t1", 0))]})
    assert answer == {
        "success": False,
        "error_code": Code.NONCE_TOO_LOW,
        "state_digest": state_digest(STATE).hex(),
        "error": "NONCE_TOO_LOW in transaction 1",
    }


def test_bytes_that_are_no_transaction_are_a_result_and_not_an_error(caller: Caller) -> None:
    for wire_hex in ("", "00", "ff" * 40):
        answer = caller.post("/tx/execute", {"wire_hex": wire_hex})
        assert answer["error_code"] == Code.INVALID_FORMAT


def test_signatures_are_verified(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))
    forged = wire(pays("t0", 0))["wire_hex"][:-2] + "00"
    answer = caller.post("/tx/execute", {"wire_hex": forged})
    assert answer["error_code"] == Code.INVALID_SIGNATURE


# What is wrong with a request.


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (404, "GET", "/nothing", b""),
        (404, "GET", "/", b""),
        (405, "POST", "/health", b""),
        (405, "GET", "/tx/execute", b""),
        (405, "DELETE", "/state/load", b""),
        (405, "BREW", "/state/load", b""),
        (400, "POST", "/state/load", b""),
        (400, "POST", "/state/load", b"{"),
        (400, "POST", "/state/load", b"[]"),
        (400, "POST", "/state/load", b"null"),
        (400, "POST", "/state/load", b"\xff\xfe"),
        (400, "POST", "/state/load", b"[" * 100_000),
        (400, "POST", "/state/load", b'{"accounts": [{}]}'),
        (400, "POST", "/state/load", b'{"accounts": [{"address": "00"}]}'),
        (400, "POST", "/state/load", b'{"accounts": [], "multisigs": [1]}'),
        (400, "POST", "/state/load", b'{"accounts": {}}'),
        (400, "POST", "/state/load", b'{"accounts": ""}'),
        (400, "POST", "/state/load", b'{"accounts": [], "global_state": false}'),
        (400, "POST", "/tx/execute", b"{}"),
        (400, "POST", "/tx/execute", b'{"wire_hex": 0, "tx": {"tx_type": "transfers"}}'),
        (400, "POST", "/tx/execute", b'{"wire_hex": 7}'),
        (400, "POST", "/tx/execute", b'{"wire_hex": "xy"}'),
        (400, "POST", "/block/execute", b"{}"),
        (400, "POST", "/block/execute", b'{"txs": {}}'),
        (400, "POST", "/block/execute", b'{"txs": [{"wire_hex": ""}, 3]}'),
    ],
)
def test_a_wrong_request_is_refused_in_a_sentence_and_the_state_stays(
    caller: Caller, status: int, method: str, path: str, body: bytes
) -> None:
    caller.post("/state/load", state_document(STATE))
    caller.refused(status, method, path, body)
    assert caller.get("/state/export") == state_document(STATE)


def test_a_number_outside_its_width_is_refused(caller: Caller) -> None:
    document = state_document(STATE)
    document["accounts"][0]["balance"] = 2**64
    caller.refused(400, "POST", "/state/load", json.dumps(document).encode())


def test_a_body_over_the_limit_is_refused_unread(caller: Caller) -> None:
    text = caller.refused(413, "POST", "/state/load", Content_Length=str(1 << 40))
    assert "limit" in text


@pytest.mark.parametrize("length", ["-1", "many", "9" * 5000])
def test_a_length_that_is_none_is_refused(caller: Caller, length: str) -> None:
    status, _ = caller.raw("POST", "/state/load", Content_Length=length)
    assert status in (400, 413)


def test_a_body_without_a_length_is_refused(caller: Caller) -> None:
    caller.refused(411, "POST", "/state/load", Transfer_Encoding="chunked")


@pytest.mark.parametrize("junk", [b"nonsense\r\n\r\n", b"\x00\xff\r\n\r\n", b"GET /\r\n\r\n", b""])
def test_what_is_not_http_does_not_end_the_server(caller: Caller, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", caller.server.server_port), 10) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert caller.raw("GET", "/health")[0] == 200


def test_a_client_that_asks_before_it_sends_its_body_is_told_to_go_on(caller: Caller) -> None:
    with socket.create_connection(("127.0.0.1", caller.server.server_port), 10) as connection:
        head = b"POST /state/reset HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        connection.sendall(head + b"Content-Length: 2\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_ends_too_early_is_not_carried_out(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))
    with socket.create_connection(("127.0.0.1", caller.server.server_port), 10) as connection:
        head = b"POST /state/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
        connection.sendall(head + b"{}")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(4096) == b""
    assert caller.get("/state/export") == state_document(STATE)


# The executor behind it.


@pytest.mark.parametrize("factory", [Crashing, CrashingTask, Waiting])
def test_an_executor_that_fails_is_a_500_and_the_state_stays(factory: Callable[..., Any]) -> None:
    with serving(Ledger(InsideTarget("ours", factory), 1)) as server:
        caller = Caller(server)
        caller.post("/state/load", state_document(STATE))
        body = json.dumps(wire(pays("t0", 0))).encode()
        assert "executor failed" in caller.refused(500, "POST", "/tx/execute", body)
        assert caller.get("/state/export") == state_document(STATE)


def test_requests_of_many_connections_are_carried_out_one_after_another(caller: Caller) -> None:
    caller.post("/state/load", state_document(STATE))

    def execute(_: int) -> bool:
        answer = caller.post("/block/execute", {"txs": []})
        return answer["success"] is True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(execute, range(24)))
    exported = caller.get("/state/export")
    assert exported["global_state"]["block_height"] == STATE.chain.height + 24


def test_a_taken_port_is_a_clear_line(server: Server) -> None:
    with pytest.raises(UsageError, match=f"cannot listen on .*{server.server_port}.*in use"):
        Server(Ledger(served("reference"), 1), port=server.server_port)
