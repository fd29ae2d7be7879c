"""Files as a broken or hostile writer leaves them: bytes changed anywhere, values exchanged.

Invariant: a mutation depends on the file and the random stream alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any, TypeAlias

Place: TypeAlias = tuple[Any, Any]
"""A dict or list, and the key or index of one value in it."""

MARK = "marked by the file"
"""What stands in a text that a file would have run."""

_DIGITS = "9" * 5000
RAW = (
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "-0",
    "0.5",
    _DIGITS,
    f"-{_DIGITS}",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\u0000"',
    '"\\x"',
    "[" * 3000 + "]" * 3000,
    '{"a":1,"a":2}',
    "tru",
    "",
)
"""Values that only bytes can say, or that are none."""

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    255,
    256,
    257,
    2**31,
    2**32,
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    10**39,
    10**40,
    0.1,
    "",
    " ",
    "0",
    "00",
    "-1",
    "+1",
    "1_0",
    "\uff11",
    str(2**64 - 1),
    str(2**64),
    "9" * 20,
    "9" * 5000,
    "alice",
    "nobody",
    "k255",
    "k256",
    "gold",
    "native",
    "00" * 32,
    "0 0" * 22,
    "11" * 32,
    "FF" * 32,
    "ff" * 70_000,
    "0" * 63,
    "t0",
    "t1",
    "w0",
    "@",
    "#0",
    "\x00",
    "\x1b[2J\x1b]0;owned\x07",
    "two\nlines",
    "::error::forged",
    "##vso[task.complete result=Succeeded;]",
    "##teamcity[testFinished]",
    "\u202egnp.exe",
    "\u2028",
    "a" * 10_000,
    "../../../etc/passwd",
    "skip",
    "atomic",
    "valid",
    "invalid",
    "energy",
    "diverge",
    "agree",
    "flaky",
    "unsupported",
    "leap",
    "threads",
    "scheduled",
    "shared",
    "cloned",
    "keyed-hash",
    "schnorr",
    "sequential",
    "server",
    "canary",
    "race-canary",
    "dag",
    "optimistic",
    f"cmd:touch '{MARK}'",
    "tests.attack.marker:Marker",
    "http://127.0.0.1:9",
    "lockstep_mutants.races:Nobody",
    "lockstep_mutants.races:DestinationsMissing",
    "t0@publish -> t1",
    "t0@publish#0 -> t1",
    "t0@publish#1 -> t0",
    "t9@publish#999999999 -> w0",
    f"t0@publish#{_DIGITS} -> t1",
    "t0@%ff -> t1",
    "t0@ -> t1",
    "t0@publish",
    "@publish",
    "w999999999@publish -> w1",
    "0: boom",
    [],
    {},
    [[]],
    [None],
    {"": {}},
    ["t0@publish -> t1"] * 200,
    {"alice": {}},
    {"alice": "1"},
    ["alice", "alice"],
    ["alice"] * 300,
    {"step": "rewind", "blocks": 1},
    {"step": "block", "transactions": []},
    {"fault": "merge_dies", "after": 0},
    {"fault": "reads_fail", "account": "alice"},
    {"fault": "onlooker"},
    {"threshold": 1, "participants": ["bob"]},
    {"threshold": 255, "participants": []},
    {"name": "canary", "workers": 0, "driver": "scheduled"},
    {"name": "batched", "workers": 10**9, "driver": "threads"},
    {"name": "batched", "workers": 1, "driver": "other"},
    {"name": "batched", "workers": 1, "driver": "scheduled", "access": "other"},
    {"failed": 1, "runs": 10**30},
    {"failed": 5, "runs": 5, "mode": "other"},
    {"failed": 3, "runs": 5, "seed": str(2**64)},
    {"kind": "raw", "id": "t0", "wire": ""},
    {"kind": "raw", "id": "tx", "wire": "00" * 300},
    {"kind": "nonce_bump", "id": "tx", "source": "alice", "fee_type": 255},
)
"""Values to stand in the place of any other."""

NUMBERS = ("0", "1", "2", "9999", "10000", "15000", str(2**63), str(2**64 - 2), str(2**64 - 1))
"""Amounts, nonces and heights at which something may tip over."""

TOKENS = (b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"\xed\xa0\x80", b"9")


def mutated_bytes(data: bytes, random: Random, donor: bytes = b"") -> bytes:
    """Change ``data`` in one to four places."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((0, 1, 1, 2, 8, 64)))
        match random.randrange(6):
            case 0:
                data = data[:start] + random.randbytes(end - start) + data[end:]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:end] + data[start:end] + data[end:]
            case 3:
                data = data[:start] + random.choice(TOKENS) + data[start:]
            case 4:
                data = data[:start] + bytes([random.randrange(32, 127)]) + data[start + 1 :]
            case _:
                data = data[:start] if random.random() < 0.3 else data
    return data


def mutated_values(data: bytes, random: Random, donor: bytes = b"{}") -> bytes:
    """Change one to three values of the JSON in ``data``, some for those of ``donor``."""
    document, other = json.loads(data), json.loads(donor)
    raw: list[str] = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(document))
        if not places:
            break
        if random.random() < 0.3:
            _borrow(random.choice(places), random, list(_places(other)))
        else:
            random.choice(_CHANGES)(random.choice(places), random, raw)
    text = json.dumps(document)
    for number, each in enumerate(raw):
        text = text.replace(json.dumps(_placeholder(number)), each)
    return text.encode()


def _placeholder(number: int) -> str:
    return f"raw value {number}"


def _places(value: Any) -> Iterator[Place]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in list(pairs):
            yield value, key
            yield from _places(each)


def _exchange(place: Place, random: Random, _: list[str]) -> None:
    parent, key = place
    parent[key] = deepcopy(random.choice(VALUES))


def _exchange_alike(place: Place, random: Random, _: list[str]) -> None:
    """Put another value of the same kind there, so that much of the file still makes sense."""
    parent, key = place
    value = parent[key]
    if isinstance(value, str) and value.isdecimal():
        parent[key] = random.choice(NUMBERS)
    else:
        alike = [each for each in VALUES if type(each) is type(value)]
        parent[key] = deepcopy(random.choice(alike))


def _borrow(place: Place, random: Random, others: list[Place]) -> None:
    """Put a value there that the other document has under the same key."""
    parent, key = place
    values = [holder[name] for holder, name in others if name == key or isinstance(key, int)]
    if values:
        parent[key] = deepcopy(random.choice(values))


def _exchange_raw(place: Place, random: Random, raw: list[str]) -> None:
    parent, key = place
    parent[key] = _placeholder(len(raw))
    raw.append(random.choice(RAW))


def _delete(place: Place, _: Random, __: list[str]) -> None:
    parent, key = place
    del parent[key]


def _nudge(place: Place, random: Random, _: list[str]) -> None:
    """Change a number by little, so that much of the file still makes sense."""
    parent, key = place
    value, by = parent[key], random.choice((-1, 1, 2, 2**64 - 1))
    if type(value) is int:
        parent[key] = value + by
    elif isinstance(value, str) and value.isdecimal() and len(value) < 40:
        parent[key] = str(int(value) + by)
    else:
        parent[key] = [value]


def _give_twice(place: Place, random: Random, raw: list[str]) -> None:
    parent, key = place
    value = json.dumps(parent[key])
    if isinstance(parent, dict):
        parent[key] = _placeholder(len(raw))
        raw.append(f"{value}, {json.dumps(key)}: {random.choice((value, '0'))}")
    else:
        parent.insert(key, deepcopy(parent[key]))


def _rename(place: Place, random: Random, _: list[str]) -> None:
    parent, key = place
    if isinstance(parent, dict):
        value = parent.pop(key)
        parent[random.choice([*(each for each in VALUES if isinstance(each, str)), key])] = value
    else:
        parent.append(deepcopy(parent[key]))


def _swap(place: Place, random: Random, _: list[str]) -> None:
    """Put another value of the same parent there."""
    parent, key = place
    others = list(parent.values()) if isinstance(parent, dict) else parent
    parent[key] = deepcopy(random.choice(list(others)))


_CHANGES: tuple[Callable[[Place, Random, list[str]], None], ...] = (
    _exchange,
    _exchange,
    _exchange_alike,
    _exchange_alike,
    _exchange_alike,
    _exchange_raw,
    _delete,
    _nudge,
    _nudge,
    _nudge,
    _give_twice,
    _rename,
    _swap,
)
