"""Exchanges on one connection to a server: a request goes out, one answer comes back.

Invariant: an answer is taken only if it is whole, within its limit, in no encoding, and followed by
nothing; memory is bounded by that limit, time by the deadline, whatever the server sends.
"""

from __future__ import annotations

from contextlib import suppress

import h11

from lockstep.targets.labu.timed import connect

HEAD_LIMIT = 64 * 1024
"""Bytes of the longest head of an answer, and of the longest line between its chunks."""

INTERIM_LIMIT = 16
"""The most answers that say no more than that the real one is yet to come (1xx)."""

UNASKED = "bytes that no request asked for"


class Unacceptable(Exception):
    """What came back is no answer to the request; the text says why."""


class Closed(Exception):
    """The connection was closed before an answer began."""


class Connection:
    """A connection to ``host`` and ``port``, made at once. Raises ``OSError``."""

    def __init__(self, host: str, port: int, answer_limit: int, until: float) -> None:
        name = f"[{host}]" if ":" in host else host
        self._authority = f"{name}:{port}"
        self._limit = answer_limit
        self._socket = connect(host, port, until)
        self._http = h11.Connection(h11.CLIENT, HEAD_LIMIT)
        self._is_new = True

    def exchange(
        self, method: str, path: str, body: bytes | None, until: float
    ) -> tuple[int, bytes]:
        """Return the status and the content that come back before ``until``.

        Raises ``Closed``, ``Unacceptable`` and ``OSError``, which covers ``TimeoutError``; the
        connection is of no more use then.
        """
        self._socket.until = until
        if not self._is_new:
            self._expect_silence()
        self._is_new = False
        request = self._request(method, path, body)
        with suppress(ConnectionError):  # a server may answer a request that it did not read
            self._socket.send(request)
        try:
            response = self._head()
            content = self._content(response)
        except h11.RemoteProtocolError as error:
            _, ended = self._http.trailing_data
            text = "a truncated answer" if ended else f"not HTTP: {error}"
            raise Unacceptable(text) from error
        if self._http.trailing_data[0]:
            raise Unacceptable(UNASKED)
        return response.status_code, content

    def renew(self) -> bool:
        """Make ready for another exchange; tell whether there can be one."""
        _, ended = self._http.trailing_data
        if ended or (self._http.our_state, self._http.their_state) != (h11.DONE, h11.DONE):
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _expect_silence(self) -> None:
        """Make sure that the server has said nothing since its last answer."""
        match self._socket.waiting():
            case None:
                return
            case b"":
                raise Closed
            case _:
                raise Unacceptable(UNASKED)

    def _request(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = [("Host", self._authority), ("Accept-Encoding", "identity")]
        if body is not None:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        head = h11.Request(method=method, target=path, headers=headers)
        events = (head, h11.Data(data=body or b""), h11.EndOfMessage())
        return b"".join(self._http.send(each) or b"" for each in events)

    def _head(self) -> h11.Response:
        """Return the head of the answer, which may be announced a few times."""
        for _ in range(INTERIM_LIMIT + 1):
            event = self._event()
            if isinstance(event, h11.Response):
                return event
        raise Unacceptable(f"more than {INTERIM_LIMIT} interim answers")

    def _content(self, response: h11.Response) -> bytes:
        for name, value in response.headers:
            if name == b"content-encoding" and value.lower() != b"identity":
                raise Unacceptable(f"content in an encoding, {value[:40]!r}")
            if name == b"content-length" and int(value) > self._limit:
                text = f"an answer of {int(value)} bytes, over the limit of {self._limit}"
                raise Unacceptable(text)
        content = bytearray()
        while isinstance(event := self._event(), h11.Data):
            content += event.data
            if len(content) > self._limit:
                raise Unacceptable(f"an answer over the limit of {self._limit} bytes")
        return bytes(content)

    def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(self._received())
        return event

    def _received(self) -> bytes:
        """Return what comes next; a connection that breaks off ends as one that is closed."""
        try:
            data = self._socket.receive()
        except ConnectionError:
            data = b""
        begun, _ = self._http.trailing_data
        if not data and not begun and self._http.their_state is h11.SEND_RESPONSE:
            raise Closed
        return data
