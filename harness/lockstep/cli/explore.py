"""``lockstep explore``: its options, and which of its two uses is meant."""

from __future__ import annotations

import re
from pathlib import Path

import click
from click.core import ParameterSource

from lockstep.case.file import Setting
from lockstep.cli import options
from lockstep.cli.exit_codes import AGREE, DIVERGENCE, FAULT, GATE, of_verdicts
from lockstep.cli.exploring import explore_on_console
from lockstep.cli.output import say
from lockstep.explore.certificate import Question, save, start_of
from lockstep.explore.check import Checked, check
from lockstep.explore.explore import Exploration
from lockstep.explore.moves import NONCES, SELECTIONS
from lockstep.explore.scope import FEWEST_ACCOUNTS, MOST_ACCOUNTS, MOST_TRANSACTIONS, Scope
from lockstep.explore.sums import Conclusion, Sums
from lockstep.explore.worker import LIMIT, Survey
from lockstep.faults import UsageError
from lockstep.targets.trust import Trust
from lockstep_ledger.model import Policy

CERTIFICATES = Path("corpora/certificates")
POLICIES = {
    "skip": (Policy.SKIP,),
    "atomic": (Policy.ATOMIC,),
    "both": (Policy.SKIP, Policy.ATOMIC),
}

_OF_A_CHECK = frozenset({"file", "trust", "jobs", "findings"})


@click.command()
@options.transactions(3, 1, MOST_TRANSACTIONS)
@options.accounts(4, FEWEST_ACCOUNTS, MOST_ACCOUNTS)
@click.option(
    "--kinds",
    type=click.Choice(tuple(SELECTIONS)),
    default="transfers",
    show_default=True,
    help="Which transactions there are.",
)
@click.option(
    "--policy",
    type=click.Choice(tuple(POLICIES)),
    default="skip",
    show_default=True,
    help="What a block does about a transaction that fails.",
)
@click.option(
    "--nonces",
    type=click.Choice(tuple(NONCES)),
    default="exact",
    show_default=True,
    help="any: the one used last, and the one after the expected one, as well.",
)
@options.executor("batched")
@options.workers(otherwise="as many as transactions")
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    default=LIMIT,
    show_default=True,
    help="Executions of one block before it is called incomplete.",
)
@click.option("--stop-at-first", is_flag=True, help="Stop at the first block that fails.")
@options.jobs()
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    show_default=f"named by the scope, in {CERTIFICATES}",
    help="The file that the result is written to.",
)
@click.option("--fresh", is_flag=True, help="Start anew where an unfinished one stopped.")
@options.findings()
@click.option(
    "--check",
    "file",
    type=click.Path(path_type=Path),
    help="Explore the scope of this certificate again and compare.",
)
@options.trust()
def explore(
    transactions: int,
    accounts: int,
    kinds: str,
    policy: str,
    nonces: str,
    executor: str,
    workers: int | None,
    limit: int,
    stop_at_first: bool,
    jobs: int,
    certificate: Path | None,
    fresh: bool,
    findings: Path,
    file: Path | None,
    trust: bool,
) -> int:
    """Run every small block under every interleaving.

    The result is a certificate, which --check compares with a second exploration. Interrupted, it
    goes on where it stopped when it is run again.
    """
    if file is not None:
        _refuse_other_options()
        return _check(file, Trust(everything=trust), jobs, findings)
    if trust:
        raise UsageError("--trust is for the certificate of --check; --executor names another")
    scope = Scope(transactions, accounts, SELECTIONS[kinds], POLICIES[policy], NONCES[nonces])
    plan = Survey(scope, Setting(executor, workers or transactions), limit)
    name = f"{executor}-{transactions}x{accounts}-{kinds}-{policy}"
    name += "" if nonces == "exact" else f"-{nonces}-nonces"
    path = certificate or CERTIFICATES / f"{re.sub(r'[^A-Za-z0-9_-]', '-', name)}.json"
    return _explore(plan, jobs, path, findings, fresh=fresh, stop_at_first=stop_at_first)


def _explore(
    plan: Survey, jobs: int, path: Path, findings: Path, *, fresh: bool, stop_at_first: bool
) -> int:
    question = Question.of(plan)
    start = Sums() if fresh else start_of(path, question)

    def keep(exploration: Exploration) -> None:
        save(question, exploration, path)

    exploration = explore_on_console(plan, jobs, start, findings, keep, stop_at_first=stop_at_first)
    word = "progress" if exploration.conclusion is Conclusion.UNFINISHED else "certificate"
    say(f"{word}: {path}")
    return of_exploration(exploration)


def _check(path: Path, trust: Trust, jobs: int, findings: Path) -> int:
    def again(plan: Survey) -> Exploration:
        return explore_on_console(plan, jobs, Sums(), findings, lambda _: None)

    checked = check(path, again, trust)
    for line in _checked_lines(checked, path):
        say(line)
    if checked.exploration.conclusion is Conclusion.UNFINISHED:
        return FAULT
    if checked.differences:
        return DIVERGENCE
    return FAULT if checked.executor_changed else AGREE


def _checked_lines(checked: Checked, path: Path) -> list[str]:
    lines = [f"changed since the certificate: {each}" for each in checked.changes]
    if checked.exploration.conclusion is Conclusion.UNFINISHED:
        return [*lines, f"not checked: {path}"]
    lines += [f"differs: {each}" for each in checked.differences]
    if checked.executor_changed:
        lines.append("the executor's source has changed: the certificate is not about this one")
    if not checked.differences:
        lines.append(f"same result: {path}")
    return lines


def of_exploration(exploration: Exploration) -> int:
    """Return the exit code of an exploration: one that could not show every trace is no success."""
    if exploration.tally.failures():
        return of_verdicts(exploration.tally.failures())
    match exploration.conclusion:
        case Conclusion.EXHAUSTED:
            return AGREE
        case Conclusion.INCONCLUSIVE:
            return GATE
        case _:
            return FAULT


def _refuse_other_options() -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _OF_A_CHECK:
            option = name.replace("_", "-")
            raise UsageError(f"--check takes everything from the certificate: leave out --{option}")
