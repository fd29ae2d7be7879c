"""Builds the package, as a wheel and as the sources it can be built from."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Built:
    """What is handed out."""

    wheel: Path
    sources: Path


def build(checkout: Path, into: Path, *targets: str) -> None:
    """Build ``targets`` of the package whose sources are in ``checkout``."""
    chosen = [word for target in targets for word in ("--target", target)]
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(into), *chosen]
    subprocess.run(  # noqa: S603 - a program of the environment that runs the tests
        command, cwd=checkout, check=True, capture_output=True, timeout=60
    )
