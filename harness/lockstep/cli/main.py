"""The command line: what commands there are. Command X is ``lockstep.cli.X``."""

from __future__ import annotations

import click

from lockstep.cli.group import CommandGroup

SENTENCES = {
    "audit": "Measure on planted faults how soon campaigns find them.",
    "bench": "Time executors beside the reference, in one run.",
    "check-executor": "Check that a program keeps to the executor protocol.",
    "corpus": "Tell what behaviour saved cases cover, and cover more.",
    "devnet": "Rehearse the rollout on a chain whose ways keep changing.",
    "executors": "List what --executor can name.",
    "explain": "Say how the race in a saved failing case comes about.",
    "explore": "Run every small block under every interleaving.",
    "export": "Write a finding of a program, or the protocol, as files.",
    "fuzz": "Generate cases, run them on both sides, keep what differs.",
    "known": "Set known failures aside, list them, see which are fixed.",
    "replay": "Run saved cases again, exactly.",
    "serve": "Serve the reference, or an executor, to other programs.",
    "shrink": "Make a saved failing case smaller, block and schedule.",
    "vectors": "Run published conformance vectors on both sides.",
}
"""The first sentence of every command, kept here so that listing them loads none."""

main = click.version_option(package_name="lockstep")(
    CommandGroup(
        "lockstep",
        SENTENCES,
        help="""Check that a parallel transaction executor equals the sequential one.

        Exit codes: 0 agree, 1 divergence, 2 usage, 3 harness or target fault, 4 health gate failed.
        """,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
)
