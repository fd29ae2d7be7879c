"""The script that pipes a recorded conversation into the program, by itself or under a debugger."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

_TEXT = """\
#!/bin/sh
# Sends in.bin to the program, whose answers go to again.bin; out.bin has those of the failure.
#
#   ./run.sh                      by itself
#   ./run.sh gdb                  under gdb; lldb likewise
#   ./run.sh valgrind -q          under anything else that is put before a command
here=$(cd "$(dirname "$0")" && pwd) || exit
cd {directory} || exit
case "${{1##*/}}" in
gdb)
    exec "$@" -ex "run < '$here/in.bin' > '$here/again.bin'" --args {program}
    ;;
lldb)
    exec "$@" -o "process launch -i '$here/in.bin' -o '$here/again.bin'" -- {program}
    ;;
*)
    exec "$@" {program} < "$here/in.bin" > "$here/again.bin"
    ;;
esac
"""


def script(command: Sequence[str], directory: Path) -> str:
    """Return the script for ``command``, which is started in ``directory``."""
    if not command:
        raise ValueError("a program has a name")
    return _TEXT.format(program=shlex.join(command), directory=shlex.quote(str(directory)))
