"""Certificates on disk: what was asked of an exploration, and what it found.

Invariant: the same question to the same sources gives the same bytes, however many processes
answered it and however often it was interrupted: no clock, no path, no process is in it. One that
is not finished says so and holds what going on needs.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from lockstep.case.file import Setting, write_whole
from lockstep.explore.assumptions import assumptions_of
from lockstep.explore.explore import Exploration
from lockstep.explore.moves import Kind, Nonce
from lockstep.explore.scope import FEWEST_ACCOUNTS, MOST_ACCOUNTS, MOST_TRANSACTIONS, Scope
from lockstep.explore.sources import executor_hash, oracle_hash
from lockstep.explore.sums import INCOMPLETE, Conclusion, FailureKind, Sums
from lockstep.explore.worker import Survey
from lockstep.faults import UsageError
from lockstep.foreign.document import DocumentError, document
from lockstep.foreign.files import FileRefused, read
from lockstep.targets.named import find_inside
from lockstep.verdict import Verdict
from lockstep_ledger.model import Policy

FORMAT = 2
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
End = Annotated[
    str, Meta(pattern=f"^({'|'.join((*(each.value for each in Verdict), INCOMPLETE))})$")
]
"""How a block ended."""


class _Closed(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Question(_Closed, frozen=True):
    """All that decides the answer: the scope, the executor, how it ran, and the code of both."""

    transactions: Annotated[int, Meta(ge=1, le=MOST_TRANSACTIONS)]
    accounts: Annotated[int, Meta(ge=FEWEST_ACCOUNTS, le=MOST_ACCOUNTS)]
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    policies: Annotated[tuple[Policy, ...], Meta(min_length=1)]
    nonces: Annotated[tuple[Nonce, ...], Meta(min_length=1)]
    executions_a_block: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    executor: Annotated[str, Meta(min_length=1)]
    workers: Annotated[int, Meta(ge=1, le=256)]
    executor_sources: Hash
    oracle_sources: Hash
    lockstep: str
    python: str

    @classmethod
    def of(cls, plan: Survey) -> Question:
        """Return the question that ``plan`` asks of the sources as they are now."""
        return cls(
            transactions=plan.scope.transactions,
            accounts=plan.scope.accounts,
            kinds=plan.scope.kinds,
            policies=plan.scope.policies,
            nonces=plan.scope.nonces,
            executions_a_block=plan.limit,
            executor=plan.setting.executor,
            workers=plan.setting.workers,
            executor_sources=executor_hash(find_inside(plan.setting.executor)),
            oracle_sources=oracle_hash(),
            lockstep=version("lockstep"),
            python=platform.python_version(),
        )

    def plan(self) -> Survey:
        """Return the plan that asks this."""
        scope = Scope(self.transactions, self.accounts, self.kinds, self.policies, self.nonces)
        return Survey(scope, Setting(self.executor, self.workers), self.executions_a_block)

    def differing(self, other: Question) -> list[str]:
        """Return the names of the fields that differ."""
        return [
            name.replace("_", " ")
            for name in self.__struct_fields__
            if getattr(self, name) != getattr(other, name)
        ]


class FailureEntry(_Closed, frozen=True):
    """A kind of failure and the first block that showed it."""

    fingerprint: Annotated[str, Meta(pattern="^[0-9a-f]{1,64}$")]
    verdict: End
    block: Count


class Answer(_Closed, frozen=True):
    """What was found in the blocks before number ``next``; the digest chains all of them."""

    verdict: Conclusion
    blocks: Count
    next: Count
    traces: Count
    redundant: Count
    steps: Count
    parallel: Count
    exchanged: Count
    orders: Count
    ends: dict[End, Count]
    digest: Hash
    failures: tuple[FailureEntry, ...]

    @classmethod
    def of(cls, exploration: Exploration) -> Answer:
        """Return where ``exploration`` stands."""
        tally = exploration.tally
        return cls(
            verdict=exploration.conclusion,
            blocks=exploration.blocks,
            next=tally.next,
            traces=tally.traces,
            redundant=tally.redundant,
            steps=tally.steps,
            parallel=tally.parallel,
            exchanged=tally.exchanged,
            orders=tally.orders,
            ends=dict(tally.ends),
            digest=tally.digest.hex(),
            failures=tuple(
                FailureEntry(each.fingerprint, each.verdict, each.block) for each in tally.kinds
            ),
        )

    def tally(self) -> Sums:
        """Return the tally to go on from."""
        return Sums(
            next=self.next,
            traces=self.traces,
            redundant=self.redundant,
            steps=self.steps,
            parallel=self.parallel,
            exchanged=self.exchanged,
            orders=self.orders,
            ends=dict(self.ends),
            digest=bytes.fromhex(self.digest),
            kinds=[
                FailureKind(each.fingerprint, each.verdict, each.block) for each in self.failures
            ],
        )


class _Format(Struct, frozen=True):
    """What every version's file begins with."""

    format: int


class Certificate(_Closed, frozen=True):
    """A whole file; ``assumed`` is what its verdict takes for granted, in words."""

    format: int
    asked: Question
    found: Answer
    assumed: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Tell whether every block was explored."""
        return self.found.next >= self.found.blocks


def save(question: Question, exploration: Exploration, path: Path) -> None:
    """Write the certificate of ``exploration`` to ``path``, whole or not at all."""
    assumed = assumptions_of(question.plan(), exploration.tally)
    certificate = Certificate(FORMAT, question, Answer.of(exploration), assumed)
    data = msgspec.json.encode(certificate, order="sorted")
    write_whole(path, msgspec.json.format(data, indent=1) + b"\n")


def load(path: Path) -> Certificate:
    """Read a certificate. Raises ``UsageError`` with one clear line."""
    try:
        plain = document(read(path))
        found = msgspec.convert(plain, _Format).format
        if found != FORMAT:
            raise UsageError(f"{path}: format {found}, this version reads {FORMAT}")
        return msgspec.convert(plain, Certificate)
    except FileRefused as error:
        raise UsageError(f"{path}: {error}") from error
    except (DocumentError, msgspec.ValidationError) as error:
        raise UsageError(f"{path}: not a certificate: {error}") from error


def start_of(path: Path, question: Question) -> Sums:
    """Return where to begin: what an unfinished certificate in ``path`` holds, else nothing.

    A finished one proves nothing about a run of now, so it is done again. Raises ``UsageError`` if
    the file is no certificate, or an unfinished one of another question.
    """
    if not path.exists():
        return Sums()
    certificate = load(path)
    if certificate.finished:
        return Sums()
    if differing := question.differing(certificate.asked):
        raise UsageError(
            f"{path} is the unfinished answer to another question ({', '.join(differing)}); "
            "--fresh starts anew"
        )
    return certificate.found.tally()
