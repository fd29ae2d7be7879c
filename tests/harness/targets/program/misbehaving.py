"""A program that speaks the protocol as far as asked and then does one thing wrong.

It needs nothing but the standard library, so that it starts quickly: ``python -IS misbehaving.py
FAULT [WHEN]``. WHEN is the request at which it goes wrong, ``execute_block`` unless given.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from typing import Any, NoReturn

CAPABILITIES = {
    "payloads": ["transfers", "burn", "set_multisig", "nonce_bump", "undecodable", "unsupported"],
    "policies": ["skip", "atomic"],
    "signatures": ["precomputed"],
    "terms": ["rewards", "fees_to", "lone"],
    "parallel": True,
}
NOTHING: dict[str, Any] = {
    "receipts": [],
    "rejection": None,
    "modified_nonces": {},
    "modified_balances": {},
    "modified_multisigs": {},
    "modified_energies": {},
    "created": [],
    "burned": "0",
    "fees": "0",
    "height": "0",
}


def read() -> dict[str, Any]:
    header = sys.stdin.buffer.read(4)
    if len(header) < 4:
        sys.exit(0)
    (length,) = struct.unpack("<I", header)
    message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    return message


def raw(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write(message: object) -> None:
    payload = json.dumps(message).encode()
    raw(struct.pack("<I", len(payload)) + payload)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the right answer, for a block an empty outcome."""
    same = {"type": request["type"], "id": request["id"]}
    match request["type"]:
        case "hello":
            return {
                **same,
                "protocol": 1,
                "name": "misbehaving",
                "version": "1",
                "capabilities": CAPABILITIES,
            }
        case "execute_block":
            return {**same, "outcome": NOTHING, "statistics": {"mode": "parallel"}}
        case _:
            return same


def sleep() -> NoReturn:
    while True:
        time.sleep(60)


def misbehave(fault: str, request: dict[str, Any]) -> None:  # noqa: C901 - a list of faults
    """Do what ``fault`` says in answer to ``request``."""
    right = answer(request)
    match fault:
        case "exit":
            sys.stderr.write("giving up\n")
            sys.exit(3)
        case "exit-well":
            sys.exit(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "abort":
            os.kill(os.getpid(), signal.SIGABRT)
        case "hang":
            sleep()
        case "close":
            os.close(1)
            sleep()
        case "garbage":
            raw(b"Segmentation fault (core dumped)\n" * 4)
            sleep()
        case "no-json":
            raw(struct.pack("<I", 5) + b"hello")
        case "no-utf8":
            raw(struct.pack("<I", 2) + b"\xff\xfe")
        case "deep":
            raw(struct.pack("<I", 200_000) + b"[" * 200_000)
        case "empty-frame":
            raw(struct.pack("<I", 0))
        case "oversize":
            raw(struct.pack("<I", 64 * 1024 * 1024 + 1))
        case "truncated":
            payload = json.dumps(right).encode()
            raw(struct.pack("<I", len(payload)) + payload[:-3])
            sys.exit(0)
        case "half":
            payload = json.dumps(right).encode()
            raw(struct.pack("<I", len(payload)) + payload[:-3])
            sleep()
        case "twice":
            payload = json.dumps(right).encode()
            raw((struct.pack("<I", len(payload)) + payload) * 2)
        case "memory":
            held = []
            while True:
                held.append(bytearray(64 * 1024 * 1024))
        case "child":
            child = subprocess.Popen([sys.executable, "-ISc", "import time; time.sleep(600)"])
            sys.stderr.write(str(child.pid))
            sys.stderr.flush()
            sleep()
        case "stderr":
            sys.stderr.write("noise " * 200_000 + "the end")
            sys.stderr.flush()
            sys.exit(1)
        case _:
            write(changed(fault, right))


def changed(fault: str, right: dict[str, Any]) -> dict[str, Any]:  # noqa: C901 - another list
    """Return the right answer with one thing wrong."""
    match fault:
        case "version":
            return {**right, "protocol": 2}
        case "wrong-id":
            return {**right, "id": right["id"] + 1}
        case "wrong-type":
            return {"type": "reset", "id": right["id"]}
        case "unknown-type":
            return {**right, "type": "surprise"}
        case "no-outcome":
            return {"type": right["type"], "id": right["id"]}
        case "bad-number":
            return {**right, "outcome": {**NOTHING, "fees": "-1"}}
        case "wide-number":
            return {**right, "outcome": {**NOTHING, "burned": str(2**64)}}
        case "bad-hex":
            return {**right, "outcome": {**NOTHING, "created": ["zz"]}}
        case "bad-code":
            rejection = {"code": "NO_SUCH_CODE", "index": None}
            return {**right, "outcome": {**NOTHING, "rejection": rejection}}
        case "bad-mode":
            return {**right, "statistics": {"mode": "sideways"}}
        case "sequential":
            return {**right, "statistics": {"mode": "sequential", "fallback": "too small"}}
        case "fault":
            return {**right, "outcome": {**NOTHING, "faults": [{"index": 0, "error": "caught"}]}}
        case error if error.startswith("error-"):
            code = error.removeprefix("error-")
            return {"type": "error", "id": right["id"], "code": code, "text": "as asked"}
        case _:
            return right


def one_read(fault: str) -> NoReturn:
    """Take what one read gives for exactly one frame."""
    while data := os.read(0, 1 << 20):
        whole = len(data) >= 4 and len(data) >= 4 + struct.unpack("<I", data[:4])[0]
        if not whole and fault == "one-read":
            sys.exit(1)
        while fault == "one-frame-a-read" and not whole:
            data += os.read(0, 1 << 20)
            whole = len(data) >= 4 and len(data) >= 4 + struct.unpack("<I", data[:4])[0]
        (length,) = struct.unpack("<I", data[:4])
        write(answer(json.loads(data[4 : 4 + length])))
    sys.exit(0)


def impolite(fault: str) -> None:
    """Answer well, and be wrong in how the process ends or says hello."""
    while (header := sys.stdin.buffer.read(4)) and len(header) == 4:
        request = json.loads(sys.stdin.buffer.read(struct.unpack("<I", header)[0]))
        right = answer(request)
        if fault == "forgetful" and request["type"] == "hello":
            right["build"] = str(os.getpid())
        write(right)
        if request["type"] == "bye":
            sys.exit(1 if fault == "rude" else 0)
    if fault == "stays":
        sleep()


def main(fault: str, when: str = "execute_block") -> None:
    if fault in ("one-read", "one-frame-a-read"):
        one_read(fault)
    if fault in ("stays", "rude", "forgetful"):
        impolite(fault)
        return
    while True:
        request = read()
        if request["type"] == when:
            misbehave(fault, request)
        else:
            write(answer(request))
        if request["type"] == "bye":
            sys.exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
