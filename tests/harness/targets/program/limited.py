"""A program that can do less: the reference or an executor, with capabilities of one's own.

Run as ``python -m tests.harness.targets.program.limited EXECUTOR FIELDS``: the fields, JSON, take
the place of what it would declare.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import msgspec

from lockstep.serve.served import Served
from lockstep.serve.stdio import serve
from lockstep.targets.named import find_inside
from lockstep.targets.program.messages import HelloAnswer
from tests.repository import REPOSITORY


class Limited(Served):
    """Declares other capabilities than it has."""

    fields: dict[str, Any]

    def hello(self, key: int) -> HelloAnswer:
        answer = msgspec.to_builtins(super().hello(key))
        answer["capabilities"] |= self.fields
        return msgspec.convert(answer, HelloAnswer)


def limited(executor: str, fields: dict[str, Any]) -> str:
    """Return the name of the program."""
    told = msgspec.json.encode(fields).decode()
    here = f"PYTHONPATH={REPOSITORY} {sys.executable} -m tests.harness.targets.program.limited"
    return f"cmd:env {here} {executor} '{told}'"


if __name__ == "__main__":
    name, told = sys.argv[1:]
    served = Limited(name, find_inside(name))
    served.fields = msgspec.json.decode(told)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        sys.exit(serve(served, sys.stdin.buffer, answers))
