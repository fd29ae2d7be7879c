"""Whatever a server sends is one verdict, within the deadline and in bounded memory."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from threading import Event
from time import monotonic

import pytest

from lockstep.targets.labu.client import SHOWN, Broken, Client, Reply
from lockstep.targets.labu.exchange import INTERIM_LIMIT
from lockstep.verdict import Verdict
from tests.harness.targets.labu.hostile import (
    WELL,
    Script,
    answers,
    breaks_off,
    drips,
    floods,
    hear,
    hostile,
    refuses_unread,
    says,
)

LIMIT = 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
ZIPPED = gzip.compress(b"{}")


@contextmanager
def asking(script: Script, deadline: float = 10.0) -> Iterator[Client]:
    with hostile(script) as port:
        client = Client("127.0.0.1", port, deadline, LIMIT)
        try:
            yield client
        finally:
            client.close()


def broken(script: Script, deadline: float = 10.0) -> Broken:
    with asking(script, deadline) as client, pytest.raises(Broken) as caught:
        client.call("POST", "/block/execute", {"txs": []})
    return caught.value


def headed(*headers: bytes, body: bytes = b"{}") -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *headers, b"", body))


NO_ANSWERS = {
    "no HTTP": (says(b"what?\r\n\r\n"), "not HTTP"),
    "HTTP of 1991": (says(b'{"success": true}'), "truncated"),
    "another protocol": (says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), "not HTTP"),
    "a status of two digits": (says(b"HTTP/1.1 20 OK\r\n\r\n"), "not HTTP"),
    "a status below all others": (says(b"HTTP/1.1 099 No\r\n\r\n"), "not HTTP"),
    "a line that is no header": (says(headed(b"nothing here")), "not HTTP"),
    "a long line in red": (says(headed(b"\x1b[31m" * 1000)), "not HTTP"),
    "a negative length": (says(headed(b"Content-Length: -1")), "not HTTP"),
    "a length with a sign": (says(headed(b"Content-Length: +2")), "not HTTP"),
    "two lengths": (says(headed(b"Content-Length: 2", b"Content-Length: 1")), "not HTTP"),
    "a length of many digits": (says(headed(b"Content-Length: " + b"9" * 5000)), "not HTTP"),
    "a promise over the limit": (says(headed(b"Content-Length: 99999999")), "over the limit"),
    "a negative chunk": (says(CHUNKED + b"-5\r\n" + b"x" * 100), "not HTTP"),
    "a chunk that is longer": (says(CHUNKED + b"2\r\n{}x\r\n0\r\n\r\n"), "not HTTP"),
    "gzip": (says(headed(b"Content-Encoding: gzip", body=ZIPPED)), "encoding"),
    "gzip in transfer": (says(headed(b"Transfer-Encoding: gzip", body=ZIPPED)), "not HTTP"),
    "an end inside the head": (says(b"HTTP/1.1 200 OK\r\nContent-Le"), "truncated"),
    "an end inside the content": (says(BEGUN), "truncated"),
    "an end inside a chunk": (says(CHUNKED + b"9\r\n{"), "truncated"),
    "a break inside the content": (breaks_off(BEGUN), "truncated"),
    "two answers at once": (answers(WELL + WELL), "no request asked for"),
    "an answer and a newline": (answers(WELL + b"\r\n"), "no request asked for"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_a_protocol_error(name: str) -> None:
    script, words = NO_ANSWERS[name]
    found = broken(script)
    assert (found.verdict, words in str(found)) == (Verdict.PROTOCOL_ERROR, True), str(found)
    assert len(str(found)) <= SHOWN + len("...")
    assert str(found).isprintable()


FLOODS = {
    "status line": floods(b"HTTP/1.1 200 ", b"O"),
    "header line": floods(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "headers": floods(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "folded header": floods(b"HTTP/1.1 200 OK\r\nX: y\r\n", b" z\r\n"),
    "go on": floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": floods(b"", INTERIM),
    "chunk size": floods(CHUNKED, b"1"),
    "chunk extension": floods(CHUNKED + b"1;", b"x"),
    "chunks": floods(CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
    "trailer": floods(CHUNKED + b"0\r\n", b"X: y\r\n"),
    "content without a length": floods(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "content of HTTP/1.0": floods(b"HTTP/1.0 200 OK\r\n\r\n", b" "),
    "after the answer": floods(b"", WELL),
    "nul": floods(b"", b"\0"),
    "empty lines": floods(b"", b"\r\n"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_a_protocol_error_and_takes_no_more_memory_than_a_few_answers(name: str) -> None:
    tracemalloc.start()
    try:
        found = broken(FLOODS[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.verdict is Verdict.PROTOCOL_ERROR, str(found)
    assert peak < 8 * LIMIT


DRIPS = {
    "nothing": answers(),
    "status line": drips(b"", b"HTTP/1.1 200 O" + b"o" * 1000),
    "headers": drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "go on": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "content": drips(headed(b"Content-Length: 9999", body=b""), b" "),
    "chunks": drips(CHUNKED, b"1\r\n \r\n"),
    "trailer": drips(CHUNKED + b"0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("name", DRIPS)
def test_drops_that_make_no_answer_hang_until_the_deadline_and_no_longer(name: str) -> None:
    begin = monotonic()
    found = broken(DRIPS[name], deadline=0.2)
    assert (found.verdict, str(found)) == (Verdict.HANG, "no answer within 0.2 s")
    assert 0.2 <= monotonic() - begin < 2


def test_a_call_that_is_made_twice_has_one_deadline() -> None:
    """The first connection is closed on the second call, 0.3 s later; the next one is silent."""
    met = []

    def script(connection: socket, over: Event) -> None:
        met.append(connection)
        if len(met) == 1:
            says(WELL)(connection, over)
            hear(connection)
            over.wait(0.3)
        else:
            over.wait(10)

    with asking(script, deadline=0.5) as client:
        assert client.call("GET", "/health").status == 200
        begin = monotonic()
        with pytest.raises(Broken, match=r"no answer within 0\.5 s"):
            client.call("GET", "/health")
        assert monotonic() - begin < 0.75
    assert len(met) == 2


def test_an_answer_to_a_request_that_was_not_read_is_the_answer() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    with asking(refuses_unread(refusal)) as client:
        reply = client.call("POST", "/state/load", {"data": "x" * 8 * LIMIT})
    assert reply == Reply(413, {}, b"{}")


def test_interim_answers_before_the_real_one_are_passed_over() -> None:
    with asking(answers(INTERIM * INTERIM_LIMIT + WELL)) as client:
        assert client.call("POST", "/block/execute", {}) == Reply(200, {}, b"{}")
    assert "interim" in str(broken(answers(INTERIM * (INTERIM_LIMIT + 1) + WELL)))


@pytest.mark.parametrize(
    "answer",
    [
        WELL,
        b"HTTP/1.1 200\nContent-Length: 2\n\n{}",
        CHUNKED + b"1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n",
        headed(b"Content-Encoding: identity", b"Content-Length: 2"),
        headed(b"Content-Length: 2", b"Content-Length: 2"),
    ],
)
def test_one_connection_serves_any_number_of_calls(answer: bytes) -> None:
    with asking(answers(*[answer] * 5)) as client:
        for _ in range(5):
            assert client.call("POST", "/block/execute", {}) == Reply(200, {}, b"{}")


@pytest.mark.parametrize(
    "answer",
    [
        headed(b"Content-Length: 2", b"Connection: close"),
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        headed(),
    ],
)
def test_a_connection_that_is_not_kept_is_opened_again(answer: bytes) -> None:
    with asking(says(answer)) as client:
        for _ in range(3):
            assert client.call("POST", "/block/execute", {}) == Reply(200, {}, b"{}")


def test_what_a_server_says_without_being_asked_is_not_taken_for_the_next_answer() -> None:
    answered, said = Event(), Event()

    def script(connection: socket, over: Event) -> None:
        says(WELL)(connection, over)
        answered.wait(10)
        connection.sendall(WELL)
        said.set()
        over.wait(10)

    with asking(script) as client:
        client.call("POST", "/block/execute", {})
        answered.set()
        said.wait(10)
        with pytest.raises(Broken, match="no request asked for") as caught:
            client.call("GET", "/state/export")
    assert caught.value.verdict is Verdict.PROTOCOL_ERROR


def test_a_host_that_no_name_server_can_be_asked_for_is_one_verdict() -> None:
    with pytest.raises(Broken, match="no name that can be looked up") as caught:
        Client("a..b", 1).call("GET", "/health")
    assert caught.value.verdict is Verdict.CRASH
