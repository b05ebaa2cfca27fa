"""The promise itself: kept, warned of, lapsed at midnight, withdrawn, and never called broken when it may be kept."""

from datetime import date, datetime, timedelta

from deploy import relays
from deploy.clocks import at
from deploy.seed import booked, nothing_agreed
from deploy.tour.stage import MONTH, Stage, insist, local

_UNMET = ("Pöllö", "Kurki", "Jänis")
"""Whom nobody is known to have met in the month."""
_AS_IT_RUNS = {**dict.fromkeys(_UNMET, "at_risk"), "Ilves": "open"}
"""The worker's board from the day that Otso was met on: who is to be met, and how they stand."""
AFTERWARDS = {"Pöllö": "month_over", "Kurki": "month_over"}
"""The same at the end."""


async def six_families_come(stage: Stage) -> None:
    """Open their cases, and schedule their meetings."""
    await stage.advance(at(stage.first, 9), "Monday morning. Six families are to have their Heijastin.")
    for family in ("Otso", "Pöllö", "Kurki", "Jänis", "Karhu", "Ilves"):
        case = await stage.region.open_case(f"Perhe {family}-Keksitty", on=at(stage.first, 9))
        stage.cases[family] = case
        stage.narrator.families[case["case_id"]] = family
        # Ilves is met a day after the others, so that its month ends a day after theirs.
        day = stage.first + timedelta(days=1) if family == "Ilves" else stage.first
        stage.meetings[family] = await stage.region.schedule(case, at=at(day, 12))
        await stage.narrator.expect("MeetingScheduled", family)


async def meetings_are_held(stage: Stage) -> date:
    """Record that five were held; return the day until which these families are to be met again."""
    first, due = stage.first, date.min
    stage.narrator.heading("The five are recorded as held. Otso's next time is booked, Kurki's too late, others' not.")
    for family, close in (
        ("Otso", booked(at(first + timedelta(days=14), 13))),
        ("Pöllö", nothing_agreed(book_by=at(first + timedelta(days=7), 12))),
        ("Kurki", booked(at(first + timedelta(days=40), 13))),
        ("Jänis", nothing_agreed(book_by=at(first + timedelta(days=7), 12))),
        ("Karhu", nothing_agreed(book_by=at(first + timedelta(days=7), 12))),
    ):
        stage.meetings[family] = await stage.region.hold(stage.meetings[family], at=at(first, 12), close=close)
        made = await stage.narrator.expect("PromiseMade", family, policy=MONTH)
        due = date.fromisoformat(made.payload["due_on"])
    await stage.narrator.expect("PromiseAtRisk", "Pöllö", warning="nothing_booked")
    await stage.narrator.expect("PromiseAtRisk", "Kurki", warning="booked_too_late")
    return due


async def one_more_is_held(stage: Stage, due: date) -> None:
    """Record that Ilves's was held, and is followed up on the last day of its month."""
    day = stage.first + timedelta(days=1)
    await stage.advance(at(day, 15, 5), "Ilves's is held, a day later.")
    close = booked(at(due + timedelta(days=1), 14))
    stage.meetings["Ilves"] = await stage.region.hold(stage.meetings["Ilves"], at=at(day, 12), close=close)
    await stage.narrator.expect("PromiseMade", "Ilves", policy=MONTH)


async def a_promise_is_kept(stage: Stage) -> None:
    """Otso's, after two weeks."""
    day = stage.first + timedelta(days=14)
    await stage.advance(at(day, 14, 5), "Otso's follow-up has been held, as booked.")
    await _hold_follow_up(stage, "Otso", at(day, 13))
    await stage.narrator.expect("PromiseKept", "Otso", policy=MONTH)
    await stage.settle(_AS_IT_RUNS)


async def the_team_is_warned(stage: Stage, due: date, days: int) -> None:
    """So many days before the month ends."""
    await stage.advance(at(due - timedelta(days=days), 10), f"The month ends in {days} day{'s' * (days > 1)}.")
    await stage.settle(_AS_IT_RUNS)
    if days == 1:  # over a weekend an earlier warning may have given way to this one
        for family in _UNMET:
            await stage.narrator.expect("PromiseAtRisk", family, policy=MONTH, warning="1_days_before")
    stage.narrator.never("PromiseAtRisk", "Ilves")


async def the_month_ends(stage: Stage, due: date) -> None:
    """At local midnight, and not a minute earlier."""
    midnight = at(due + timedelta(days=1), 0)
    await stage.advance(at(due, 23, 59), "The last minute. Jänis was met today, but nobody has recorded it.")
    await stage.settle(_AS_IT_RUNS)
    for family in _UNMET:
        stage.narrator.never("DeviationRaised", family, policy=MONTH)
    await stage.advance(midnight + timedelta(seconds=1), "Midnight in Helsinki.")
    for family in _UNMET:
        await stage.narrator.expect("DeviationRaised", family, policy=MONTH)
    await stage.settle({**dict.fromkeys(_UNMET, "month_over"), "Ilves": "open"})


async def a_late_record_withdraws(stage: Stage, due: date) -> None:
    """Jänis was met after all."""
    next_day = due + timedelta(days=1)
    await stage.advance(at(next_day, 9), "The next morning: Jänis's worker records that they met in time.")
    await stage.region.met(stage.cases["Jänis"], at=at(due, 14))
    await stage.narrator.expect("DeviationWithdrawn", "Jänis", is_recorded_late=True)
    await stage.settle(AFTERWARDS | {"Ilves": "open"})


async def the_relay_stops_over_midnight(stage: Stage, due: date) -> None:
    """Whoever has not heard everything says nothing bad."""
    midnight = at(due + timedelta(days=1), 0)
    await stage.advance(at(due, 13), "Ilves's last day. Scheduling's relay is stopped: it writes, but nobody hears.")
    async with relays.stopped(stage.running, "scheduling"):
        await stage.advance(at(due, 15, 5), "Ilves's follow-up has been held in time, and is recorded.")
        await _hold_follow_up(stage, "Ilves", at(due, 14))
        await stage.advance(midnight + timedelta(hours=1), "Another midnight has passed.")
        await stage.until_looked_at()
        heard_until = await stage.heard_until()
        insist(
            heard_until is not None and heard_until < midnight,
            f"Quality believes to have heard everything until {heard_until}, though the relay is stopped.",
        )
        stage.narrator.never("DeviationRaised", "Ilves")
        stage.narrator.note(f"quality has heard until {local(heard_until)} only, and raises nothing it cannot know")
    stage.narrator.heading("The relay runs again.")
    await stage.narrator.expect("PromiseKept", "Ilves", policy=MONTH, is_recorded_late=False)
    await stage.settle(AFTERWARDS)
    stage.narrator.never("DeviationRaised", "Ilves")


async def the_figures(stage: Stage, due: date) -> None:
    """Tell how many promises were kept."""
    month = due.replace(day=1)
    until = (month + timedelta(days=62)).replace(day=1)
    report = await stage.quality.get("/v1/figures", **{"from": month.isoformat(), "until": until.isoformat()})
    as_of = datetime.fromisoformat(report["as_of"])
    stage.narrator.heading(f"What the quality manager sees, as of {local(as_of)}")
    for figures in report["figures"]:
        stage.narrator.note(
            f"due in {figures['month'][:7]}: {figures['due']}, kept {figures['kept']} "
            f"(of these recorded late {figures['kept_recorded_late']}), lapsed {figures['lapsed']}, "
            f"rate {figures['strict_rate']:.0%}"
        )
    totals = [sum(figures[name] for figures in report["figures"]) for name in ("due", "kept", "lapsed")]
    insist(totals == [5, 3, 2], f"The figures should be 5 due, 3 kept, 2 lapsed; they are {totals}.")


async def _hold_follow_up(stage: Stage, family: str, when: datetime) -> None:
    [follow_up] = await stage.region.follow_ups(stage.cases[family])
    await stage.region.meet(follow_up, at=when)
