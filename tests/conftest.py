"""Fixtures that tests of several rooms use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def published_vectors() -> dict[str, Any]:
    """Return the chain's published vector files, parsed, by file name without suffix.

    They are data beside this repository, not part of it: LOCKSTEP_VECTORS names their directory.
    """
    default = REPOSITORY.parent / "shared" / "vectors"
    directory = Path(os.environ.get("LOCKSTEP_VECTORS", default))
    files = sorted(directory.glob("*.json"))
    if not files:
        pytest.skip(f"no published vectors in {directory}; set LOCKSTEP_VECTORS to their directory")
    return {file.stem: json.loads(file.read_bytes()) for file in files}
