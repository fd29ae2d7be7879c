"""Reads a duration given on the command line."""

from __future__ import annotations

import click

_UNITS = {"s": 1, "m": 60, "h": 3600}


def duration(_ctx: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    """Read a duration written 90, 90s, 15m or 8h as seconds."""
    if text is None:
        return None
    unit = _UNITS.get(text[-1:])
    try:
        seconds = float(text) if unit is None else float(text[:-1]) * unit
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise click.BadParameter(f"{text!r} is no duration; write 90s, 15m or 8h")
    return seconds
