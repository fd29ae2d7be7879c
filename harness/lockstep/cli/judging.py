"""The options that say what a target is judged by; several commands have them, each all four.

Invariant: a command gets them as one value, ``asked``, which changes what would hold without them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import click

from lockstep.case.judging import Asked, Codes, Part
from lockstep.cli.options import THE_FILES, Decorator, F


def judging(*, of_a_file: bool = False) -> Decorator:
    """Take whose outcome counts and how much of it is compared, as ``asked``."""

    def take(command: F, /) -> F:
        @wraps(command)
        def collected(
            *arguments: Any,
            oracle: str | None,
            codes: str | None,
            ignored: tuple[str, ...],
            invariants: bool,
            **others: Any,
        ) -> Any:
            asked = Asked(oracle, codes, ignored, invariants)
            return command(*arguments, asked=asked, **others)

        taking: Callable[..., Any] = collected
        for option in reversed(_options(of_a_file=of_a_file)):
            taking = option(taking)
        return cast("F", taking)

    return take


def _options(*, of_a_file: bool) -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    return [
        click.option(
            "--oracle",
            metavar="NAME",
            show_default=THE_FILES if of_a_file else "reference",
            help="Whose outcome counts: reference, sequential (its own such mode), an executor.",
        ),
        click.option(
            "--codes",
            type=click.Choice([each.value for each in Codes]),
            show_default=THE_FILES if of_a_file else Codes.EXACT.value,
            help="How much of a failure's code is compared.",
        ),
        click.option(
            "--ignore",
            "ignored",
            multiple=True,
            metavar="FIELD",
            type=click.Choice([each.value for each in Part]),
            show_default=THE_FILES if of_a_file else "nothing",
            help="Leave this out of the comparison; again for several.",
        ),
        click.option(
            "--invariants",
            is_flag=True,
            help="With another oracle, hold it to the invariants of the reference's rules too.",
        ),
    ]
