"""A node of its own rules is judged by its own sequential mode: every fault of it, and no other.

Which case shows a fault depends on the seed alone; of a race of two burns it does not, so that one
is for the long campaigns of the night.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lockstep.cli.main import main
from tests.node.faults import Fault

AGREE, DIVERGENCE, FAULT = 0, 1, 3
ENOUGH = 200
"""Cases in which every fault shows that is no race."""
RACES = {Fault.BURNS_BY_ARRIVAL}


def campaign(folder: Path, *faults: Fault, cases: int = ENOUGH) -> Result:
    words = "".join(f" --fault {each.value}" for each in faults)
    executor = f"node=cmd:{sys.executable} -m tests.node{words}"
    deadline = "0.3" if Fault.LINKED_TO_ITSELF in faults else "10"
    quick = ("--cases", str(cases), "--seed", "a", "--storage", "memory", "--deadline", deadline)
    judged = ("--oracle", "sequential", "--stop-after", "1", "--findings", str(folder))
    return CliRunner().invoke(main, ["fuzz", "--executor", executor, *quick, *judged])


def test_a_node_without_a_fault_is_not_accused(tmp_path: Path) -> None:
    result = campaign(tmp_path)
    assert result.exit_code == AGREE, result.output
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("fault", [each for each in Fault if each not in RACES])
def test_a_fault_of_the_node_is_met(fault: Fault, tmp_path: Path) -> None:
    result = campaign(tmp_path, fault, cases=50 if fault is Fault.LINKED_TO_ITSELF else ENOUGH)
    wanted = FAULT if fault is Fault.LINKED_TO_ITSELF else DIVERGENCE
    assert result.exit_code == wanted, result.output
    assert re.search(r"^met \w+, (diverge|hang|history)", result.stdout, re.MULTILINE)
    assert list(tmp_path.rglob("*.json"))
