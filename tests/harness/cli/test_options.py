"""An option that is spelled the same means the same, whichever command it is given to."""

from __future__ import annotations

from typing import Any

import click
import pytest

from tests.harness.cli.command_line import USAGE, lockstep
from tests.harness.cli.commands import COMMANDS

BOUNDS_DIFFER = {
    "--transactions": "all blocks of a scope can be explored up to six, a chain holds thousands",
    "--accounts": "likewise: two accounts make a scope, and no shape of conflict",
}
"""Options whose bounds are the command's own, and why."""

OF_OTHER_THINGS = {
    "--only": "kinds of transaction of a campaign's cases, and checks of the protocol's suite",
}
"""Options that choose among what the command is about, and what that is."""

AGAIN = "; again for several."
"""What the help of an option says besides, where it may be given several times."""

PARAMETERS = [
    (spelling, " ".join(words), parameter)
    for words, command in COMMANDS.items()
    for parameter in command.params
    for spelling in parameter.opts
]
SHARED = sorted({spelling for spelling, _, _ in PARAMETERS})
OPTIONS = [each for _, _, each in PARAMETERS if isinstance(each, click.Option)]


def takers(spelling: str) -> dict[str, click.Parameter]:
    """Return the parameters spelled so, by the command that takes them."""
    return {command: each for known, command, each in PARAMETERS if known == spelling}


def meaning(spelling: str, parameter: click.Parameter) -> dict[str, Any]:
    """Return what a user has to know of a parameter, apart from its default."""
    kind = {**parameter.type.to_info_dict()}
    if spelling in BOUNDS_DIFFER:
        kind = {name: value for name, value in kind.items() if name not in ("min", "max")}
    told = getattr(parameter, "help", None) or ""
    return {"type": kind, "metavar": parameter.metavar, "help": told.replace(AGAIN, ".")}


@pytest.mark.parametrize("spelling", [each for each in SHARED if each not in OF_OTHER_THINGS])
def test_what_is_spelled_the_same_means_the_same(spelling: str) -> None:
    (first, one), *others = takers(spelling).items()
    for command, another in others:
        assert meaning(spelling, another) == meaning(spelling, one), f"{command} and {first}"


@pytest.mark.parametrize("spelling", SHARED)
def test_what_may_be_given_again_has_a_name_of_its_own_in_the_code(spelling: str) -> None:
    names = {(several(each), each.name) for each in takers(spelling).values()}
    assert len(names) == len({again for again, _ in names}) == len({name for _, name in names})


@pytest.mark.parametrize("spelling", list(BOUNDS_DIFFER))
def test_bounds_that_may_differ_do(spelling: str) -> None:
    bounds = {str(each.type) for each in takers(spelling).values()}
    assert len(bounds) > 1


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.opts[0])
def test_an_option_says_what_it_is_and_whether_it_may_be_given_again(option: click.Option) -> None:
    assert option.help
    assert option.help.endswith(".")
    assert option.multiple == ("again for several" in option.help)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.opts[0])
def test_a_default_is_shown(option: click.Option) -> None:
    default = option.to_info_dict()["default"]
    if not option.is_flag and default is not None:
        assert option.show_default


NEEDED = [
    (words, option)
    for _, words, option in PARAMETERS
    if isinstance(option, click.Option) and option.required
]


def test_some_options_are_needed() -> None:
    assert ("corpus grow", "--seed") in [(words, option.opts[0]) for words, option in NEEDED]


@pytest.mark.parametrize(("words", "option"), NEEDED, ids=lambda each: str(each))
def test_without_an_option_that_is_needed_a_command_is_a_usage_error(
    words: str, option: click.Option
) -> None:
    places = [each for each in COMMANDS[tuple(words.split())].params if each.opts[0][0] != "-"]
    result = lockstep(*words.split(), *(each.name for each in places if each.required))
    assert result.exit_code == USAGE
    assert f"Missing option '{option.opts[0]}'" in result.stderr


def several(parameter: click.Parameter) -> bool:
    """Tell whether an option may be given again."""
    return isinstance(parameter, click.Option) and parameter.multiple
