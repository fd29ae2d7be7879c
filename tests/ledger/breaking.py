"""The process whose disk breaks, started as ``python -m tests.ledger.breaking``.

    record PATH [FAULT]                     lives one life of a store on a watched disk
    break PATH SIDE MANNER COUNT [FAULT]    lives it again and again, each in a process whose n-th
                                            read or write fails or is its last, for at most COUNT n
    starve PATH MEGABYTES                   lives with so much more memory and no more

The last two print what came of every life as a line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lockstep_ledger.storage.protocol import StorageError
from tests.ledger.scenario import FAULTS, Life, expected, found_in, lower_the_limits

SIDES = {"reads": 1, "writes": 2}
MANNERS = {"once": (0, 0), "for good": (1, 0), "kills": (0, 1)}
NEVER = 2**31


@dataclass(slots=True)
class Came:
    """What came of a break at operation ``number`` of ``met``.

    ``end`` is how the process ended, ``done`` its last step; ``left`` are the steps after which the
    database would hold what it was found to hold, or it was ``unopened``.
    """

    number: int
    met: int = 0
    done: int = -1
    end: int = 0
    refused: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    unopened: str = ""

    @property
    def right(self) -> bool:
        """Tell whether the database holds what was done, or that and the next step."""
        return not self.odd and not {max(self.done, 0), self.done + 1}.isdisjoint(self.left)


def broken(path: Path, side: int, manner: tuple[int, int], number: int) -> Came:
    """Live with a break at ``number``, then look at what is left."""
    came = Came(number)
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    shutil.rmtree(path, ignore_errors=True)

    def live(tell: Callable[[str, Any], None]) -> None:
        library.disk_break(side, ctypes.c_long(number), *manner)
        life = Life(lambda step: tell("done", step))
        life.live(path)
        tell("met", library.disk_met())
        library.disk_break(0, ctypes.c_long(0), 0, 0)
        tell("refused", life.refused)
        tell("odd", life.odd)

    def look(tell: Callable[[str, Any], None]) -> None:
        try:
            found = found_in(path)
        except StorageError as error:
            tell("unopened", str(error))
        else:
            tell("left", [step for step, state in enumerate(expected()) if state == found])

    came.end = _in_a_process_of_its_own(live, came)
    assert _in_a_process_of_its_own(look, came) == 0
    return came


def _in_a_process_of_its_own(act: Callable[[Callable[[str, Any], None]], None], came: Came) -> int:
    """Let ``act`` tell of fields of ``came``; return how its process ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)

        def tell(name: str, value: object) -> None:
            os.write(writing, json.dumps([name, value]).encode() + b"\n")

        try:
            act(tell)
        except BaseException as error:
            tell("odd", [f"{type(error).__name__}: {error}"])
            os._exit(9)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        for line in told:
            name, value = json.loads(line)
            setattr(came, name, value)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _print(came: Came) -> None:
    sys.stdout.write(json.dumps(asdict(came)) + "\n")


def record(path: Path) -> None:
    """Live once; the steps are noted in the journal."""
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    Life(lambda step: library.disk_note(ctypes.c_uint64(step))).live(path)


def break_everywhere(path: Path, side: str, manner: str, count: int) -> None:
    """Break at ``count`` operations, evenly spread."""
    met = broken(path, SIDES[side], MANNERS["once"], NEVER).met
    count = min(count, met)
    for position in range(count):
        _print(broken(path, SIDES[side], MANNERS[manner], 1 + position * met // count))


def starve(path: Path, megabytes: int) -> None:
    """Live with so many megabytes of addresses more than there are now."""
    came = Came(megabytes)

    def live(tell: Callable[[str, Any], None]) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        Life(lambda step: tell("done", step)).live(path)

    def look(tell: Callable[[str, Any], None]) -> None:
        found = found_in(path)
        tell("left", [step for step, state in enumerate(expected()) if state == found])

    came.end = _in_a_process_of_its_own(live, came)
    came.odd = []
    assert _in_a_process_of_its_own(look, came) == 0, came
    _print(came)


if __name__ == "__main__":
    lower_the_limits()
    what, path, *arguments = sys.argv[1:]
    for argument in arguments:
        FAULTS.get(argument, lambda: None)()
    if what == "record":
        record(Path(path))
    elif what == "break":
        side, manner, count = arguments[:3]
        break_everywhere(Path(path), side, manner, int(count))
    else:
        starve(Path(path), int(arguments[0]))
