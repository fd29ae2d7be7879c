"""What commands are given: a folder for findings, a case that agrees, a published vector."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.case.file import save
from tests.harness.cli.vector_files import publish
from tests.harness.small import record


@pytest.fixture
def findings(tmp_path: Path) -> Path:
    return tmp_path / "findings"


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    return save(record(), tmp_path)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return publish(tmp_path / "published")
