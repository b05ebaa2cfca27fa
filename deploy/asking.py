"""Where the services' APIs are, and for whom to ask: what was given or the environment says, else the trial."""

import os

from deploy import finding, migrating, seed, tokens


def address(service: str, given: str | None) -> str:
    """Return the address of a service's API: the one *given*, or SERVICE_URL, or the trial's."""
    migrating.demand(service)
    name = f"{service.upper()}_URL"
    return given or os.environ.get(name) or finding.trial(f"export {name}=https://...").http[service]


def token(role: str) -> str:
    """Return an access token: HEIJASTIN_TOKEN, or that of the trial's invented person with *role*."""
    given = finding.secret("HEIJASTIN_TOKEN")
    return given or tokens.mint(finding.trial("export HEIJASTIN_TOKEN_FILE=/a/file").folder, seed.PEOPLE[role])
