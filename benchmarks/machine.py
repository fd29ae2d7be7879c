"""The facts about the machine and the libraries that a measured value depends on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from lockstep_parallel.steps.machine import gil_is_on

LIBRARIES = ("blake3", "hypothesis", "rbcl", "rocksdict")


def facts() -> Iterator[tuple[str, str]]:
    """Yield each fact with its name."""
    yield "processor", f"{_processor()}, {os.cpu_count()} cores"
    yield "system", f"{platform.system()} {platform.machine()}"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}, {_gil()}"
    yield "libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield "load before the first measurement", f"{os.getloadavg()[0]:.2f}"


def _gil() -> str:
    return f"GIL {'on' if gil_is_on() else 'off'}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")
