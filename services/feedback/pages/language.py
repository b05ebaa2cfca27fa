"""In which language somebody is spoken to: the one they chose, else what their browser asks for, else Finnish."""

from collections.abc import Iterator

from starlette.requests import Request

from services.feedback.domain.questionnaire import LANGUAGES, Language


def language_of(request: Request) -> Language:
    """Return the language in which to answer *request*."""
    return choose(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))


def choose(chosen: str, accepted: str) -> Language:
    """Return the first that we speak: *chosen*, then those of the Accept-Language header by weight, then Finnish."""
    for wanted in (chosen, *_by_weight(accepted)):
        for language in LANGUAGES:
            if wanted == language:
                return language
    return "fi"


def _by_weight(accepted: str) -> Iterator[str]:
    """Yield the primary languages of an Accept-Language header, those wanted most first; weight 0 means never."""
    weighted: list[tuple[float, str]] = []
    for wanted in accepted.split(","):
        tag, *parameters = (part.strip() for part in wanted.split(";"))
        weight = next((_weight(value[2:]) for value in parameters if value.startswith("q=")), 1.0)
        weighted.append((weight, tag.partition("-")[0].lower()))
    return (tag for weight, tag in sorted(weighted, key=lambda each: -each[0]) if weight > 0)


def _weight(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 0.0
