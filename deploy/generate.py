"""
What is made from the code and committed beside it: contracts, OpenAPI, AsyncAPI and the page of events.

Refuses to write anything while a contract contradicts a released one, or the system contradicts itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from deploy import asyncapi, events_page
from deploy.system import ROOT, System, load_system
from shared import contracts


def generate(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 and name what is stale.")] = False,
    release: Annotated[bool, typer.Option("--release", help="Put today's contracts among the released ones.")] = False,
) -> None:
    """Write contracts, OpenAPI, AsyncAPI and docs/events.md anew from the code."""
    system = load_system()
    if refused := objections(system):
        _stop(refused)
    files = generated(system)
    changed = stale(files)
    if check:
        if changed:
            _stop([f"stale: {path.relative_to(ROOT)}" for path in changed] + ["Run `make generate` and commit."])
        return
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
        typer.echo(f"{'wrote' if path in files else 'removed'} {path.relative_to(ROOT)}")
    if release:
        for service, published in system.contracts.items():
            for path in contracts.release(_folder(service, ROOT), published):
                typer.echo(f"released {path.relative_to(ROOT)}")


def generated(system: System, root: Path = ROOT) -> dict[Path, str]:
    """Return the text of every generated file by its path under *root*."""
    files = {
        _folder(service, root) / name: text
        for service, published in system.contracts.items()
        for name, text in contracts.files_of(published).items()
    }
    files |= {_folder(service, root) / "openapi.json": document for service, document in system.apis.items()}
    files[root / "docs" / "asyncapi.json"] = contracts.as_text(asyncapi.document(system))
    files[root / "docs" / "events.md"] = events_page.page(system)
    return files


def objections(system: System, root: Path = ROOT) -> list[str]:
    """Return why *system* must not be published as it is; empty if it may."""
    return [
        *system.problems(),
        *(
            f"{service}: {refusal}"
            for service, published in system.contracts.items()
            for refusal in contracts.refusals(_folder(service, root), published)
        ),
    ]


def stale(files: Mapping[Path, str], root: Path = ROOT) -> list[Path]:
    """Return the files that are missing or differ from *files*, and the contracts that no event has any more."""
    differing = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return differing + [path for path in _contracts_under(root) if path not in files]


def _stop(reasons: list[str]) -> None:
    typer.echo("\n".join(reasons), err=True)
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
