"""Published vectors made up for the command line: one transaction that cannot be decoded."""

from __future__ import annotations

import json
from pathlib import Path

from lockstep_ledger.outcome import Code


def publish(folder: Path, kind: str = "tx", error_code: int = Code.INVALID_FORMAT) -> Path:
    """Write one vector, whose transaction is a byte that cannot be decoded."""
    chain = {"total_supply": 0, "total_burned": 0, "block_height": 0, "timestamp": 0}
    vector = {
        "name": "made",
        "pre_state": {"network_chain_id": 3, "global_state": chain, "accounts": []},
        "input": {"kind": kind, "wire_hex": "00", "tx": None},
        "expected": {"success": False, "error_code": error_code, "state_digest": ""},
    }
    folder.mkdir()
    (folder / "made.json").write_text(json.dumps({"test_vectors": [vector]}))
    return folder
