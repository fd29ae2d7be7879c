"""Long commands that are killed, signalled and hung up on, and what is left of them.

``python -m tests.attack.ends 20 20`` does it so often, prints what was lost, and fails if anything
was.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from lockstep.case.file import CaseFileError, Record, load
from lockstep.cli.exit_codes import DIVERGENCE, FAULT
from lockstep.findings.keeping import MET
from lockstep.run.fingerprint import short_name
from lockstep.streams import stream
from tests.attack.commands import (
    Place,
    seconds_until_gone,
    started,
    wait_until_it_handles,
)
from tests.attack.rows import Row
from tests.repository import REPOSITORY

LIMIT = 30.0
"""Seconds after which a command that does not end is hung; a busy machine is slow."""
GONE = 2.0
"""Seconds in which nothing that came of a process is left once that is gone."""
SPREAD = 5.0
"""Seconds after its start in which a command is ended."""

CTRL_C = b"\x03"
UNFORESEEN = re.compile("Traceback|internal error|Exception ignored|Fatal Python error")
TOLD = re.compile(r"^met ([^,]+), |replay: lockstep replay (\S+)", re.MULTILINE)


def commands(place: Place, jobs: int) -> Mapping[str, Sequence[str]]:
    """Return every long command, so that it goes on for longer than it is left alone."""
    into, findings = place.findings.with_suffix(".more"), str(place.findings)
    many = ("--jobs", str(jobs))
    seeds = str(REPOSITORY / "corpora/seeds")
    mutant = str(REPOSITORY / "corpora/mutants/T01.json")
    served = f"cmd:{sys.executable} -m lockstep serve --stdio --executor batched"
    fuzz = ("fuzz", "--time", "10m", "--seed", place.name, "--findings", findings, *many)
    return {
        "fuzz": fuzz,
        "fuzz canary": (*fuzz, "--executor", "canary"),
        "fuzz program": (*fuzz, "--executor", served, "--storage", "memory"),
        "fuzz isolate": (*fuzz, "--isolate", "--storage", "memory"),
        "fuzz threads": (*fuzz, "--driver", "threads"),
        "explore": (
            *("explore", "--transactions", "4", "--findings", findings, *many),
            *("--certificate", str(into / "certificate.json")),
        ),
        "audit": ("audit", "--executor", "canary", "--executor", "batched", *many),
        "bench": ("bench", "--transactions", "500"),
        "devnet": ("devnet", "--blocks", "100000", "--seed", "ends", "--findings", findings),
        "corpus grow": (
            *("corpus", "grow", "--seed", "ends", "--cases", "100000", "--into", str(into)),
        ),
        "replay": ("replay", *(seeds,) * 20),
        "shrink": ("shrink", mutant, "--into", str(into)),
    }


@dataclass(slots=True)
class Run:
    """A command that is to be ended: its name, where it runs, when and how it is ended."""

    name: str
    place: Place
    words: Sequence[str]
    moment: float
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    was_first: bool = False
    """Whether it had come to its own end before that."""
    began: float = 0.0
    """When it was ended."""

    def lost(self, text: str) -> None:
        """Note what did not end as it must."""
        self.wrong.append(f"{self.place.name} ({self.name}, {self.moment:.2f} s): {text}")


Ending = Callable[[subprocess.Popen[bytes], int], None]
"""Ends a process; the second is the other end of its terminal."""


def _sent(*numbers: signal.Signals) -> Ending:
    def send(process: subprocess.Popen[bytes], _terminal: int) -> None:
        for number in numbers:
            process.send_signal(number)

    return send


def _ctrl_c(process: subprocess.Popen[bytes], terminal: int) -> None:
    os.write(terminal, CTRL_C)


def _ctrl_c_twice(process: subprocess.Popen[bytes], terminal: int) -> None:
    os.write(terminal, CTRL_C)
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.4)
    os.write(terminal, CTRL_C)


def _hung_up(process: subprocess.Popen[bytes], terminal: int) -> None:
    os.close(terminal)


SIGNALS: Mapping[str, Ending] = {
    "SIGINT": _sent(signal.SIGINT),
    "SIGTERM": _sent(signal.SIGTERM),
    "SIGHUP": _sent(signal.SIGHUP),
    "Ctrl-C": _ctrl_c,
    "Ctrl-C twice": _ctrl_c_twice,
    "a terminal that is gone": _hung_up,
}
ON_TERMINAL = frozenset({"Ctrl-C", "Ctrl-C twice", "a terminal that is gone"})
AT_ONCE = frozenset({"Ctrl-C twice"})
"""What leaves no time to clean up: the next command does."""


def rows(seed: str, kills: int, signals: int) -> Iterator[Row]:
    """End so many commands in every way."""
    with TemporaryDirectory(prefix="ends-") as name, _none_ignored():
        folder = Path(name)
        runs = [_killed(folder, seed, number) for number in range(kills)]
        yield _row(f"kill -9, over {len(commands(_nowhere(), 1))} commands", runs)
        yield _row_of_next_command(folder)
        for word, numbers in _shared(signals).items():
            yield _row(word, [_signalled(folder, seed, word, each) for each in numbers])


@contextmanager
def _none_ignored() -> Iterator[None]:
    """Start commands that ignore no signal, even where this process was started to ignore some."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ignored = [each for each in numbers if signal.getsignal(each) is signal.SIG_IGN]
    for each in ignored:
        signal.signal(each, lambda _number, _frame: None)
    try:
        yield
    finally:
        for each in ignored:
            signal.signal(each, signal.SIG_IGN)


def _shared(signals: int) -> dict[str, list[int]]:
    words = list(SIGNALS)
    return {word: list(range(at, signals, len(words))) for at, word in enumerate(words)}


def _nowhere() -> Place:
    return Place("nowhere", Path("nowhere"), Path("nowhere"))


def _row(what: str, runs: Sequence[Run]) -> Row:
    lost = tuple(text for run in runs for text in run.wrong)
    early = sum(run.was_first for run in runs)
    seconds = sorted(run.seconds for run in runs if not run.was_first) or [0.0]
    seen = f"all gone after {median(seconds):.1f} s, {seconds[-1]:.1f} s at the most"
    return Row(
        what, len(runs) - early, lost, seen + (f"; {early} more ended before" if early else "")
    )


def _killed(folder: Path, seed: str, number: int) -> Run:
    run = _run(folder, f"{seed}-kill-{number}", number, folder / "killed-tmp")
    with (folder / f"{run.place.name}.txt").open("w+b") as output:
        process = started(run.words, run.place, output.fileno())
        with suppress(subprocess.TimeoutExpired):
            process.wait(run.moment)
            run.was_first = True
        run.began = time.monotonic()
        process.kill()
        process.wait()
        _look_after(run, output.name)
    return run


def _signalled(folder: Path, seed: str, word: str, number: int) -> Run:
    run = _run(folder, f"{seed}-signal-{number}", number, None)
    said = folder / f"{run.place.name}.txt"
    if word in ON_TERMINAL:
        _on_terminal(run, SIGNALS[word], said, word)
    else:
        with said.open("w+b") as output:
            process = started(run.words, run.place, output.fileno())
            _end(run, process, SIGNALS[word], -1)
    _look_after(run, str(said))
    if word in AT_ONCE:
        _next_command(run)
    left = [name for name in run.place.left() if not name.startswith("lockstep-running")]
    if left or (run.place.left() and word not in AT_ONCE):
        run.lost(f"left {', '.join(run.place.left())}")
    return run


def _run(folder: Path, name: str, number: int, temporary: Path | None) -> Run:
    random: Random = stream(name, "end")
    place = Place.under(folder, name, temporary)
    words = commands(place, 1 + number % 2)
    which = list(words)[random.randrange(len(words))]
    return Run(which, place, words[which], random.uniform(0, SPREAD))


def _on_terminal(run: Run, ending: Ending, said: Path, word: str) -> None:
    """Run a command as the first of a session on a terminal, and read all that it prints."""
    master, slave = pty.openpty()
    heard: list[bytes] = []
    open_end = [master]

    def read() -> None:
        with suppress(OSError):
            while data := os.read(master, 65536):
                heard.append(data)

    process = started(run.words, run.place, slave, slave)
    os.close(slave)
    reader = threading.Thread(target=read, daemon=True)
    if word == "a terminal that is gone":
        # Nobody may be reading: a terminal that somebody reads is not gone.
        _end(run, process, ending, master, drain=lambda: _drained(master, heard))
        open_end.clear()
    else:
        reader.start()
        _end(run, process, ending, master)
        reader.join(LIMIT)
    for each in open_end:
        os.close(each)
    said.write_bytes(b"".join(heard).replace(b"\r\n", b"\n"))


def _drained(master: int, heard: list[bytes]) -> None:
    os.set_blocking(master, False)
    with suppress(OSError):
        while data := os.read(master, 65536):
            heard.append(data)


def _end(
    run: Run,
    process: subprocess.Popen[bytes],
    ending: Ending,
    terminal: int,
    drain: Callable[[], None] = lambda: None,
) -> None:
    if not wait_until_it_handles(process, signal.SIGTERM, LIMIT):
        run.lost("it never handles signals")
    try:
        process.wait(run.moment)
        run.was_first = True
    except subprocess.TimeoutExpired:
        drain()
        run.began = time.monotonic()
        ending(process, terminal)
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            run.lost("it does not end")
        else:
            if code not in (FAULT, DIVERGENCE):
                run.lost(f"exit code {code}")


def _look_after(run: Run, said: str) -> None:
    """See what is left of a command that has ended."""
    ended = time.monotonic()
    seconds = seconds_until_gone(run.place, GONE)
    if seconds is None:
        for each in run.place.processes():
            with suppress(OSError):
                run.lost(f"process {each.pid} stays: {' '.join(each.cmdline())[:80]}")
                each.kill()
    run.seconds = ended - run.began + (GONE if seconds is None else seconds) if run.began else 0.0
    text = Path(said).read_text(errors="replace")
    wrong = UNFORESEEN.search(text)
    if wrong is not None:
        run.lost(f"it said {text[wrong.start() :][:300]!r}")
    _look_at_files(run, text)


def _look_at_files(run: Run, text: str) -> None:
    """See that every file is whole, and that there is one of every finding that was told of."""
    good: set[str] = set()
    for path in run.place.findings.rglob("*.json"):
        try:
            record = load(path)
            good |= {path.parent.name, _bin_of(record)}
        except CaseFileError as error:
            run.lost(f"{path.name}: {error}")
    for kind, path_told in TOLD.findall(text):
        name = kind or _name_in(Path(path_told))
        told_here = not path_told or str(run.place.findings) in path_told
        if told_here and name not in good:
            run.lost(f"finding {name} was told and is in no file")


def _bin_of(record: Record) -> str:
    """Return the bin that a file's failure falls into, which it was told of by when it was met."""
    assert record.setting is not None
    words = record.description.split(" ", 1)
    return short_name("bin", record.setting.label, *words)


def _name_in(path: Path) -> str:
    """Return the kind that a path of a finding names, the bin if it is not shrunk yet."""
    return path.name.partition("-")[0] if path.parent.name == MET else path.parent.name


def _row_of_next_command(folder: Path) -> Row:
    place = Place.under(folder, "after-kills", folder / "killed-tmp")
    before = len(place.left())
    run = Run("fuzz", place, (), 0.0)
    _next_command(run)
    if place.left():
        run.lost(f"{len(place.left())} stay, as {place.left()[0]}")
    return Row("what killed commands left, removed by the next", before, tuple(run.wrong))


def _next_command(run: Run) -> None:
    words = ("fuzz", "--cases", "1", "--seed", "next", "--findings", str(run.place.findings))
    process = started(words, run.place, subprocess.DEVNULL)
    process.wait()


def main(kills: int, signals: int) -> int:
    """Print what was tried; return 0 if nothing was lost."""
    clean = True
    for row in rows("ends", kills, signals):
        sys.stdout.write(" | ".join(row.cells()) + "\n")
        sys.stdout.writelines(f"  {each}\n" for each in row.lost)
        sys.stdout.flush()
        clean = clean and not row.lost
    return int(not clean)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
