"""The JSON Schema of every message, made from the message types.

Invariant: what either side may send validates, and what lacks a field, has a wrong type or a number
outside its width does not. A field more is no mistake: it is ignored.
"""

from __future__ import annotations

from typing import Any

import msgspec

from lockstep.targets.program.messages import MINOR, PROTOCOL, Answer, Request


def schema() -> dict[str, Any]:
    """Return the schema: ``$defs/Request`` and ``$defs/Answer`` are the two sides of it."""
    (requests, answers), definitions = msgspec.json.schema_components((Request, Answer))
    sides = {"Request": _alternatives(requests), "Answer": _alternatives(answers)}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"The messages of the executor protocol, version {PROTOCOL}.{MINOR}",
        "anyOf": [{"$ref": f"#/$defs/{side}"} for side in sides],
        "$defs": sides | dict(sorted(definitions.items())),
    }


def schema_bytes() -> bytes:
    """Return the schema as a file has it."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=1) + b"\n"


def _alternatives(union: dict[str, Any]) -> dict[str, Any]:
    """Return a union without the discriminator, which draft 7 does not know."""
    return {"anyOf": union["anyOf"]}
