"""The demo shop: loaded once per home, through the public API, when its author is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec

from devstack.databases import analyze
from devstack.home import ROOT, Home
from devstack.options import variables
from devstack.stack import Stack
from devstack.state import StackState


class GrantError(Exception):
    """A role could not be granted; the text is what identity said."""


def wants_demo_data(home: Home) -> bool:
    """Tell whether the demo data is missing and can be loaded."""
    return not home.demo_marker.exists() and find_spec("devstack.demo") is not None


def load_demo_data(home: Home, state: StackState, progress: Callable[[int, int], None]) -> None:
    """Load the demo shop; raises whatever keeps it from being complete."""
    from devstack import demo

    def give(email: str, role: str) -> None:
        grant(home, state, email, role)

    demo.load(state.url, give, progress)
    analyze(Stack.of_running(home, state, variables(ROOT)).postgres)
    home.demo_marker.write_text("complete\n")


def grant(home: Home, state: StackState, email: str, role: str) -> str:
    """Give an account a role, as only somebody on this machine may; return what identity said.

    Raises GrantError when the account or the role does not exist.
    """
    stack = Stack.of_running(home, state, variables(ROOT))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "identity", "grant", email, role],
        env=stack.environment("identity"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise GrantError(lines[-1] if lines else f"identity ended with status {done.returncode}")
    return done.stdout.strip()
