"""The program run in this process, as a person runs it at the command line."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys

from canteen import main


def run(line: str) -> tuple[str, int]:
    """What the program prints, and its exit code."""
    out = io.StringIO()
    sys.argv = ["canteen", *shlex.split(line)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main()
        except SystemExit as stopped:
            return out.getvalue(), int(stopped.code or 0)
    return out.getvalue(), 0
