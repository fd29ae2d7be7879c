"""Checks of how blocks are executed: repeats, workers, the parallel path, schedules, deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from lockstep.case.manner import SEQUENTIAL, Manner
from lockstep.check import samples
from lockstep.check.blocks import execute_request, load_request, outcome_in, same_outcome
from lockstep.check.subject import Subject
from lockstep.check.wire import Message, Undeclared, Wrong
from lockstep.generate.mixture import case_at
from lockstep.targets.program.connection import DEADLINE
from lockstep.targets.program.manners import many_manners

CASES = 40
REPEATS = 2
SEEDS = 5
LARGE = 400


def outcomes_do_not_depend_on_workers(subject: Subject) -> str:
    """The same block gives the same outcome with any number of workers, as often as asked."""
    cases = [(f"{size} transfers", samples.crowded(size)) for size in (2, 8, 40)]
    cases += [
        (f"generated case {number}", case_at("workers", number, "keyed-hash"))
        for number in range(CASES)
    ]
    manners = many_manners(subject.capabilities, 4, Random(0), REPEATS)

    def with_sequential(ids: tuple[str, ...]) -> Iterator[Manner]:
        yield from manners(ids)
        yield Manner(SEQUENTIAL, 1)

    return subject.agrees(cases, with_sequential)


def the_parallel_path_is_taken(subject: Subject) -> str:
    """With ``force_parallel`` blocks of any size go the parallel path, even an empty one."""
    if not subject.capabilities.parallel:
        raise Undeclared("parallel")
    highest = 0
    with subject.wire() as wire:
        for size in (0, 1, 2, 20):
            case = samples.crowded(size)
            wire.done(load_request(case))
            statistics = _statistics(wire.done(execute_request(case, subject, workers=2)))
            if statistics.get("mode") != "parallel":
                raise Wrong(f"a block of {size} took the path {statistics.get('mode')!r}")
            at_once = statistics.get("highest_concurrency") or 0
            if at_once > 2:
                raise Wrong(f"{at_once} transactions in progress with 2 workers")
            highest = max(highest, at_once)
    return f"at most {highest} in progress with 2 workers" if highest else "no concurrency told"


def the_sequential_path_is_taken(subject: Subject) -> str:
    """A block that is to be executed sequentially is, and says so."""
    case = samples.crowded(8)
    with subject.wire() as wire:
        wire.done(load_request(case))
        request = execute_request(case, subject, mode="sequential", force_parallel=False, workers=1)
        mode = _statistics(wire.done(request)).get("mode")
        if mode != "sequential":
            raise Wrong(f"asked for sequential, it says {mode!r}")
    return ""


def seeds_decide(subject: Subject) -> str:
    """The same seed gives the same trace, and outcomes are the same under every seed."""
    if not subject.capabilities.schedule_seed:
        raise Undeclared("schedule_seed")
    traces = []
    for seed in range(SEEDS):
        first, second = (_run(subject, {"seed": str(seed)}) for _ in range(2))
        if first != second:
            raise Wrong(f"seed {seed} gave two different executions")
        traces.append(str(first.get("trace")))
    return f"{len(set(traces))} traces of {SEEDS} seeds"


def traces_are_repeated(subject: Subject) -> str:
    """A block with the trace of an earlier answer as its schedule is executed the same way."""
    if not subject.capabilities.schedule_replay:
        raise Undeclared("schedule_replay")
    seeded = subject.capabilities.schedule_seed
    for seed in range(SEEDS):
        first = _run(subject, {"seed": str(seed)} if seeded else None)
        if not isinstance(first.get("trace"), list):
            raise Wrong("an answer without a trace")
        again = _run(subject, {"trace": first["trace"]})
        if again.get("trace") != first["trace"]:
            raise Wrong("the trace that was given was not the trace that came")
    return f"{SEEDS} traces"


def pauses_change_nothing(subject: Subject) -> str:
    """Blocks that could overlap give the same outcome, whatever pauses are made in them."""
    if not subject.capabilities.jitter:
        raise Undeclared("jitter")
    case = samples.crowded(min(20, _size(subject)))
    highest = 0
    with subject.wire() as wire:
        for seed in range(SEEDS * 4):
            wire.done(load_request(case))
            answer = wire.done(execute_request(case, subject, workers=4, jitter=str(seed)))
            same_outcome(subject, case, answer)
            highest = max(highest, _statistics(answer).get("highest_concurrency") or 0)
    return f"at most {highest} in progress with 4 workers"


def deadlines_leave_it_usable(subject: Subject) -> str:
    """After a block with the shortest deadline, answered or not, the next is answered rightly."""
    case = samples.crowded(_size(subject))
    with subject.wire() as wire:
        wire.done(load_request(case))
        answer = wire.ask(execute_request(case, subject, deadline_ms=1), DEADLINE)
        if answer["type"] == "error":
            wire.expect_error(answer, "deadline", "a block with a deadline of 1 ms")
        wire.done(load_request(case))
        outcome_in(wire.done(execute_request(case, subject)))
    return "gave up" if answer["type"] == "error" else f"{_size(subject)} transactions answered"


def _size(subject: Subject) -> int:
    most = subject.capabilities.limits.transactions
    return LARGE if most is None else min(LARGE, most)


def _run(subject: Subject, schedule: Message | None) -> Message:
    """Execute a block in a fresh process and return the answer."""
    case = samples.crowded(6)
    with subject.wire() as wire:
        wire.done(load_request(case))
        return wire.done(execute_request(case, subject, workers=4, schedule=schedule))


def _statistics(answer: Message) -> Message:
    statistics = answer.get("statistics")
    if not isinstance(statistics, dict):
        raise Wrong("an answer to a block without statistics")
    return statistics
