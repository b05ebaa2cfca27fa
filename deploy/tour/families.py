"""What families say of it: by links that nobody can tie to them, and told of only when enough have answered."""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus

from deploy import seed
from deploy.api import Refused
from deploy.clocks import at
from deploy.tour.stage import MEMO_RECORDED, MONTH, THE_UNIT, Stage, insist, until

_MET = ("Otso", "Pöllö", "Kurki", "Jänis", "Karhu")
_HANDED_OUT = {"meetings": 5, "links": 11, "largest_family": 3}
"""Two to each, and one more to Otso."""
_ANSWERS, _HEARD = 6, 4.0
"""Three at once, three later; and their average, to which Karhu's 2 belongs."""


async def links_are_handed_out(stage: Stage) -> Sequence[str]:
    """Hand links out on paper, two to each family, and let three be used; return some that families have at home."""
    await stage.advance(at(stage.first, 15, 5), "Five are over. Before they go home, families get links to the form.")
    papers: dict[str, str] = {}
    for family in _MET:
        papers[family], _ = await stage.region.hand_out(stage.meetings[family], "adult", "child")
        await stage.narrator.expect("FeedbackLinksSent", family)
    stage.narrator.heading("Otso has lost a paper and gets another. Nobody keeps which, so both are good, once.")
    [another] = await stage.region.hand_out(stage.meetings["Otso"], "adult")
    await stage.narrator.expect("FeedbackLinksSent", "Otso")
    for link, heard in ((another, "5"), (papers["Pöllö"], "4"), (papers["Karhu"], "2")):
        await _answer(link, heard=heard, useful="3")
    again = await seed.answer(another, heard="1")
    insist(again == HTTPStatus.NOT_FOUND, f"A link that was used answers with {again}, and should open nothing.")
    stage.narrator.note("three of eleven links have been used; nobody can tell whose, and none of them opens again")
    return [papers[family] for family in ("Otso", "Kurki", "Jänis")]


async def a_meeting_is_retracted(stage: Stage) -> None:
    """Let Karhu's not have been one, after the family has answered."""
    await stage.narrator.expect("PromiseMade", "Karhu", policy=MEMO_RECORDED)
    day = stage.first + timedelta(days=1)
    await stage.advance(at(day, 10), "Karhu's was broken off and will be held anew. The record of it is retracted.")
    stage.meetings["Karhu"] = await stage.region.retract(stage.meetings["Karhu"])
    for policy in (MONTH, MEMO_RECORDED):
        await stage.narrator.expect("PromiseVoided", "Karhu", policy=policy)
    insist(await _is_refused_links(stage, "Karhu"), "Links were handed out for a Heijastin that was retracted.")
    stage.narrator.note("void, and no more links. What Karhu answered stays: nobody could find it to take it away")


async def too_few_have_answered(stage: Stage, papers: Sequence[str]) -> str:
    """Let the half-month end with three answers, and use *papers*; return the id of the window that is carried on."""
    await stage.advance(
        stage.boundary, "A half-month is over. Three answers are too few to tell of without pointing at a family."
    )
    await stage.narrator.expect("FeedbackRoundEnded", THE_UNIT, **_HANDED_OUT)
    held_back = await stage.narrator.expect("FeedbackWindowHeldBack", THE_UNIT)
    stage.narrator.never("FeedbackSummarised", THE_UNIT)
    for link, heard in zip(papers, ("5", "4", "4"), strict=True):
        await _answer(link, heard=heard)
    stage.narrator.note("Otso has found the lost paper and uses it; two others, who took their time, use theirs")
    return held_back.payload["window_id"]


async def told_of_together(stage: Stage, window: str) -> None:
    """The next half-month has ended, and the *window* that was held back closes with what came later."""
    await stage.advance(stage.second_boundary, "The next half-month is over: all six answers are told of together.")
    told = (await stage.narrator.expect("FeedbackSummarised", THE_UNIT, window_id=window)).payload
    mean = {item["item"]: item["mean"] for item in told["items"]}
    stage.narrator.note(f"heard: {mean['heard']} of 5, Karhu's mark among them; useful: too few gave a mark to tell")
    insist(told["answers"] == _ANSWERS, f"{_ANSWERS} answers should be told of, not {told['answers']}.")
    insist(mean["heard"] == _HEARD, f"All marks together are {_HEARD} on average, and told of is {mean['heard']}.")
    insist(mean["useful"] is None, f"Three marks of one statement were told of: {mean['useful']}.")


async def _answer(link: str, **marks: str) -> None:
    """
    Use a link, once feedback has heard of it.

    Raises:
        Trouble: the form does not open, or does not take the answer.
    """

    async def is_open() -> bool:
        return await seed.opens(link)

    await until(is_open, "Feedback has not heard of a link that was handed out")
    status = await seed.answer(link, **marks, open_answer="Kiitos, että ehdimme puhua rauhassa.")
    insist(status == HTTPStatus.SEE_OTHER, f"The form answered with {status} to a link that was just handed out.")


async def _is_refused_links(stage: Stage, family: str) -> bool:
    try:
        await stage.region.hand_out(stage.meetings[family], "adult")
    except Refused as refused:
        return refused.kind == "nobody-to-ask"
    return False
