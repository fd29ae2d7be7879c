"""What clients hold and how long they take is bounded, and others are served meanwhile."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from lockstep.serve.http import Server, serve
from lockstep.serve.ledger import Ledger, served
from lockstep.serve.limits import Limits, Room
from lockstep.targets.inside import InsideTarget
from lockstep.targets.labu.documents import VALUES_LIMIT, state_document
from lockstep.targets.reference import ReferenceExecutor
from lockstep_ledger.model import Account, Chain, State
from tests.harness.serve.serving import serving

HOST = b"Host: localhost\r\n"
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /health HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
SHORT = 0.2
"""Seconds of the limit that a test runs into."""


@contextmanager
def limited(**limits: Any) -> Iterator[Server]:
    with serving(Ledger(served("reference"), 1), limits=Limits(**limits)) as server:
        yield server


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), 10)


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", "")
    return "\r\n".join(lines).encode()


def heard(connection: socket.socket) -> bytes:
    """Return what comes back until the server closes, or breaks off."""
    content = b""
    try:
        while data := connection.recv(65536):
            content += data
    except ConnectionError:
        pass
    return content


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer[9:12])


def refused(answer: bytes) -> tuple[int, str]:
    """Return the status and the sentence of a refusal, which is all that came back."""
    before, _, content = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in before.lower()
    return status_of(answer), json.loads(content)["error"]


def asked(server: Server, request: bytes) -> bytes:
    """Send a request of which the server takes the end of its own accord."""
    with connect(server) as connection:
        connection.sendall(request)
        return heard(connection)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something of the server's threads holds."""
    until = monotonic() + 10
    while not holds():
        assert monotonic() < until


def state_of_accounts(count: int) -> bytes:
    accounts = {number.to_bytes(32, "big"): Account(0) for number in range(count)}
    return json.dumps(state_document(State(Chain(), accounts))).encode()


def is_well(server: Server) -> bool:
    return status_of(asked(server, LAST)) == 200


# Connections.


def test_a_connection_above_the_cap_is_turned_away_and_served_once_another_has_left() -> None:
    with limited(connections=3) as server, ExitStack() as stack:
        held = [stack.enter_context(connect(server)) for _ in range(3)]
        for each in held:
            each.sendall(HEALTH)
            assert each.recv(4096)
        status, text = refused(asked(server, b""))
        assert (status, text) == (503, "all 3 connections are taken")
        held[0].shutdown(socket.SHUT_WR)
        assert heard(held[0]) == b""
        eventually(lambda: is_well(server))


def test_a_place_is_left_by_every_connection_however_it_ends() -> None:
    with limited(connections=1, request=SHORT, linger=SHORT) as server:
        for request in (b"", b"what?\r\n\r\n", HEALTH, head("/x", "Content-Length: 99999999999")):
            eventually(lambda: server._places._value == 1)
            with connect(server) as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                heard(connection)
        eventually(lambda: is_well(server))


# Time.

DRIPS = {
    "a request line": (b"", b"GET /health"),
    "headers": (b"GET /health HTTP/1.1\r\n" + HOST, b"X: y\r\n"),
    "a body": (head("/state/reset", "Content-Length: 9999"), b" "),
    "one byte": (b"G", b""),
    "a head and silence": (head("/state/reset", "Content-Length: 2"), b""),
    "a promise and silence": (
        head("/state/reset", "Content-Length: 2", "Expect: 100-continue"),
        b"",
    ),
}


@pytest.mark.parametrize("name", DRIPS)
def test_a_client_that_drips_is_dropped_when_its_time_is_over(name: str) -> None:
    begin, again = DRIPS[name]
    over = Event()

    def drip(connection: socket.socket) -> None:
        while again:
            for byte in again:
                if over.wait(0.01):
                    return
                connection.sendall(bytes((byte,)))

    with limited(request=SHORT, linger=0.01) as server, connect(server) as connection:
        since = monotonic()
        connection.sendall(begin)
        thread = Thread(target=_quietly, args=(drip, connection))
        thread.start()
        answer = heard(connection)
        over.set()
        thread.join()
        assert SHORT <= monotonic() - since < 5
        status, text = refused(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
        assert (status, text) == (408, "the request did not arrive within 0.2 s")
        assert is_well(server)


def _quietly(drip: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with suppress(OSError):
        drip(connection)


def test_the_time_of_a_request_begins_with_its_first_byte_and_anew_with_the_next() -> None:
    with limited(request=SHORT, idle=10) as server, connect(server) as connection:
        for _ in range(3):
            Event().wait(SHORT)
            connection.sendall(HEALTH)
            assert status_of(connection.recv(4096)) == 200


def test_a_connection_that_asks_nothing_is_closed_without_a_word() -> None:
    with limited(idle=SHORT) as server:
        assert asked(server, b"") == b""
        answer = asked(server, HEALTH)
        assert answer.count(b"HTTP/1.1 ") == 1


def test_a_client_that_does_not_read_its_answer_is_dropped() -> None:
    """The answers to many requests at once are more than fits between the two."""
    with limited(answer=SHORT, linger=0.01) as server, connect(server) as connection:
        body = state_of_accounts(10_000)
        connection.sendall(head("/state/load", f"Content-Length: {len(body)}") + body)
        assert status_of(connection.recv(4096)) == 200
        connection.sendall(head("/state/export", method="GET") * 10)
        eventually(lambda: server._places._value == server.limits.connections)
        assert is_well(server)


# Memory.


def test_bodies_that_add_up_to_more_than_there_is_room_for_are_refused() -> None:
    size = 1_000_000
    with limited(body=size, held=2 * size, request=10) as server, ExitStack() as stack:
        waiting = [stack.enter_context(connect(server)) for _ in range(2)]
        for each in waiting:
            each.sendall(head("/state/reset", f"Content-Length: {size}") + b" " * (size - 1))
        eventually(lambda: server.room._left == 2)
        small = head("/state/reset", "Content-Length: 100", "Connection: close")
        small += b" " * 98 + b"{}"
        assert refused(asked(server, small))[0] == 503
        assert is_well(server)
        for each in waiting:
            each.sendall(b" ")
            assert status_of(each.recv(4096)) == 400  # blanks are no JSON
        assert status_of(asked(server, small)) == 200
        eventually(lambda: server.room._left == 2 * size)


def test_a_promised_length_takes_no_room() -> None:
    with limited(body=1000, held=1000, request=10) as server, ExitStack() as stack:
        for _ in range(5):
            each = stack.enter_context(connect(server))
            each.sendall(head("/state/reset", "Content-Length: 1000") + b" ")
        with connect(server) as connection:
            connection.sendall(head("/state/reset", "Content-Length: 900") + b" " * 898 + b"{}")
            assert status_of(connection.recv(4096)) == 200


def test_an_answer_that_there_is_no_room_for_is_refused() -> None:
    body = state_of_accounts(1000)
    with limited(held=len(body)) as server, connect(server) as connection:
        connection.sendall(head("/state/load", f"Content-Length: {len(body)}") + body)
        assert status_of(connection.recv(4096)) == 200
        with server.room.share() as share:
            assert share.become(len(body) // 2)
            connection.sendall(head("/state/export", method="GET"))
            assert refused(heard(connection))[0] == 503


def test_a_share_of_the_room_ends_empty_even_where_it_failed() -> None:
    room = Room(10)

    def fail() -> None:
        with room.share() as share:
            assert share.become(7)
            assert not share.become(11)
            assert share.become(10)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert room._left == 10


def test_a_body_of_very_many_values_is_refused_before_it_is_read() -> None:
    body = b"[" + b"0," * VALUES_LIMIT + b"0]"
    with limited() as server, connect(server) as connection:
        connection.sendall(head("/state/load", f"Content-Length: {len(body)}") + body)
        answer = connection.recv(4096)
        assert status_of(answer) == 413
        assert b"values" in answer


# What is no request for this server.


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, b"GET /health HTTP/1.1\r\n\r\n"),
        (400, b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
        (421, b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        (421, b"GET /health HTTP/1.1\r\nHost:\r\n\r\n"),
        (421, b"GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (421, head("/state/reset", "Origin: http://evil.example", "Content-Length: 0")),
        (421, head("/state/reset", "Origin: null", "Content-Length: 0")),
        (400, b"GET /health\r\n\r\n"),
        (400, b"GET /health HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n"),
        (400, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n"),
        (400, b"GET /he alth HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (400, head("/state/reset", "Content-Length: -1")),
        (400, head("/state/reset", "Content-Length: 1", "Content-Length: 2")),
        (411, head("/state/reset", "Transfer-Encoding: chunked")),
        (411, head("/state/reset", "Content-Length: 2", "Transfer-Encoding: chunked")),
        (413, head("/state/reset", "Content-Length: 99999999999", "Expect: 100-continue")),
        (431, b"GET /" + b"x" * 200_000),
        (431, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000),
        (501, head("/state/reset", "Transfer-Encoding: gzip")),
    ],
)
def test_what_is_not_meant_for_it_is_refused_in_a_sentence_and_the_connection_ends(
    status: int, request_: bytes
) -> None:
    with limited(linger=SHORT) as server:
        found, text = refused(asked(server, request_))
        assert (found, "Traceback" in text) == (status, False), text
        assert is_well(server)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET HTTP://127.0.0.1:9/health?x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\nHost: localhost\n\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_a_request_of_an_unusual_form_is_answered_and_the_connection_is_kept(
    request_: bytes,
) -> None:
    with limited() as server, connect(server) as connection:
        for _ in range(3):
            connection.sendall(request_)
            answer = connection.recv(4096)
            assert status_of(answer) == 200
            assert answer.endswith(b"OK\n")


def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    with limited() as server, connect(server) as connection:
        reset = head("/state/reset", "Content-Length: 2") + b"{}"
        missing = head("/nothing", method="GET")
        connection.sendall(HEALTH + reset + missing + LAST)
        statuses = [part[:3] for part in heard(connection).split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"200", b"404", b"200"]


def test_a_head_request_has_no_content_and_the_next_answer_is_whole() -> None:
    with limited() as server, connect(server) as connection:
        connection.sendall(head("/health", method="HEAD"))
        answer = connection.recv(4096)
        assert status_of(answer) == 405
        assert answer.endswith(b"\r\n\r\n")
        connection.sendall(HEALTH)
        assert connection.recv(4096).endswith(b"OK\n")


def test_a_client_that_speaks_http_1_0_is_answered_and_let_go() -> None:
    with limited() as server:
        assert asked(server, b"GET /health HTTP/1.0\r\n\r\n").endswith(b"OK\n")


def test_a_refusal_reaches_a_client_that_is_still_sending_its_body() -> None:
    size = 20_000_000
    with limited(body=1000) as server:
        whole = head("/state/reset", f"Content-Length: {size}") + b" " * size
        assert refused(asked(server, whole))[0] == 413


# Others than this machine.


class Interrupted(Server):
    """A server that is interrupted as soon as it serves."""

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])  # noqa: S104
def test_a_server_that_others_can_reach_says_so_in_one_line(
    host: str, warned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    serve(Interrupted(Ledger(served("reference"), 1), host), "reference", said.append)
    warning = capsys.readouterr().err
    assert warning.count("\n") == int(warned)
    assert ("knows no passwords" in warning) == warned
    assert len(said) == 2


def test_an_executor_that_says_very_much_about_its_fault_is_cut_short() -> None:
    class Wordy(ReferenceExecutor):
        def execute(self, *_: object) -> Any:
            raise RuntimeError("x" * 10_000_000)

    with serving(Ledger(InsideTarget("wordy", Wordy), 1)) as server, connect(server) as connection:
        connection.sendall(head("/block/execute", "Content-Length: 11") + b'{"txs": []}')
        answer = connection.recv(65536)
        assert status_of(answer) == 500
        assert len(answer) < 2000
