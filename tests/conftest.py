"""Fixtures that tests of several rooms use."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
from collections.abc import Generator, Sequence
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
    "tests/harness/campaign/test_no_false_alarm.py::test_a_correct_executor_is_never_accused",
    "tests/mutants/test_detection.py",
    "tests/quality/test_replay_after_edits.py",
    "tests/quality/test_shrink.py::test_a_fault_shrinks_to_its_known_size",
    "tests/quality/test_shrink.py::test_a_shrunk_case_fails_as_the_original_did_and_is_finished",
    "tests/quality/test_shrink.py::test_shrinking_a_shrunk_case_changes_nothing",
)
"""Tests of how well something is found or how seldom something is accused: they run what others run
a great many times over. Measuring their coverage would double their time and show nothing new."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure nothing while a repeating test runs."""
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None else coverage.Coverage.current()
    if measuring is None or not item.nodeid.startswith(REPEATING):
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


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
