"""What records measures beside the plumbing, which already counts requests by route and what comes and goes."""

from typing import Final

from shared.metering import Catalogue

CATALOGUE: Final[Catalogue] = ()
