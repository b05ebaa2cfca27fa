"""
`heijastin tour`: a month in the invented region, played by moving the clock and told event by event.

Everything goes through the public APIs and is heard on the public topics; what should happen and does not ends it.
"""

import asyncio
import sys
from datetime import timedelta
from functools import partial

from deploy.clocks import at
from deploy.tour import families, memos, month, past, people
from deploy.tour.stage import Stage, opened
from deploy.trial import Wishes, started
from deploy.trial_command import ends_on_signals, say
from deploy.trouble import ExitCode


def run() -> None:
    """
    Play the tour in a trial of its own.

    Raises:
        Trouble: the system does not do what it should.
    """
    try:
        asyncio.run(_run())
    except asyncio.CancelledError:
        sys.exit(ExitCode.INTERRUPTED)


async def _run() -> None:
    with ends_on_signals():
        say("starting a trial of its own ...")
        async with started(Wishes(any_ports=True, watermarks_every_seconds=0.2), say) as trial:
            say(f"ready after {trial.seconds['all']:.1f} s")
            async with opened(trial.running) as stage:
                await _play(stage)


async def _play(stage: Stage) -> None:
    """Play every scene when its time has come."""
    stage.narrator.heading(
        "Heijastin makes a promise to every family: we meet you again within one month.\n"
        "This is such a month, in an invented region. Each line is a fact, as the services tell it to each other."
    )
    await month.six_families_come(stage)
    papers = await families.links_are_handed_out(stage)
    due = await month.meetings_are_held(stage)
    await families.a_meeting_is_retracted(stage)
    await month.one_more_is_held(stage, due)
    await memos.in_time_and_late(stage)
    await memos.the_gate_to_the_next_heijastin(stage)
    window = await families.too_few_have_answered(stage, papers)
    await month.a_promise_is_kept(stage)
    await people.a_deputy_acts(stage)
    warnings = {days: at(due - timedelta(days=days), 10) for days in (7, 3, 1)}
    coming = {when: partial(month.the_team_is_warned, stage, due, days) for days, when in warnings.items()}
    coming[stage.second_boundary] = partial(families.told_of_together, stage, window)
    for when in sorted(coming):
        await coming[when]()
    await month.the_month_ends(stage, due)
    await month.a_late_record_withdraws(stage, due)
    await month.the_relay_stops_over_midnight(stage, due + timedelta(days=1))
    await month.the_figures(stage, due)
    await past.a_year_comes_in(stage)
    stage.narrator.heading("That was the month, and the year before it. Everything came as it should.")
