"""Where the services' APIs are, and for whom to ask: what was given or the environment says, else the trial."""

import os

import httpx

from deploy import finding, migrating, seed, tokens
from deploy.trouble import ExitCode, Trouble


def address(service: str, given: str | None) -> str:
    """
    Return the address of a service's API: the one *given*, or SERVICE_URL, or the trial's.

    Raises:
        Trouble: none is known, or it is none.
    """
    migrating.demand(service)
    name = f"{service.upper()}_URL"
    url = given or os.environ.get(name) or finding.trial(f"export {name}=https://...").http[service]
    try:
        is_one = httpx.URL(url).scheme in {"http", "https"}
    except httpx.InvalidURL:
        is_one = False
    if not is_one:
        what, cure = f"'{url}' is no address of a service.", f"Such as: export {name}=https://..."
        raise Trouble(what, cure=cure, exit_code=ExitCode.USAGE)
    return url


def token(role: str) -> str:
    """Return an access token: HEIJASTIN_TOKEN, or that of the trial's invented person with *role*."""
    given = finding.secret("HEIJASTIN_TOKEN")
    return given or tokens.mint(finding.trial("export HEIJASTIN_TOKEN_FILE=/a/file").folder, seed.PEOPLE[role])
