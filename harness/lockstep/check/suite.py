"""The checks in their order, and what running them on a program gives.

Invariant: every check ends as passed, wrong or undeclared; a check that breaks the program, or that
the program breaks, is wrong. The suite passes only if nothing is wrong and a block was compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from lockstep.case.file import Record, Setting
from lockstep.case.reproduction import Reproduction
from lockstep.case.values import Case
from lockstep.check import blocks, execution, samples, talk, values, versions
from lockstep.check.subject import CHECKED, Subject
from lockstep.check.wire import Undeclared, Wrong
from lockstep.run.fingerprint import signature_of
from lockstep.run.result import Run
from lockstep.targets.program.child import Broken
from lockstep.targets.program.connection import Connection
from lockstep.targets.program.messages import HelloAnswer
from lockstep.targets.program.program import Program
from lockstep.verdict import NoOutcome, Verdict

Check: TypeAlias = Callable[[Subject], str]


class Ending(Enum):
    """How a check ended."""

    PASSED = "ok"
    WRONG = "WRONG"
    UNDECLARED = "not declared"


@dataclass(frozen=True, slots=True)
class Result:
    """One check: its name, how it ended, what was seen; the case and run that it went wrong by."""

    name: str
    ending: Ending
    text: str
    case: Case | None = None
    run: Run | None = None

    def record(self, executor: str) -> Record | None:
        """Return the file of the case that ``executor`` went wrong by; None if it was none."""
        if self.case is None:
            return None
        verdict, manner, words = Verdict.DIVERGE.value, None, f"check {self.name}: {self.text}"
        if self.run is not None:
            verdict, words = self.run.verdict.value, " ".join(signature_of(self.run))
            manner = self.run.blocks[-1].manner if self.run.blocks else None
        return Record(
            self.case,
            {"kind": "check", "check": self.name},
            words,
            Setting(executor),
            verdict=verdict,
            reproduction=None if manner is None else Reproduction(1, 1, manner),
        )


CHECKS: dict[str, Check] = {
    "hello": talk.hello_is_answered,
    "other versions": talk.other_versions_are_refused,
    "minor versions": talk.newer_minors_are_answered,
    "echo": talk.echo_comes_back,
    "unknown message": talk.unknown_messages_are_refused,
    "malformed": talk.malformed_messages_are_refused,
    "empty frame": talk.empty_frames_are_refused,
    "frames in pieces": talk.frames_may_arrive_in_pieces,
    "requests at once": talk.requests_may_be_sent_at_once,
    "oversize frame": talk.oversize_frames_end_it,
    "end of input": talk.the_end_of_input_ends_it,
    "bye": talk.bye_ends_it,
    "restart": talk.it_starts_again,
    "export_state": blocks.state_is_exported,
    "no_state and reset": blocks.a_state_is_needed,
    "both forms of numbers": blocks.numbers_are_read_in_both_forms,
    "widths of numbers": blocks.widths_are_checked,
    "unknown fields": blocks.unknown_fields_are_ignored,
    **{
        f"payload {name}": blocks.samples_of(lambda each: each.capabilities.payloads, name, cases)
        for name, cases in samples.PAYLOADS.items()
    },
    **{
        f"policy {name}": blocks.samples_of(lambda each: each.capabilities.policies, name, cases)
        for name, cases in samples.POLICIES.items()
    },
    **{
        f"terms {name}": blocks.samples_of(lambda each: each.capabilities.terms, name, cases)
        for name, cases in samples.TERMS.items()
    },
    "secrets": versions.secrets_change_nothing,
    "fee_types": values.fee_types_are_taken,
    "chain_ids": values.chain_ids_are_taken,
    "heights": values.heights_are_taken,
    "rewind": versions.blocks_are_taken_back,
    "read_state": versions.versions_are_read,
    "load_state with versions": versions.versions_are_loaded,
    "history": versions.chains_are_lived_through,
    "references": versions.references_are_taken,
    "signatures": blocks.schemes_are_verified,
    "modified, not touched": blocks.modified_is_not_touched,
    "generated cases": blocks.generated_cases_agree,
    "workers and repeats": execution.outcomes_do_not_depend_on_workers,
    "force_parallel": execution.the_parallel_path_is_taken,
    "mode sequential": execution.the_sequential_path_is_taken,
    "schedule seed": execution.seeds_decide,
    "schedule replay": execution.traces_are_repeated,
    "jitter": execution.pauses_change_nothing,
    "deadline": execution.deadlines_leave_it_usable,
}


def greeting(program: Program) -> HelloAnswer:
    """Return what the program says of itself. Raises ``NoOutcome`` if that is no hello."""
    connection = Connection(program)
    try:
        return connection.hello()
    finally:
        connection.close()


def run_checks(
    program: Program,
    hello: HelloAnswer,
    names: Sequence[str] = tuple(CHECKS),
    setting: Setting = CHECKED,
) -> Iterator[Result]:
    """Run the checks called ``names`` one by one, on a program under ``setting``."""
    subject = Subject(program, hello.capabilities, setting)
    for name in names:
        yield _run(name, subject)


def _run(name: str, subject: Subject) -> Result:
    try:
        return Result(name, Ending.PASSED, CHECKS[name](subject))
    except Undeclared as undeclared:
        return Result(name, Ending.UNDECLARED, str(undeclared))
    except Wrong as wrong:
        return Result(name, Ending.WRONG, str(wrong), wrong.case, wrong.run)
    except Broken as broken:
        return Result(name, Ending.WRONG, f"{broken.verdict.value}: {broken}")
    except NoOutcome as no_outcome:
        return Result(name, Ending.WRONG, f"{no_outcome.verdict.value}: {no_outcome}")
