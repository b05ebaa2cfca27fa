"""
What is made from the code and committed beside it: contracts, OpenAPI, AsyncAPI, the pages of events and metrics.

Nothing is written while a contract contradicts a released one, or the system contradicts itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from deploy import asyncapi, events_page, metrics_page
from deploy.system import ROOT, System, load_system
from shared import contracts


class NotFitToPublish(Exception):
    """The system, or what it would break; a line for each reason, with its cure."""


def generate(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 and name what is stale.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Put today's contracts among the released ones.")] = False,
) -> None:
    """Write contracts, OpenAPI, AsyncAPI and the pages of events and metrics anew from the code."""
    system = load_system()
    try:
        files = generated(system)
    except NotFitToPublish as unfit:
        _stop(str(unfit))
    if not check:
        for line in [*write(files), *(write_released(system) if release else ())]:
            typer.echo(line)
    elif found := stale(files):
        _stop("\n".join([*(f"stale: {path.relative_to(ROOT)}" for path in found), "Run `make generate` and commit."]))


def generated(system: System, root: Path = ROOT) -> dict[Path, str]:
    """
    Return the text of every generated file by its path under *root*.

    Raises:
        NotFitToPublish: topics, events and services disagree, or a contract breaks with a released one.
    """
    if reasons := [*system.problems(), *_breaks(system, root)]:
        raise NotFitToPublish("\n".join(reasons))
    files = {
        _folder(service, root) / name: text
        for service, published in system.contracts.items()
        for name, text in contracts.files_of(published).items()
    }
    files |= {_folder(service, root) / "openapi.json": document for service, document in system.apis.items()}
    files[root / "docs" / "asyncapi.json"] = contracts.as_text(asyncapi.document(system))
    files[root / "docs" / "events.md"] = events_page.page(system)
    files[root / "docs" / "operations" / "metrics.md"] = metrics_page.page(system.metrics)
    return files


def stale(files: Mapping[Path, str], root: Path = ROOT) -> list[Path]:
    """Return the files that are missing or differ from *files*, and the contracts that no event has any more."""
    differing = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return differing + [path for path in _contracts_under(root) if path not in files]


def write(files: Mapping[Path, str], root: Path = ROOT) -> list[str]:
    """Bring the files under *root* to *files* and return a line for each change."""
    lines: list[str] = []
    for path in stale(files, root):
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
        lines.append(f"{'wrote' if path in files else 'removed'} {path.relative_to(root)}")
    return lines


def write_released(system: System, root: Path = ROOT) -> list[str]:
    """Put the contracts of *system* among the released ones under *root* and return a line for each new copy."""
    return [
        f"released {path.relative_to(root)}"
        for service, published in system.contracts.items()
        for path in contracts.release(_folder(service, root), published)
    ]


def _breaks(system: System, root: Path) -> list[str]:
    return [
        f"{service}: {refusal}"
        for service, published in system.contracts.items()
        for refusal in contracts.refusals(_folder(service, root), published)
    ]


def _stop(reasons: str) -> NoReturn:
    typer.echo(reasons, err=True)
    raise typer.Exit(1)


def _folder(service: str, root: Path) -> Path:
    return root / "services" / service / "contracts"


def _contracts_under(root: Path) -> list[Path]:
    """Return the contract files there are; released ones lie a folder deeper and stay."""
    return [
        path
        for suffix in (contracts.SCHEMA, contracts.EXAMPLE)
        for path in sorted(root.glob(f"services/*/contracts/*{suffix}"))
    ]


if __name__ == "__main__":
    typer.run(generate)
