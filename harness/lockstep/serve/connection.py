"""One connection of a client: requests are read, answered and refused, each in its time.

Invariant: a request is carried out only when it has arrived whole, within its limits and its time,
and is meant for this server; whatever else arrives is answered by a refusal, and the connection
ends.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from http import HTTPStatus
from socketserver import BaseRequestHandler
from time import monotonic
from typing import TYPE_CHECKING

import h11

from lockstep.serve.endpoints import Refused, Reply, refusal
from lockstep.serve.limits import Share
from lockstep.targets.labu.timed import TimedSocket

if TYPE_CHECKING:
    from lockstep.serve.http import Server

SMALL = 64 * 1024
"""Bytes of an answer that is sent even if there is no room for it: results and refusals."""

ABSOLUTE = re.compile(r"https?://(?P<authority>[^/?#]*)(?P<path>.*)", re.IGNORECASE)
"""A target as proxies are sent it."""


class Gone(Exception):
    """The client has ended its output: nothing more will be asked."""


class Connection(BaseRequestHandler):
    """One connection, kept open from request to request."""

    server: Server

    def setup(self) -> None:
        """Begin without a clock: each exchange has its own."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._limits = self.server.limits
        self._socket = TimedSocket(self.request, 0)
        self._http = h11.Connection(h11.SERVER, self._limits.head)

    def handle(self) -> None:
        """Answer one request after another, until there is none or one is refused."""
        with suppress(Gone, TimeoutError, ConnectionError):
            while self._exchange():
                self._http.start_next_cycle()
            self._linger()

    def _exchange(self) -> bool:
        """Answer one request; tell whether another one may follow."""
        self._await_first_byte()
        self._method = b""
        with self.server.room.share() as share:
            try:
                reply, ends = self._carried_out(share), False
            except (Refused, h11.RemoteProtocolError, TimeoutError) as error:
                reply, ends = self._refused(error), True
            self._send(reply, ends)
        return (self._http.our_state, self._http.their_state) == (h11.DONE, h11.DONE)

    def _await_first_byte(self) -> None:
        arrived, _ = self._http.trailing_data
        if not arrived:
            self._socket.until = monotonic() + self._limits.idle
            self._http.receive_data(self._received())
        self._socket.until = monotonic() + self._limits.request

    def _carried_out(self, share: Share) -> Reply:
        request = self._event()
        assert isinstance(request, h11.Request), request
        self._method = request.method
        path = self._path(request)
        body = self._body(request, share)
        reply = self.server.carry_out(request.method.decode(), path, body)
        del body
        if not share.become(len(reply.content)) and len(reply.content) > SMALL:
            raise _crowded()
        return reply

    def _path(self, request: h11.Request) -> str:
        """Return what is asked for. Raises ``Refused`` if somebody else is."""
        path = request.target.decode("latin-1")
        hosts = _values(request, b"host")
        if (absolute := ABSOLUTE.fullmatch(path)) is not None:
            hosts, path = [absolute["authority"]], absolute["path"]
        foreign = self.server.names.foreign(hosts, _values(request, b"origin"))
        if foreign is not None:
            raise Refused(421, foreign)
        return path

    def _body(self, request: h11.Request, share: Share) -> bytearray:
        """Read the body. Raises ``Refused``, if it can before it asks for it."""
        if _values(request, b"transfer-encoding"):
            raise Refused(411, "a body needs a Content-Length, not a Transfer-Encoding")
        for length in _values(request, b"content-length"):
            if int(length) > (limit := self._limits.body):
                raise Refused(413, f"a body of {length} bytes, over the limit of {limit}")
        if self._http.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        body = bytearray()
        while isinstance(event := self._event(), h11.Data):
            if not share.become(len(body) + len(event.data)):
                raise _crowded()
            body += event.data
        return body

    def _refused(self, error: Refused | h11.RemoteProtocolError | TimeoutError) -> Reply:
        match error:
            case Refused():
                return refusal(error.status, str(error)).encoded()
            case h11.RemoteProtocolError():
                return refusal(error.error_status_hint, f"no HTTP: {error}").encoded()
            case _:
                text = f"the request did not arrive within {self._limits.request:g} s"
                return refusal(408, text).encoded()

    def _send(self, reply: Reply, ends: bool) -> None:
        self._socket.until = monotonic() + self._limits.answer
        headers = [("Server", "lockstep"), ("Content-Type", reply.kind)]
        headers.append(("Content-Length", str(len(reply.content))))
        if ends:
            headers.append(("Connection", "close"))
        reason = HTTPStatus(reply.status).phrase
        head = h11.Response(status_code=reply.status, headers=headers, reason=reason.encode())
        content = b"" if self._method == b"HEAD" else reply.content
        rest = (h11.Data(data=content), h11.EndOfMessage())
        if len(content) <= SMALL:
            self._write(head, *rest)
        else:  # which is not in memory twice
            self._write(head)
            self._write(*rest)

    def _write(self, *events: h11.Event) -> None:
        parts = [self._http.send(each) for each in events]
        self._socket.send(b"".join(each for each in parts if each))

    def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(self._received())
        return event

    def _received(self) -> bytes:
        data = self._socket.receive()
        if not data:
            raise Gone
        return data

    def _linger(self) -> None:
        """Take what is still being sent for a while: a connection that is cut loses its answer."""
        self._socket.end_output()
        self._socket.until = monotonic() + self._limits.linger
        while self._socket.receive():
            pass


def _values(request: h11.Request, name: bytes) -> list[str]:
    return [value.decode("latin-1") for each, value in request.headers if each == name]


def _crowded() -> Refused:
    return Refused(503, "too much is in memory for other connections; ask again")
