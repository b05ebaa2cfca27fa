"""
The HTTP edge of a service: one way to ask, to be let in, to be refused, and to be answered once.

`app` makes the application out of routers and a table of rules; an endpoint takes what it needs as parameters
(`Who`, `Tx`, `Reading`, `VersionRead`, `Paged`).
"""

from shared.http.access import PUBLIC, Principal, Rule, Rules, allow
from shared.http.app import UnsafeApplication, create_app
from shared.http.openapi import openapi_of
from shared.http.paging import Page, Paged
from shared.http.routes import Reading, Transactions, Tx, Who, router
from shared.http.tokens import Trust, keys_from, trust_of
from shared.http.versions import VersionRead, etag

__all__ = [
    "PUBLIC",
    "Page",
    "Paged",
    "Principal",
    "Reading",
    "Rule",
    "Rules",
    "Transactions",
    "Trust",
    "Tx",
    "UnsafeApplication",
    "VersionRead",
    "Who",
    "allow",
    "create_app",
    "etag",
    "keys_from",
    "openapi_of",
    "router",
    "trust_of",
]
