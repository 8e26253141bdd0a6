"""``soko dead-letters list`` and ``redrive``; what they do is imported when they run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from devstack.home import Home

dead_letters = typer.Typer(
    help="Events that a service gave up. Mend what made them fail, then redrive them.",
    no_args_is_help=True,
)

_TypeOption = Annotated[
    str, typer.Option("--type", help="Only events of this type, as list shows it.")
]


@dead_letters.command("list")
def list_dead_letters(
    event_type: _TypeOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """Show every event that was given up, newest first, and why."""
    from devstack.dead_letters.redriving import show

    raise typer.Exit(show(Home.of_environment(), event_type, as_json=as_json))


@dead_letters.command()
def redrive(
    letter: Annotated[str, typer.Argument(help="Which one: dlt_..., as list shows it.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="All that list shows, the oldest first.")
    ] = False,
    event_type: _TypeOption = "",
) -> None:
    """Have an event handled once more; its effect happens once. 1 if any failed again."""
    from devstack.dead_letters.redriving import redrive as handle_again

    if bool(letter) is everything or (letter and event_type):
        print(
            "Say which: ./soko dead-letters redrive ID, or --all, or --all --type TYPE.",
            file=sys.stderr,
        )
        raise typer.Exit(2)
    raise typer.Exit(handle_again(Home.of_environment(), letter, event_type))
