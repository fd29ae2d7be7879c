"""An exploration as a person reads it: what is explored, where it stands, how it ended."""

from __future__ import annotations

from lockstep.explore.assumptions import assumptions_of
from lockstep.explore.explore import Exploration
from lockstep.explore.scope import Scope
from lockstep.explore.sums import Conclusion, Sums
from lockstep.explore.worker import Survey


def scope_text(scope: Scope) -> str:
    """Return one line that says what is enumerated."""
    kinds = ", ".join(each.value for each in scope.kinds)
    policies = " and ".join(each.value for each in scope.policies)
    nonces = ", ".join(each.value for each in scope.nonces)
    return (
        f"all blocks of up to {scope.transactions} transactions over {scope.accounts} accounts, "
        f"kinds {kinds}, policy {policies}, nonces {nonces}"
    )


def opening_lines(plan: Survey, start: Sums) -> list[str]:
    """Say what is explored, and from where."""
    setting = plan.setting
    lines = [
        f"exploring {setting.executor} with {setting.workers} workers: {scope_text(plan.scope)}"
    ]
    return [*lines, f"going on at block {start.next}"] if start.next else lines


def closing_lines(exploration: Exploration) -> list[str]:
    """Say how it ended."""
    tally = exploration.tally
    ends = ", ".join(f"{word} {count}" for word, count in sorted(tally.ends.items()))
    lines = [
        f"{exploration.conclusion.value}: {tally.next} of {exploration.blocks} blocks "
        f"({ends or 'none'}), {tally.traces} traces, {tally.redundant} redundant executions, "
        f"{tally.steps} steps, {len(tally.kinds)} kinds of failure",
        f"in {tally.parallel} blocks two transactions ran side by side, none waiting for the other"
        + ("" if tally.parallel else ": more accounts or kinds may give some"),
        f"{tally.exchanged} blocks also ran in {tally.orders} other orders of independent steps",
    ]
    if exploration.stopped:
        lines.append("stopped at the first failure: the same command goes on behind it")
    if exploration.conclusion is Conclusion.UNFINISHED and exploration.interrupted:
        lines.append("interrupted: the same command goes on where this one stopped")
    if exploration.fault is not None:
        lines.append(f"broken off: {exploration.fault}")
    return lines


def assumption_lines(plan: Survey, tally: Sums) -> list[str]:
    """Say what the result takes for granted."""
    return ["assumed:", *(f"  {each}" for each in assumptions_of(plan, tally))]


def progress_line(exploration: Exploration, done_before: int, seconds: float) -> str:
    """Return where it stands, and the time left if blocks go on taking what they took."""
    tally, blocks = exploration.tally, exploration.blocks
    each = seconds / max(tally.next - done_before, 1)
    return (
        f"{tally.next}/{blocks} blocks  {tally.traces} traces  {tally.redundant} redundant  "
        f"kinds {len(tally.kinds)}  {(blocks - tally.next) * each:.0f} s left"
    )
