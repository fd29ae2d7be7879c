"""A program that answers every block with one answer it was given: it costs next to nothing.

``python -IS canned.py ANSWER`` speaks the executor protocol, but neither reads JSON nor executes:
what is measured with it is what the harness and the pipe cost.
"""

from __future__ import annotations

import json
import re
import struct
import sys
from pathlib import Path

CAPABILITIES = {
    "payloads": ["transfers"],
    "policies": ["skip"],
    "signatures": ["keyed-hash"],
    "parallel": True,
}


def main(answer: bytes) -> None:
    """Give ``answer``, with the id that is asked for, to every block."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    head = re.compile(rb'\{"type":"(\w+)","id":(\d+)')
    while (header := source.read(4)) and len(header) == 4:
        payload = source.read(struct.unpack("<I", header)[0])
        found = head.match(payload)
        assert found is not None, payload[:40]
        kind, key = found[1], found[2]
        if kind == b"execute_block":
            made = answer.replace(b'"id":0', b'"id":' + key, 1)
        elif kind == b"load_state":
            made = b'{"type":"load_state","id":' + key + b"}"
        elif kind == b"hello":
            says = {"protocol": 1, "name": "canned", "version": "1", "capabilities": CAPABILITIES}
            made = json.dumps({"type": "hello", "id": int(key), **says}).encode()
        else:
            made = payload
        sink.write(struct.pack("<I", len(made)) + made)
        sink.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_bytes())
