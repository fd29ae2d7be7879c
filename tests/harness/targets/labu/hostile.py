"""A server that means harm: what it does with a connection is a script of the test's."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

Script = Callable[[socket.socket, Event], None]
"""What is done with a connection until it returns, or the event says that the test is over."""

FLOOD = 64 * 1024 * 1024
"""Bytes after which a flood ends, if the client has not hung up."""

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def hostile(script: Script) -> Iterator[int]:
    """Do ``script`` with every connection, one after another; give the port."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=_accept, args=(listening, script, over), daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


def _accept(listening: socket.socket, script: Script, over: Event) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(10)
            script(connection, over)


def hear(connection: socket.socket) -> bytes:
    """Read one request, whose body has a length if there is one."""
    heard = b""
    while b"\r\n\r\n" not in heard and (data := connection.recv(65536)):
        heard += data
    head, _, body = heard.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    while len(body) < int(length or 0) and (data := connection.recv(65536)):
        body += data
    return head


def says(answer: bytes) -> Script:
    """Answer the first request with these bytes, and close."""

    def script(connection: socket.socket, over: Event) -> None:
        hear(connection)
        connection.sendall(answer)

    return script


def answers(*each: bytes) -> Script:
    """Answer one request after another with these bytes, and then say nothing."""

    def script(connection: socket.socket, over: Event) -> None:
        for answer in each:
            hear(connection)
            connection.sendall(answer)
        over.wait(10)

    return script


def floods(begin: bytes, again: bytes) -> Script:
    """Answer the first request with ``begin`` and then ``again`` for ever."""
    block = again * (65536 // len(again) + 1)

    def script(connection: socket.socket, over: Event) -> None:
        hear(connection)
        connection.sendall(begin)
        for _ in range(FLOOD // len(block)):
            if over.is_set():
                return
            connection.sendall(block)
        over.wait(10)

    return script


def drips(begin: bytes, again: bytes) -> Script:
    """Answer the first request with ``begin`` and then ``again``, byte by byte, for ever."""

    def script(connection: socket.socket, over: Event) -> None:
        hear(connection)
        connection.sendall(begin)
        while True:
            for byte in again:
                if over.wait(0.01):
                    return
                connection.sendall(bytes((byte,)))

    return script


def breaks_off(answer: bytes) -> Script:
    """Send these bytes, then reset the connection."""

    def script(connection: socket.socket, over: Event) -> None:
        hear(connection)
        connection.sendall(answer)
        over.wait(0.05)  # so that the bytes arrive before the reset does
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def refuses_unread(answer: bytes) -> Script:
    """Answer without reading the request, and close on what has arrived of it."""

    def script(connection: socket.socket, over: Event) -> None:
        connection.sendall(answer)
        connection.recv(1)

    return script
