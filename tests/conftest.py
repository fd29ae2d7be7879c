"""Fixtures that tests of several rooms use."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.repository import REPOSITORY


class SkipWithoutRocksDB:
    """Skips, with the reason, whatever test needs the binding where there is none."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "rocksdict":
            pytest.skip("rocksdict is not installed for this interpreter", allow_module_level=True)
        return None


if importlib.util.find_spec("rocksdict") is None:
    sys.meta_path.append(SkipWithoutRocksDB())


def pytest_configure() -> None:
    """Let Ctrl-C through: a background job of a shell ignores it, and so would its programs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


REPEATING = (
    "tests/examples/",
    "tests/harness/campaign/test_no_false_alarm.py",
    "tests/mutants/test_detection.py",
    "tests/quality/",
)
"""Tests of how well something is found or how seldom something is accused: they run what others run
a great many times over. Measuring their coverage would double their time and show nothing new."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the repeating tests out of the measurement of coverage."""
    for item in items:
        if item.nodeid.startswith(REPEATING):
            item.add_marker("no_cover")


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
