"""A storm of faults: a new process for each, which goes wrong as soon as it is started.

``python -m tests.harness.targets.program.storm 1000`` prints what became of them, and
fails if a process or an open file is left.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import psutil

from lockstep.targets.program.connection import Connection
from lockstep.targets.program.program import Program
from lockstep.verdict import NoOutcome, Verdict

STORM = {
    "exit 3": Verdict.CRASH,
    "kill -9 $$": Verdict.CRASH,
    "exec >&-; sleep 100": Verdict.CRASH,
    "printf 'what is this, a frame?'; sleep 100": Verdict.PROTOCOL_ERROR,
    "printf '\\000\\000\\000\\000'; sleep 100": Verdict.PROTOCOL_ERROR,
    "printf '\\005\\000\\000\\000hel'; exit 0": Verdict.PROTOCOL_ERROR,
    "printf '\\005\\000\\000\\000hello'; sleep 100 & sleep 100": Verdict.PROTOCOL_ERROR,
    "exec <&-; printf '\\377\\377\\377\\377'; sleep 100 & sleep 100 & wait": Verdict.PROTOCOL_ERROR,
    "yes >&2 & sleep 0.02; kill -11 $$": Verdict.CRASH,
    "printf '\\000\\000'; exec >&-; exec 2>&-; sleep 100": Verdict.PROTOCOL_ERROR,
}
"""What a shell does instead of answering, and the verdict that is."""


def storm(count: int) -> Counter[str]:
    """Go through ``count`` faults and return how often each was met with its verdict."""
    seen: Counter[str] = Counter()
    scripts = list(STORM)
    for number in range(count):
        script = scripts[number % len(scripts)]
        connection = Connection(Program(("sh", "-c", script)))
        try:
            connection.hello()
        except NoOutcome as error:
            seen[script] += error.verdict is STORM[script]
        assert not connection.is_open
    return seen


def main(count: int) -> None:
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for script, times in storm(count).items():
        sys.stdout.write(f"{times:5} {STORM[script].value:14} {script}\n")
    left = psutil.Process().children(recursive=True)
    more = sum(1 for _ in Path("/proc/self/fd").iterdir()) - files
    sys.stdout.write(f"{len(left)} processes and {more} open files left\n")
    sys.exit(bool(left or more))


if __name__ == "__main__":
    main(int(sys.argv[1]))
