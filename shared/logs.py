"""
Logs: one JSON object a line on stdout, ours and the libraries' through the same steps.

`event` is a constant snake_case name that can be searched for; what varies stands in fields, and fields hold ids,
never names or content. What looks like a secret or like somebody's data is dropped at the last step, as a net under
the rule and not in its place.
"""

import functools
import json
import logging
import re
import sys
import traceback
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TextIO, cast

import asyncpg
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from shared import clock

REDACTED = "[redacted]"
REPEATS_AFTER_SECONDS = 60.0
"""A library's line that says the same as one before it is held back for this long: an outage is weather, not rain."""
_LONGEST_TEXT = 16_384  # characters of one field; also bounds the work of the patterns below
_MOST_REMEMBERED = 1_000

_SECRET_NAME = re.compile(
    r"(^|[^a-z])(authorization|cookie|credentials?|dsn|email|jwt|passwd|password|secret|tokens?)($|[^a-z])",
    re.IGNORECASE,
)
# What an exception's text or a library's line may carry in spite of us. Each pattern after what no match of it is
# without: to look for that first costs a tenth, and most texts are ids.
_SECRET_VALUES = (
    ("eyJ", re.compile(r"eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)*"), REDACTED),  # a signed token
    ("://", re.compile(r"://[^/\s@]+@"), f"://{REDACTED}@"),  # user and password of an address
    ("-----BEGIN", re.compile(r"-----BEGIN [^-]+-----.*?(-----END [^-]+-----|\Z)", re.DOTALL), REDACTED),
    ("@", re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), REDACTED),  # a mail address
    # Credentials in a header, a Finnish personal identity code: they have no letter in common, so sought in one go.
    ("", re.compile(r"\b((bearer|basic)\s+[\w.~+/=-]{8,}|\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]\b)", re.IGNORECASE), REDACTED),
    ("T:", re.compile(r"^CONTEXT:.*$", re.MULTILINE), REDACTED),  # Postgres quotes the row that broke a rule
    ("L:", re.compile(r"^DETAIL:.*$", re.MULTILINE), REDACTED),
    ("input_value=", re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), f"input_value={REDACTED}"),  # pydantic
)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
# What a library's record has of itself; anything else came by `extra=`.
_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def get(name: str) -> FilteringBoundLogger:
    """Return the logger of a module, `logs.get(__name__)`."""
    return cast("FilteringBoundLogger", structlog.get_logger(name))


@contextmanager
def continuing(correlation_id: str, *, traceparent: str | None = None) -> Generator[None]:
    """Give every line written inside (also in tasks started inside) the ids of the trace that it continues."""
    trace = _TRACEPARENT.fullmatch(traceparent or "")
    ids = {"correlation_id": correlation_id} | ({"trace_id": trace[1], "span_id": trace[2]} if trace else {})
    with structlog.contextvars.bound_contextvars(**ids):
        yield


def configure(
    *,
    service: str,
    version: str,
    environment: str,
    log_format: Literal["json", "console"] = "json",
    level: str = "INFO",
    stream: TextIO | None = None,
) -> None:
    """
    Send everything that this process logs to *stream* (stdout).

    Libraries speak from WARNING up. May be called again; the last call counts.
    """
    origin = {"service.name": service, "service.version": version, "deployment.environment.name": environment}
    render = structlog.dev.ConsoleRenderer() if log_format == "console" else _render_json
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _add_logger,
        _add_error,
        redact,
        _frame(origin),
        render,
    ]
    out = stream or sys.stdout
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=functools.partial(_Writer, stream=out),
        cache_logger_on_first_use=False,
    )
    handler = _LibraryHandler(steps, out)
    handler.addFilter(_Repeats())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    # As soon as it is imported, FastStream writes to stdout by a handler of its own, past the net for secrets.
    faststream = logging.getLogger("faststream")
    faststream.handlers.clear()
    faststream.propagate = True


def _add_logger(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say which module speaks."""
    return {"logger": logger.name, **event}


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what looks like a secret, by its name or by its shape, at any depth."""
    return {name: _redacted(name, value) for name, value in event.items()}


@functools.lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _redacted(name: str, value: object) -> object:
    if _is_secret(name):
        return REDACTED
    match value:
        case str():
            return _redacted_text(value)
        case bool() | int() | float() | None:
            return value
        case Mapping():
            fields = cast("Mapping[object, object]", value)
            return {str(key): _redacted(str(key), field) for key, field in fields.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted("", each) for each in cast("Iterable[object]", value)]
        case _:
            return _redacted_text(str(value))


def _redacted_text(text: str) -> str:
    text = text[:_LONGEST_TEXT]
    for literal, pattern, instead in _SECRET_VALUES:
        if literal in text:
            text = pattern.sub(instead, text)
    return text


def _add_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """
    Turn an exception into fields: its type, those behind it, and where it came from.

    Not its message, which may quote what somebody wrote: a database tells the row it stumbled over.
    """
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error.type"] = type(error).__qualname__
        event["error.frames"] = [
            f"{at.name} {at.filename}:{at.lineno}" for at in traceback.extract_tb(error.__traceback__)
        ]
        if causes := list(_causes(error)):
            event["error.causes"] = causes
        if isinstance(error, asyncpg.PostgresError):
            event["error.sqlstate"] = error.sqlstate
    return event


def _causes(error: BaseException, told: frozenset[int] = frozenset()) -> Iterator[str]:
    """
    Yield the types of what led to *error*, nearest first, with the line it was raised at.

    An exception that was taken out of a group has the group behind it, and so itself: a circle is walked once.
    """
    told |= {id(error)}
    behind: tuple[BaseException | None, ...] = (error.__cause__ or error.__context__,)
    if isinstance(error, BaseExceptionGroup):
        behind = cast("BaseExceptionGroup[BaseException]", error).exceptions
    for cause in behind:
        if cause is not None and id(cause) not in told:
            frames = traceback.extract_tb(cause.__traceback__)
            yield type(cause).__qualname__ + (f" {frames[-1].filename}:{frames[-1].lineno}" if frames else "")
            yield from _causes(cause, told)


def _frame(origin: Mapping[str, str]) -> Processor:
    """Return the step that puts time, level and name first, and where it comes from next."""

    def frame(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        timestamp = clock.utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        first = {"timestamp": timestamp, "level": event.pop("level"), "event": event.pop("event")}
        return {**first, **origin, **event}

    return frame


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return json.dumps(event, ensure_ascii=False)


class _Writer(structlog.WriteLogger):
    """Writes finished lines, and knows for which module."""

    def __init__(self, name: str = "", *, stream: TextIO) -> None:
        super().__init__(stream)
        self.name = name


class _LibraryHandler(logging.Handler):
    """Takes the libraries' records through our own steps."""

    def __init__(self, steps: Iterable[Processor], stream: TextIO) -> None:
        super().__init__()
        self._steps = tuple(steps)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; what a library passed as `extra=` becomes fields."""
        try:
            line: Any = {
                "event": "library_message",
                "message": record.getMessage(),
                "exc_info": record.exc_info[1] if record.exc_info else None,
                **{name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES},
            }
            for step in self._steps:
                line = step(record, record.levelname.lower(), line)
            _Writer(record.name, stream=self._stream).msg(line)
        except Exception:  # noqa: BLE001 - whatever a library logs must not break what it does
            self.handleError(record)


class _Repeats(logging.Filter):
    """Holds back what a library has just said, and tells with the next line how often that was."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a line through once in `REPEATS_AFTER_SECONDS`."""
        line = (record.name, record.levelno, str(record.msg))
        now = clock.monotonic()
        since, held_back = self._said.get(line, (float("-inf"), 0))
        if now - since < REPEATS_AFTER_SECONDS:
            self._said[line] = (since, held_back + 1)
            return False
        if len(self._said) >= _MOST_REMEMBERED:
            self._said.clear()
        self._said[line] = (now, 0)
        if held_back:
            record.held_back = held_back
        return True
