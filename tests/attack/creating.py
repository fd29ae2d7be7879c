"""Processes killed while they make a database, and what opening it again makes of that."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from lockstep.streams import stream
from lockstep_ledger.storage.protocol import StorageError
from lockstep_ledger.storage.rocksdb import Database
from tests.attack.rows import Row
from tests.harness.small import payment
from tests.repository import REPOSITORY

MAKING = """
import sys
from pathlib import Path
from lockstep_ledger.storage.rocksdb import Database
sys.stdout.write("begins\\n")
sys.stdout.flush()
with Database(Path(sys.argv[1])):
    sys.stdout.write("made\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def rows(seed: str, times: int) -> Iterator[Row]:
    """Kill the making of a database so many times."""
    lost: list[str] = []
    made = 0
    with TemporaryDirectory(prefix="creating-") as folder:
        whole = _seconds_to_make(Path(folder, "whole"))
        for number in range(times):
            moment = _moment(stream(seed, "moment", number), whole)
            path = Path(folder, str(number))
            made += _kill_while_making(path, moment)
            try:
                _use(path)
            except StorageError as error:
                lost.append(f"killed after {moment * 1000:.0f} ms: {error}")
    seen = f"making takes {whole * 1000:.0f} ms here; {made} had been made when they were killed"
    yield Row("creations of a database killed", times, tuple(lost), seen)


def _moment(random: Random, whole: float) -> float:
    return random.uniform(0, 1.2 * whole)


def _making(path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603 - this checkout's own code
        (sys.executable, "-c", MAKING, str(path)),
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begins\n"
    return process


def _seconds_to_make(path: Path) -> float:
    with _making(path) as process:
        began = time.monotonic()
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.monotonic() - began
        process.kill()
    return seconds


def _kill_while_making(path: Path, moment: float) -> bool:
    """Return whether it had been made by then."""
    with _making(path) as process:
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
        assert process.stdout is not None
        return process.stdout.read() == b"made\n"


def _use(path: Path) -> None:
    """Open what is there, make a namespace in it, and read it back."""
    state = payment().state
    with Database(path) as database:
        storage = database.new_namespace(state)
        try:
            if storage.export() != state:
                raise StorageError("it does not read what was written")
        finally:
            storage.drop()
