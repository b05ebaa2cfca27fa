"""What several commands ask for in the same words."""

from typing import Annotated, Final

import typer

EXIT_CODES: Final = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 something does not answer."

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ServiceName = Annotated[str, typer.Argument(metavar="SERVICE", help="scheduling, quality, records or feedback")]
OneOrEvery = Annotated[str | None, typer.Argument(metavar="SERVICE", help="Default: every service.")]
Kafka = Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Default: KAFKA_SERVERS, or the trial's.")]
