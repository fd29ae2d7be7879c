"""A connected socket that belongs to one deadline, whatever is received and sent before it.

Invariant: no wait goes past ``until``, however slowly bytes arrive or are taken; one that would
raises ``TimeoutError``.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from time import monotonic

READ_SIZE = 64 * 1024
"""Bytes received at once, at most."""


class TimedSocket:
    """Receives and sends until ``until``, on the monotonic clock; a new one may be set any time."""

    def __init__(self, connected: socket.socket, until: float) -> None:
        self.until = until
        self._socket = connected

    def receive(self) -> bytes:
        """Return what arrives next, nothing once the other side has ended its output."""
        self._socket.settimeout(_left(self.until))
        return self._socket.recv(READ_SIZE)

    def waiting(self) -> bytes | None:
        """Return what has arrived already, nothing if that is the end, None if it is silence."""
        self._socket.setblocking(False)
        try:
            return self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return None

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self._socket.settimeout(_left(self.until))
        self._socket.sendall(data)

    def end_output(self) -> None:
        """Say that nothing more will be sent."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def connect(host: str, port: int, until: float) -> TimedSocket:
    """Connect to the first address of ``host`` that takes it, all of them tried before ``until``.

    Raises ``OSError``: that of the last address.
    """
    refused: OSError = OSError(f"{host} has no address")
    for address in _addresses(host, port):
        try:
            connected = socket.create_connection(address, _left(until))
        except OSError as error:
            refused = error
        else:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return TimedSocket(connected, until)
    raise refused


def _addresses(host: str, port: int) -> list[tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host} is no name that can be looked up") from error
    return [(str(address[0]), port) for *_, address in found]


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
