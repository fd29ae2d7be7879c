"""Measures every fault of the catalogue in all lanes, keeps that, and writes docs/detection.md."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict

import click

from benchmarks.detection import document, measured
from benchmarks.detection.digest import digest_of
from benchmarks.detection.kinds import alike
from benchmarks.detection.lanes import LANES, Effort, run_lane
from benchmarks.detection.measured import Fault, Lane, Measured, Size
from benchmarks.machine import facts
from lockstep.audit.audit import Audited
from lockstep.audit.subject import Subject, catalogued


@click.command()
@click.option(
    "--changed",
    is_flag=True,
    help="Measure only what changed, or is not measured yet, with the same effort.",
)
@click.option("--render", is_flag=True, help="Measure nothing, write the page anew.")
@click.option("--campaigns", type=click.IntRange(1), default=5, show_default=True)
@click.option("--budget", type=float, default=60.0, show_default=True, help="CPU-seconds.")
@click.option("--baseline", type=float, default=5.0, show_default=True, help="CPU-seconds.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(
    changed: bool,
    render: bool,
    campaigns: int,
    budget: float,
    baseline: float,
    jobs: int,
) -> None:
    """Measure detection. What is done is kept at once, so that --changed goes on after a stop."""
    effort = Effort(budget, baseline, campaigns)
    before = measured.load()
    if render and before is not None:
        document.write(before)
        return
    kept, machine = {}, dict(facts())
    if changed and before is not None and before.effort == asdict(effort):
        kept = {each.digest: each for each in before.faults if _whole(each)}
        machine = before.machine
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
    subjects = catalogued()
    work = {each: _submit(each, effort, pool) for each in subjects if digest_of(each) not in kept}
    for subject, futures in work.items():
        fault = _fault(subject, {name: future.result() for name, future in futures.items()})
        kept[fault.digest] = fault
        found = ", ".join(f"{name} {lane.seconds}" for name, lane in fault.lanes.items())
        click.echo(f"{subject.id}: {found}")
        _save(machine, effort, subjects, kept)
    document.write(_save(machine, effort, subjects, kept))


def _save(
    machine: dict[str, str], effort: Effort, subjects: Sequence[Subject], kept: Mapping[str, Fault]
) -> Measured:
    done = tuple(kept[digest] for digest in map(digest_of, subjects) if digest in kept)
    found = Measured(machine, asdict(effort), done)
    measured.save(found)
    return found


def _whole(fault: Fault) -> bool:
    """Tell whether a fault was looked for in every lane there is now."""
    return bool(fault.masked) or fault.lanes.keys() == LANES.keys()


def _submit(
    subject: Subject, effort: Effort, pool: ProcessPoolExecutor
) -> dict[str, Future[Audited]]:
    lanes = () if subject.masked else LANES
    return {name: pool.submit(run_lane, name, subject, effort) for name in lanes}


def _fault(subject: Subject, lanes: Mapping[str, Audited]) -> Fault:
    id_, name, digest = subject.id, subject.name, digest_of(subject)
    if not lanes:
        return Fault(id_, name, digest, subject.masked, None, subject.twin)
    ours = lanes["lockstep"]
    known, usual, similar = (
        Size(each.transactions, each.deviations) if each else None
        for each in (subject.known, ours.usual, alike(ours))
    )
    twins = [trial.twin for trial in ours.trials if trial.twin is not None]
    return Fault(
        id=id_,
        name=name,
        digest=digest,
        masked=subject.masked,
        known=known,
        twin=subject.twin,
        verdicts=tuple(sorted({trial.verdict for trial in ours.found})),
        usual=usual,
        alike=similar,
        shrinking=ours.shrinking,
        alarms=len(ours.alarms),
        twin_executions=sum(twin.executions for twin in twins),
        lanes={name: _lane(audited) for name, audited in lanes.items()},
    )


def _lane(audited: Audited) -> Lane:
    return Lane(
        tried=len(audited.trials),
        found=len(audited.found),
        cases=audited.to_detection(lambda trial: trial.searched.cases),
        executions=audited.to_detection(lambda trial: trial.searched.executions),
        seconds=audited.to_detection(lambda trial: trial.searched.seconds),
    )


if __name__ == "__main__":
    main()
