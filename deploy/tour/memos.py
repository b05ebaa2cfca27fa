"""The memo of a Heijastin: recorded in three working days, gone through with the family, else in the next one's way."""

from datetime import date, timedelta

from deploy.api import Answer, Refused
from deploy.clocks import at
from deploy.seed import PEOPLE
from deploy.tour.stage import MEMO_RECORDED, MEMO_REVIEWED, Stage, insist, until

_NOT_REVIEWED = "previous-memo-not-reviewed"


async def in_time_and_late(stage: Stage) -> None:
    """Let all but Pöllö's be recorded on the day before the last."""
    promised = await stage.narrator.expect("PromiseMade", "Pöllö", policy=MEMO_RECORDED)
    due = date.fromisoformat(promised.payload["due_on"])
    day = due - timedelta(days=1)
    await stage.advance(at(day, 10), "The memos are recorded in the client information system, all but Pöllö's.")
    for family in ("Otso", "Kurki", "Jänis", "Ilves"):
        await stage.narrator.expect("MemoExpected", family)
        await stage.region.record_memo(stage.meetings[family], on=day)
        await stage.narrator.expect("PromiseKept", family, policy=MEMO_RECORDED)
    await stage.narrator.expect("PromiseAtRisk", "Pöllö", policy=MEMO_RECORDED)
    await stage.region.agree_review(stage.meetings["Otso"], on=_review_day(stage))
    await stage.narrator.expect("PromiseMade", "Otso", policy=MEMO_REVIEWED, due_on=_review_day(stage).isoformat())
    await stage.advance(at(due + timedelta(days=1), 0) + timedelta(seconds=1), "Three working days are over.")
    await stage.narrator.expect("DeviationRaised", "Pöllö", policy=MEMO_RECORDED)
    await stage.advance(at(due + timedelta(days=1), 9), "In the morning Pöllö's is recorded too.")
    await stage.region.record_memo(stage.meetings["Pöllö"], on=due + timedelta(days=1))
    await stage.narrator.expect("PromiseKeptLate", "Pöllö", policy=MEMO_RECORDED)
    stage.narrator.never("DeviationRaised", "Otso")


async def the_gate_to_the_next_heijastin(stage: Stage) -> None:
    """
    Let Otso's be confirmed after the memo was gone through, and Ilves's by an override.

    Raises:
        Trouble: it is confirmed before, or not after.
    """
    day, coming = _review_day(stage), stage.first + timedelta(days=42)
    await stage.advance(at(day, 14), "The next Heijastin of Otso and of Ilves are to be confirmed. Not yet:")
    following = {name: await stage.region.schedule(stage.cases[name], at=at(coming, 12)) for name in ("Otso", "Ilves")}
    for family, meeting in following.items():
        refused = await _refusal(stage, meeting)
        insist(refused is not None, f"{family} has not gone through the memo, and the next Heijastin was confirmed.")
        stage.narrator.note(f"{family}: refused: {refused}")
    stage.narrator.heading("As agreed for today, Otso goes through the memo with its worker. That opens the gate.")
    await stage.region.review_memo(stage.meetings["Otso"], on=day)
    await stage.narrator.expect("PromiseKept", "Otso", policy=MEMO_REVIEWED, met_on=day.isoformat())

    async def is_confirmed() -> bool:
        return await _refusal(stage, following["Otso"]) is None

    await until(is_confirmed, "Otso has gone through the memo, and the next Heijastin cannot be confirmed")
    await stage.narrator.expect("PreparationCompleted", "Otso", confirmed=True, override_reason=None)
    stage.narrator.heading(
        "Ilves does not want to. That is one of the reasons for an override, which somebody gives by name."
    )
    reason = "family_goes_on_without"
    confirmed = await stage.region.confirm(following["Ilves"], override_reason=reason)
    await stage.narrator.expect("PreparationCompleted", "Ilves", confirmed=True, override_reason=reason)
    by = confirmed["overridden_by"]
    insist(by == PEOPLE["coordinator"].account, f"The coordinator gave the override, and on record is {by}.")
    stage.narrator.note(f"override by the {by}'s account, which stays in scheduling")


async def _refusal(stage: Stage, meeting: Answer) -> str | None:
    """Confirm a Heijastin; return what is said if it is refused for its memo."""
    try:
        await stage.region.confirm(meeting)
    except Refused as refused:
        if refused.kind == _NOT_REVIEWED:
            return refused.said
        raise
    return None


def _review_day(stage: Stage) -> date:
    return stage.first + timedelta(days=7)
