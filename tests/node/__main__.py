"""``python -m tests.node [--fault NAME]...`` speaks the protocol on its standard streams."""

from __future__ import annotations

import argparse
import json
import struct
import sys
from typing import BinaryIO

from tests.node.conversation import Conversation
from tests.node.faults import Fault

LENGTH = struct.Struct("<I")
MOST_BYTES = 64 * 1024 * 1024


def main() -> int:
    """Answer until the input ends; 1 after a frame that is too large."""
    parser = argparse.ArgumentParser(prog="node")
    parser.add_argument("--fault", type=Fault, action="append", default=[])
    conversation = Conversation(parser.parse_args().fault)
    given, taken = sys.stdin.buffer, sys.stdout.buffer
    while not conversation.has_ended and len(head := given.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > MOST_BYTES:
            _say(taken, {"type": "error", "id": None, "code": "too_large", "text": ""})
            return 1
        try:
            request = json.loads(given.read(length))
            if not isinstance(request, dict):
                raise ValueError("no object")
        except ValueError as error:
            _say(taken, {"type": "error", "id": None, "code": "malformed", "text": str(error)})
        else:
            _say(taken, conversation.answer(request))
    return 0


def _say(taken: BinaryIO, answer: object) -> None:
    payload = json.dumps(answer).encode()
    taken.write(LENGTH.pack(len(payload)) + payload)
    taken.flush()


if __name__ == "__main__":
    sys.exit(main())
