"""Commands of identity's that only somebody on this machine may give."""

from __future__ import annotations

import subprocess
import sys

from devstack.home import ROOT, Home
from devstack.options import variables
from devstack.stack import Stack
from devstack.state import StackState


class CommandRefusedError(Exception):
    """Identity refused a command; the text is what it said."""


def tell_identity(home: Home, state: StackState, *command: str) -> str:
    """Run ``python -m identity`` with a running stack's settings; return what it said.

    Raises CommandRefusedError.
    """
    stack = Stack.of_running(home, state, variables(ROOT))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "identity", *command],
        env=stack.environment("identity"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        said = lines[-1] if lines else f"identity ended with status {done.returncode}"
        raise CommandRefusedError(said)
    return done.stdout.strip()
