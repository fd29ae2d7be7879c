"""Programs as targets: one process for every signature scheme, asked for blocks in manners."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import ClassVar

from lockstep.case.file import Setting
from lockstep.case.judging import SEQUENTIAL as SEQUENTIAL_MODE
from lockstep.case.manner import SEQUENTIAL, Manner
from lockstep.case.values import Case
from lockstep.generate.carving import WHOLE, Carving
from lockstep.generate.references import names_older
from lockstep.run.ask import Asked, ask
from lockstep.run.drivers import Ways
from lockstep.run.expected import ExpectedChain
from lockstep.run.overlap import Overlap
from lockstep.run.result import Run, StepFailure
from lockstep.run.session import run_case
from lockstep.run.stores import Stores
from lockstep.schedules.mix import Mix
from lockstep.targets.program.connection import Connection
from lockstep.targets.program.declared import carving_of
from lockstep.targets.program.executor import ProgramExecutor
from lockstep.targets.program.manners import many_manners
from lockstep.targets.program.program import Program
from lockstep.targets.repeated import RepeatedLane
from lockstep.targets.target import Target
from lockstep.verdict import NoOutcome, Verdict
from lockstep_ledger.block import Block
from lockstep_ledger.model import State
from lockstep_ledger.outcome import Outcome
from lockstep_ledger.schemes import SCHEMES
from lockstep_ledger.storage.memory import MemoryStorage

ONE_PATH = "parallel path: none is declared, so nothing is held against the sequential mode"
LIVED_SHARE = 0.25
"""The share of cases whose states a program with a history reaches by itself."""


class ProgramTarget(Target):
    """A program that speaks the executor protocol over its standard streams."""

    has_sequential_mode: ClassVar[bool] = True

    def __init__(self, name: str, program: Program) -> None:
        super().__init__(name)
        self.program = program

    def carving(self, setting: Setting) -> Carving:
        """Ask the program what it can do; one that says no hello can do everything."""
        connection = Connection(self.program.under(setting))
        try:
            return carving_of(connection.hello().capabilities)
        except NoOutcome:
            return WHOLE
        finally:
            connection.close()

    def open(self, setting: Setting, stores: Stores) -> ProgramLane:
        """Return a lane that starts a process when the first block asks for one."""
        return ProgramLane(self.program.under(setting), setting, stores)


class ProgramLane(RepeatedLane):
    """A program under a setting; owns its processes."""

    takes_standards: ClassVar[bool] = True

    def __init__(self, program: Program, setting: Setting, stores: Stores) -> None:
        super().__init__(setting)
        self._program = program
        self._stores = stores
        self._executors: dict[str, ProgramExecutor] = {}

    def run_mixed(self, case: Case, random: Random, mix: Mix) -> Run:  # noqa: ARG002
        """Run every block in many manners; the interleavings are the program's own.

        Of a program with a history some cases are run in one manner, so that no state is loaded
        between their blocks; so are those that name older versions, if these cannot be loaded.
        """
        declared = self.executor(case.scheme).declared()
        if declared is not None and declared.history and random.random() < LIVED_SHARE:
            return self.run_plain(case)
        if declared is not None and "load" not in declared.history and names_older(case):
            return self.run_plain(case)
        return self.run_in(case, many_manners(declared, self.setting.workers, random))

    def references(self) -> tuple[str, ...] | None:
        """Return the kinds that the program declares; None where it does not say hello."""
        declared = self.executor(next(iter(SCHEMES))).declared()
        return None if declared is None else tuple(declared.references)

    def wants_width(self) -> bool:
        """Tell whether the program has threads, or what it has instead, to keep busy."""
        declared = self.executor(next(iter(SCHEMES))).declared()
        return declared is not None and declared.parallel

    def run_in(self, case: Case, manners: Ways[Manner]) -> Run:
        """Run ``case``, every block in the manners given for it."""
        executor = self.executor(case.scheme)
        if self._is_held_against_the_same(executor):
            return Run(Verdict.UNSUPPORTED, (), (), not_compared=(ONE_PATH,))
        executor.overlap = Overlap()
        access = self.setting.access
        run = run_case(case, executor, manners, self._stores, access, self.standard)
        return replace(run, overlap=executor.overlap)

    def execute(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block in the plain manner."""
        return ask(self.executor(scheme), block, before, MemoryStorage(before), self.plain)

    def follow(self, case: Case, chain: ExpectedChain) -> None:
        """Tell the program whose keys and which versions the case needs."""
        self.executor(case.scheme).follow(case, chain)

    def execute_in_order(
        self, block: Block, before: State, scheme: str
    ) -> tuple[Outcome | None, StepFailure | None]:
        """Execute one block in the protocol's mode ``sequential``, with one worker."""
        executor, manner = self.executor(scheme), Manner(SEQUENTIAL, 1)
        outcome, failure = ask(executor, block, before, MemoryStorage(before), manner)
        took = executor.statistics
        if outcome is not None and took is not None and took.mode != SEQUENTIAL:
            text = f"it took the path {took.mode}"
            return None, StepFailure.of(Verdict.UNSUPPORTED, "sequential mode", text)
        if outcome is not None:
            executor.go_on(outcome.changes)
        return outcome, failure

    def on_a_chain(
        self,
        scheme: str,
        workers: int,
        step_limit: int,  # noqa: ARG002 - a program takes no steps of ours
    ) -> tuple[Asked[Manner], Manner]:
        """Return the program, and the manner with so many workers."""
        return self.executor(scheme), Manner(workers=workers)

    def _is_held_against_the_same(self, executor: ProgramExecutor) -> bool:
        """Tell whether its sequential path would be judged by its sequential path."""
        if self.standard.judging.oracle != SEQUENTIAL_MODE:
            return False
        declared = executor.declared()
        return declared is not None and not declared.parallel

    def executor(self, scheme: str) -> ProgramExecutor:
        """Return the program as an executor of blocks signed under ``scheme``."""
        executor = self._executors.get(scheme)
        if executor is None:
            executor = ProgramExecutor(self._program, SCHEMES[scheme], self.setting.workers)
            self._executors[scheme] = executor
        return executor

    def identity(self) -> dict[str, str]:
        """Add what the program said of itself."""
        hellos = (each.connection.introduced for each in self._executors.values())
        said = next((each for each in hellos if each is not None), None)
        if said is None:
            return super().identity()
        words = " ".join(filter(None, (said.name, said.version, said.build)))
        return super().identity() | {"program": words}

    def close(self) -> None:
        """End the processes."""
        for executor in self._executors.values():
            executor.close()
        self.standard.oracle.close()
