"""What is written from the code."""

from typing import Annotated

import typer


def generate(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 and name what is stale.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Put today's contracts among the released ones.")] = False,
) -> None:
    """Write contracts, OpenAPI, AsyncAPI and docs/events.md anew from the code."""
    from deploy import generate

    generate.generate(check=check, release=release)
