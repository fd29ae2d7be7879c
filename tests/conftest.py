"""Fixtures that tests of several rooms use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def published_directory() -> Path:
    """Return the directory of the chain's published vector files.

    They are data beside this repository, not part of it: LOCKSTEP_VECTORS names their directory.
    """
    default = REPOSITORY.parent / "shared" / "vectors"
    directory = Path(os.environ.get("LOCKSTEP_VECTORS", default))
    if not any(directory.glob("*.json")):
        pytest.skip(f"no published vectors in {directory}; set LOCKSTEP_VECTORS to their directory")
    return directory


@pytest.fixture(scope="session")
def published_vectors(published_directory: Path) -> dict[str, Any]:
    """Return the published vector files, parsed, by file name without suffix."""
    files = sorted(published_directory.glob("*.json"))
    return {file.stem: json.loads(file.read_bytes()) for file in files}
