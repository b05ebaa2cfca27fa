"""The trial's clock understands what people say."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from deploy import clocks
from deploy.databases import Urls
from deploy.trouble import ExitCode, Trouble

NOW = datetime(2026, 10, 24, 19, 30, tzinfo=UTC)  # 22.30 in Helsinki, the evening before summer time ends


class TestTheTargetOfAJump:
    @pytest.mark.parametrize(
        "to, by, expected",
        [
            ("2026-12-24T08:00", None, "2026-12-24T08:00:00+02:00"),
            ("2026-12-24", None, "2026-12-24T00:00:00+02:00"),
            ("2026-12-24T08:00Z", None, "2026-12-24T08:00:00+00:00"),
            (None, "90m", "2026-10-24T21:00:00+00:00"),
            (None, "12h", "2026-10-25T07:30:00+00:00"),
            (None, "1d", "2026-10-25T22:30:00+02:00"),
            (None, "2w", "2026-11-07T22:30:00+02:00"),
        ],
    )
    def test_is_local_time_and_whole_days_keep_the_hour(self, to: str | None, by: str | None, expected: str):
        """A promise runs out at a local midnight, so a day is a calendar day."""
        assert clocks.target(NOW, to=to, by=by) == datetime.fromisoformat(expected)

    @pytest.mark.parametrize(
        "to, by",
        [
            (None, None),
            ("2026-12-24", "1d"),
            ("Christmas", None),
            (None, "soon"),
            (None, "99999999d"),
            (None, "900000d"),
            ("9999-12-31", None),
        ],
    )
    def test_is_refused_when_it_cannot_be_understood(self, to: str | None, by: str | None):
        """Guessing would move the clock for good: it never goes back."""
        with pytest.raises(Trouble) as trouble:
            clocks.target(NOW, to=to, by=by)

        assert trouble.value.exit_code == ExitCode.USAGE


@pytest.mark.asyncio
@pytest.mark.postgres
class TestAJump:
    async def test_leaves_no_database_ahead_of_another(
        self, service_databases: Callable[[str], Awaitable[Urls]]
    ) -> None:
        """Else what one of them has just recorded comes, by the others' clocks, from the future."""
        databases = [await service_databases(name) for name in ("scheduling", "quality", "records")]

        await clocks.advance(databases, to=await clocks.now(databases) + timedelta(days=31))

        ahead = {await _ahead(urls) for urls in databases}
        assert len(ahead) == 1
        assert ahead.pop() > timedelta(days=30)


async def _ahead(urls: Urls) -> timedelta:
    connection = await asyncpg.connect(urls.runtime)
    try:
        return await connection.fetchval("SELECT ahead FROM business_clock")
    finally:
        await connection.close()
