"""What an attacker sends to a labu server, by number, and what may come back.

Invariant: the exchange of a number is the same bytes on every machine; what may come back is as
narrow as HTTP and the limits of the server leave it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from lockstep.case.realise import realise
from lockstep.serve.limits import Limits
from lockstep.targets.labu.documents import state_document
from lockstep_ledger.model import NATIVE, Account, Chain, State
from tests.harness.small import ALICE, BOB, RICH, block, pays

LIMITS = Limits(
    connections=8,
    body=200_000,
    held=400_000,
    head=16 * 1024,
    idle=0.5,
    request=0.5,
    answer=0.5,
    linger=0.1,
)
"""The limits of the server that is attacked: small ones, which are met soon."""

STATE = state_document(State(Chain(), {ALICE: Account(0, {NATIVE: RICH}), BOB: Account(5)}))
REFUSALS = frozenset({400, 404, 405, 408, 411, 413, 421, 431, 501})
HOSTS = ("localhost", "127.0.0.1:8080", "[::1]", "127.9.9.9", "LOCALHOST:1", "labu.localhost")
FOREIGN = ("evil.example", "127.0.0.1.evil.example", "0.0.0.0", "", "a@localhost", "192.0.2.1:80")  # noqa: S104
ODD: Sequence[object] = (
    *(None, False, 0, -1, 2**64, 1.5, float("nan")),
    *("\ud800", "x" * 9999, [], [[]], {}),
)
SMALL = b'{"wire_hex": "00"}'


class End(Enum):
    """What the attacker does when all is sent."""

    READS = "reads"
    ENDS_OUTPUT = "ends its output and reads"
    LEAVES = "leaves"
    RESETS = "resets"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is sent, piece by piece, and the status of each answer; None is any refusal or result.

    ``crowd`` connections are held meanwhile; ``changes`` says that the state may be another then.
    """

    name: str
    pieces: Sequence[bytes]
    answers: tuple[int | None, ...] | None = None
    end: End = End.READS
    pause: float = 0.0
    crowd: int = 0
    changes: bool = False


def exchange_at(number: int) -> Exchange:
    """Return the exchange of that number: the kinds in turn, each with randomness of its own."""
    kind = KINDS[number % len(KINDS)]
    return kind(Random(f"exchange {number}"))


def head(method: str, path: str, *headers: str, host: str | None = "localhost") -> bytes:
    hosts = [] if host is None else [f"Host: {host}"]
    return "\r\n".join((f"{method} {path} HTTP/1.1", *hosts, *headers, "", "")).encode("latin-1")


def post(path: str, body: bytes, *headers: str) -> bytes:
    return head("POST", path, *headers, f"Content-Length: {len(body)}") + body


LAST = head("GET", "/health", "Connection: close")
"""Sent behind what keeps the connection: that it is answered shows that nothing was mixed up."""


# What is as it should be, so that an attacker which refuses to see anything good is noticed.


def _reads(random: Random) -> Exchange:
    paths = random.choices(("/health", "/state/export", "/state/digest", "/health?x=/tx"), k=5)
    asked = [head("GET", path, host=random.choice(HOSTS)) for path in paths]
    return Exchange("reading", [b"".join(asked) + LAST], (200,) * 6)


def _loads(random: Random) -> Exchange:
    wires = [each.wire.hex() for each in realise(block(pays("t0", 0)), "schnorr").transactions]
    asked = [
        post("/state/load", json.dumps(STATE).encode()),
        post(
            "/block/execute", json.dumps({"txs": [{"wire_hex": each} for each in wires]}).encode()
        ),
        post("/tx/execute", json.dumps({"wire_hex": wires[0]}).encode()),
        LAST,
    ]
    cut = random.randrange(1, 200)
    whole = b"".join(asked)
    return Exchange("executing", [whole[:cut], whole[cut:]], (200,) * 4, changes=True)


def _asks_first(random: Random) -> Exchange:
    body = b"{}" + b" " * random.randrange(1000)
    asked = head("POST", "/state/reset", "Expect: 100-continue", f"Content-Length: {len(body)}")
    return Exchange("asking first", [asked, body, LAST], (100, 200, 200), pause=0.05, changes=True)


def _through_a_proxy(random: Random) -> Exchange:
    target = f"http://{random.choice(HOSTS)}/health"
    return Exchange("absolute target", [head("GET", target, host="x.example") + LAST], (200, 200))


def _bare_newlines(random: Random) -> Exchange:
    asked = head("GET", "/health").replace(b"\r\n", b"\n")
    return Exchange("bare newlines", [asked + LAST], (200, 200))


# What is no HTTP, or none for this server.


def _garbage(random: Random) -> Exchange:
    sent = random.randbytes(random.randrange(1, 4000)) + b"\r\n\r\n"
    return Exchange("garbage", [sent], (400,), End.ENDS_OUTPUT)


def _changed(random: Random) -> Exchange:
    sent = bytearray(post("/tx/execute", SMALL, "Accept: */*", "X-Y: z"))
    for _ in range(random.randrange(1, 6)):
        sent[random.randrange(len(sent))] = random.randrange(256)
    return Exchange("changed bytes", [bytes(sent)], None, End.ENDS_OUTPUT)


def _cut(random: Random) -> Exchange:
    sent = post("/state/load", json.dumps(STATE).encode())
    end = random.choice((End.ENDS_OUTPUT, End.LEAVES, End.RESETS))
    return Exchange("cut short", [sent[: random.randrange(len(sent))]], (), end)


def _foreign(random: Random) -> Exchange:
    host = random.choice(FOREIGN)
    asked = random.choice(
        (
            head("POST", "/state/reset", "Content-Length: 0", host=host),
            head("POST", "/state/reset", "Content-Length: 0", f"Origin: http://{host}"),
            head("POST", f"http://{host}/state/reset", "Content-Length: 0"),
        )
    )
    return Exchange("for somebody else", [asked], (421,))


def _hosts(random: Random) -> Exchange:
    hosts = random.choice(((), ("localhost", "localhost"), ("localhost", "evil.example")))
    asked = head("GET", "/health", *(f"Host: {each}" for each in hosts), host=None)
    return Exchange("no host or two", [asked], (400,))


def _many_headers(random: Random) -> Exchange:
    asked = head(
        "GET", "/health", *(f"X-{at}: y" for at in range(random.randrange(12_000, 30_000)))
    )
    return Exchange("many headers", [asked], (431,))


def _long_line(random: Random) -> Exchange:
    long = "x" * random.randrange(100_000, 300_000)
    asked = random.choice((head("GET", f"/{long}"), head("GET", "/", f"X: {long}"), long.encode()))
    return Exchange("a long line", [asked], (431,))


def _old(random: Random) -> Exchange:
    asked = random.choice((b"GET /health\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n", b"/health\n\n"))
    return Exchange("HTTP of 1991", [asked], (400,))


def _lengths(random: Random) -> Exchange:
    length = random.choice(("-1", "+2", "2.0", "0x2", "2 2", "2, 3", "", "many", "9" * 30, "٢"))
    asked = f"POST /state/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{{}}"
    return Exchange("a length that is none", [asked.encode()], (400,))


def _two_lengths(random: Random) -> Exchange:
    lengths = random.sample(range(9), 2)
    headers = [f"Content-Length: {each}" for each in lengths]
    return Exchange("two lengths", [head("POST", "/state/reset", *headers) + b"{}"], (400,))


def _smuggled(random: Random) -> Exchange:
    """Hide a second request in what one of the two ways to read the first takes for its body."""
    inner = post("/state/reset", b"{}")
    headers = ["Transfer-Encoding: chunked", f"Content-Length: {random.randrange(1, 40)}"]
    random.shuffle(headers)
    asked = head("POST", "/tx/execute", *headers) + b"0\r\n\r\n" + inner
    return Exchange("a smuggled request", [asked], (411,))


def _chunked(random: Random) -> Exchange:
    chunks = random.choice((b"2\r\n{}\r\n0\r\n\r\n", b"-1\r\n", b"fffffffff\r\n", b"1" * 5000))
    asked = head("POST", "/state/reset", "Transfer-Encoding: chunked") + chunks
    return Exchange("chunks", [asked], (411,))


def _encoded(random: Random) -> Exchange:
    coding = random.choice(("gzip", "gzip, chunked", "chunked, chunked", "identity", "\x0b"))
    return Exchange(
        "a coding",
        [head("POST", "/state/reset", f"Transfer-Encoding: {coding}")],
        (501,) if coding.isprintable() else (400,),
    )


def _promises(random: Random) -> Exchange:
    length = random.choice((LIMITS.body + 1, 1 << 40, 1 << 63))
    expect = random.choice((("Expect: 100-continue",), ()))
    asked = head("POST", "/state/load", f"Content-Length: {length}", *expect)
    return Exchange("a great promise", [asked], (413,))


# What takes too long, or too much.


def _slow(random: Random) -> Exchange:
    """Take longer than there is time, in one of three ways."""
    loads = post("/state/load", json.dumps(STATE).encode())
    drops = random.choice((LAST, post("/state/reset", b" " * 500)))
    return random.choice(
        (
            Exchange("drops", [bytes((each,)) for each in drops], (408,), pause=0.02),
            Exchange("silence", [loads[: random.randrange(1, len(loads))]], (408,)),
            Exchange("not a byte", [], ()),
        )
    )


def _crowd(random: Random) -> Exchange:
    return Exchange("a crowd", [], (503,), crowd=LIMITS.connections)


def _leaves(random: Random) -> Exchange:
    asked = head("GET", "/state/export") * random.randrange(1, 200)
    return Exchange("unread", [asked], (), random.choice((End.LEAVES, End.RESETS)))


# What is HTTP and makes no sense.


def _no_endpoint(random: Random) -> Exchange:
    path = random.choice(("/", "/nothing", "/../etc/passwd", "/%00", "//health", "/health/", "*"))
    return Exchange("no endpoint", [head("GET", path) + LAST], (404, 200))


def _methods(random: Random) -> Exchange:
    method = random.choice(("DELETE", "PUT", "BREW", "get", "OPTIONS", "TRACE", "PATCH"))
    return Exchange("a method", [head(method, "/health") + LAST], (405, 200))


def _head_only(random: Random) -> Exchange:
    path = random.choice(("/health", "/state/export", "/tx/execute"))
    return Exchange("HEAD", [head("HEAD", path)], (405,), End.ENDS_OUTPUT)


def _no_json(random: Random) -> Exchange:
    body = random.choice(
        (
            b"{",
            b"[" * random.randrange(1000, 100_000),
            b'{"a":' * 20_000,
            b"\xff\xfe",
            b"9" * 100_000,
            b"NaN",
            b'"\\ud800"',
            random.randbytes(random.randrange(1, 1000)),
            b"\xef\xbb\xbf{}",
        )
    )
    path = random.choice(("/state/load", "/tx/execute", "/block/execute"))
    return Exchange("no JSON", [post(path, body) + LAST], (400, 200))


def _shapeless(random: Random) -> Exchange:
    """Replace one value of a right document by something else."""
    odd: object = random.choice(ODD)
    path, document = random.choice(
        (
            ("/state/load", {**STATE, "accounts": odd}),
            ("/state/load", {**STATE, "accounts": [odd]}),
            ("/tx/execute", {"wire_hex": odd}),
            ("/tx/execute", {"tx": odd}),
            ("/block/execute", {"txs": [{"wire_hex": odd}]}),
            ("/block/execute", {"txs": [odd]}),
        )
    )
    whole = document.get("accounts") == []
    body = json.dumps(document).encode()
    answers = (200 if whole else 400, 200)
    return Exchange("a wrong value", [post(path, body) + LAST], answers, changes=whole)


def _wires(random: Random) -> Exchange:
    """Send bytes that are no transaction, which is a result."""
    entries = [{"wire_hex": random.randbytes(random.randrange(400)).hex()} for _ in range(50)]
    body = json.dumps({"txs": entries}).encode()
    return Exchange("no transactions", [post("/block/execute", body) + LAST], (200, 200))


KINDS: Sequence[Callable[[Random], Exchange]] = (
    _reads,
    _loads,
    _asks_first,
    _through_a_proxy,
    _bare_newlines,
    _garbage,
    _changed,
    _cut,
    _foreign,
    _hosts,
    _many_headers,
    _long_line,
    _old,
    _lengths,
    _two_lengths,
    _smuggled,
    _chunked,
    _encoded,
    _promises,
    _slow,
    _crowd,
    _leaves,
    _no_endpoint,
    _methods,
    _head_only,
    _no_json,
    _shapeless,
    _wires,
)
