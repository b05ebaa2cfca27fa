"""Days, times and words as people and machines write them; what is not understood is told with its cure."""

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deploy.clocks import HELSINKI
from deploy.importing import cells
from deploy.importing.cells import Unreadable


def cure(read: Callable[[], object]) -> tuple[str, str]:
    """Return what is wrong with a cell and what to do about it."""
    with pytest.raises(Unreadable) as unreadable:
        read()
    return unreadable.value.what, unreadable.value.cure


class TestAMoment:
    @pytest.mark.parametrize(
        "text",
        [
            "3.2.2026 13.05",
            "03.02.2026 13.05",
            "3. 2. 2026 klo 13.05",
            "3.2.2026, 13:05",
            "3.2.2026 13.05.00",
            "2026-02-03T13:05",
            "2026-02-03 13:05:00",
            "2026-02-03T13:05:00.000",
            "2026-02-03T11:05Z",
            "2026-02-03T13:05+02:00",
            "2026-02-03T06:05-0500",
        ],
    )
    def test_is_read_in_finnish_and_in_iso(self, text: str) -> None:
        """Local time in Helsinki, unless an offset says otherwise."""
        assert cells.moment(text).instant() == datetime(2026, 2, 3, 11, 5, tzinfo=UTC)

    @pytest.mark.parametrize("text", ["3.2.2026", "2026-02-03"])
    def test_of_which_only_the_day_is_told_is_noon(self, text: str) -> None:
        """Two of one day then begin at the same instant, and so neither follows the other: no good news is invented."""
        assert cells.moment(text).instant() == datetime(2026, 2, 3, 10, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text, what",
        [
            ("", "Nothing is said here."),
            ("3.2.26", "The year of '3.2.26' has two digits."),
            ("31.2.2026 13.05", "There is no such day as '31.2.2026 13.05'."),
            ("2026-02-03T25:05", "There is no such time as in '2026-02-03T25:05'."),
            ("3/2/2026", "'3/2/2026' is neither a day nor a day with a time."),
            ("2026-02-03T13:05+99:99", "There is no such day as '2026-02-03T13:05+99:99'."),
            ("31.12.9999 23.30", "The year of '31.12.9999 23.30' is not between 2000 and 2099."),
            ("1.1.0001 00.30", "The year of '1.1.0001 00.30' is not between 2000 and 2099."),
            ("0001-01-01T00:30+10:00", "The year of '0001-01-01T00:30+10:00' is not between 2000 and 2099."),
            ("eilen", "'eilen' is neither a day nor a day with a time."),
        ],
    )
    def test_that_is_none_is_told(self, text: str, what: str) -> None:
        """And how it is written."""
        assert cure(lambda: cells.moment(text))[0] == what

    def test_that_does_not_exist_is_told(self) -> None:
        """The hour that is missing in spring."""
        assert cure(lambda: cells.begin("29.3.2026 3.30")) == (
            "03.30 does not exist on 29.3.2026: clocks go from 3 to 4 that night.",
            "Correct the time.",
        )

    def test_that_occurs_twice_is_told_with_both_ways_to_say_it(self) -> None:
        """The hour that comes again in autumn; each cure is read as what it says."""
        what, to_do = cure(lambda: cells.begin("25.10.2026 3.30"))

        assert what == "03.30 occurs twice on 25.10.2026: clocks go back from 4 to 3 that night."
        assert to_do == (
            "Write 2026-10-25T03:30+03:00 if it was the first time, 2026-10-25T03:30+02:00 if it was the second."
        )
        first, second = (cells.moment(f"2026-10-25T03:30+0{hours}:00").instant() for hours in (3, 2))
        assert second - first == timedelta(hours=1)

    @given(st.dates(date(2000, 1, 2), date(2099, 12, 31)), st.integers(0, 23), st.integers(0, 59))
    def test_is_the_same_however_it_is_written(self, day: date, hour: int, minute: int) -> None:
        """Whatever the minute, but for those that do not exist or occur twice."""
        local = datetime.combine(day, time(hour, minute), HELSINKI)
        naive = local.replace(tzinfo=None)
        assume(local.utcoffset() == local.replace(fold=1).utcoffset())
        written = [
            f"{naive.day}.{naive.month}.{naive.year} {naive.hour}.{naive.minute:02}",
            f"{naive:%Y-%m-%d %H:%M}",
            local.isoformat(timespec="minutes"),
            local.astimezone(UTC).isoformat(timespec="minutes"),
        ]

        assert {cells.moment(text).instant() for text in written} == {local.astimezone(UTC)}

    @given(st.text(max_size=30))
    def test_of_any_text_is_read_or_told(self, text: str) -> None:
        """Nothing else ever comes of a cell."""
        with contextlib.suppress(Unreadable):
            assert cells.begin(text).instant()


class TestAnEnd:
    @pytest.mark.parametrize("text", ["14.30", "klo 14.30", "14:30:00", "3.2.2026 14.30", "2026-02-03T14:30"])
    def test_is_told_by_a_time_or_with_its_day(self, text: str) -> None:
        """A time alone is of the day on which it began."""
        assert cells.end(text, cells.begin("3.2.2026 13.05")) == datetime(2026, 2, 3, 12, 30, tzinfo=UTC)

    def test_by_a_time_has_the_offset_of_the_start(self) -> None:
        """Else it would be in another zone."""
        assert cells.end("14.30", cells.begin("2026-02-03T13:05+05:00")) == datetime(2026, 2, 3, 9, 30, tzinfo=UTC)

    def test_of_which_only_the_day_is_told_comes_after_an_hour(self) -> None:
        """Or at noon of a later day."""
        began = cells.begin("3.2.2026")

        assert cells.end("3.2.2026", began) == datetime(2026, 2, 3, 11, 0, tzinfo=UTC)
        assert cells.end("4.2.2026", began) == datetime(2026, 2, 4, 10, 0, tzinfo=UTC)

    def test_that_is_missing_is_told(self) -> None:
        """One for all rows, or none for any."""
        assert "take the column out" in cure(lambda: cells.end("", cells.begin("3.2.2026 13.05")))[1]


class TestWords:
    @pytest.mark.parametrize(
        "read, texts, said",
        [
            (cells.kind, ("Heijastin", "HEIJASTIN-KOKOUS", "meeting"), "meeting"),
            (cells.kind, ("Jatkotapaaminen", "follow-up", "Follow up"), "follow_up"),
            (cells.is_held, ("Pidetty", "held"), True),
            (cells.is_held, ("Peruttu", "cancelled", "varattu"), False),
            (cells.yes_or_no, ("Kyllä", "k", "yes", "1", "x"), True),
            (cells.yes_or_no, ("Ei", "e", "no", "0"), False),
            (cells.mode, ("Läsnä", "paikan päällä", "in person"), "in_person"),
            (cells.mode, ("Etä", "etänä", "remote"), "remote"),
            (cells.count, ("3", "03"), 3),
            (cells.day, ("3.2.2026", "2026-02-03", "3.2.2026 13.05"), date(2026, 2, 3)),
        ],
    )
    def test_are_understood_in_both_languages(
        self, read: Callable[[str], object], texts: tuple[str, ...], said: object
    ) -> None:
        """As exports write them, in any case."""
        assert [read(text) for text in texts] == [said] * len(texts)

    @pytest.mark.parametrize("read", [cells.kind, cells.is_held, cells.yes_or_no, cells.mode])
    def test_that_are_not_are_told(self, read: Callable[[str], object]) -> None:
        """With those that are; an empty cell decides nothing by itself."""
        assert cure(lambda: read("ehkä"))[0] == "'ehkä' is not understood."
        what, to_do = cure(lambda: read(""))
        assert (what, to_do[:5]) == ("Nothing is said here.", "Write")

    @pytest.mark.parametrize("text", ["", "two", "-1", "2,5", "12345"])
    def test_that_are_no_number_are_told(self, text: str) -> None:
        """Children are counted in whole ones."""
        assert cure(lambda: cells.count(text))[1] == "Write it in digits: 2"

    def test_of_a_time_alone_are_no_moment(self) -> None:
        """Nobody knows the day."""
        assert time(12) == cells.NOON
        assert "neither a day" in cure(lambda: cells.moment("13.05"))[0]
