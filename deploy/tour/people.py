"""Who sees a family: its own people, a deputy for her days, and nobody unseen."""

from pathlib import Path

from deploy import seed
from deploy.tour.stage import THE_UNIT, Stage, insist

_REFUSED, _AS_DEPUTY = ";ei perustetta", ";sijainen"
"""How a look ends in the client's extract: on no ground, and as a deputy."""


async def a_deputy_acts(stage: Stage) -> None:
    """
    Let a worker of the other team look for a family, before and after she is deputy for a day.

    Raises:
        Trouble: she finds it before, or not after, or the family is not told of either.
    """
    stage.narrator.heading("Heli of the hedgehogs looks for Pöllö, who is the foxes'. Then Satu is away for a day.")
    pollo = stage.cases["Pöllö"]
    heli, path = stage.region.scheduling[seed.NEIGHBOUR], f"/v1/cases/{pollo['case_id']}"
    before = await heli.finds(path)
    await stage.region.set_deputy("responsible_social_worker", seed.NEIGHBOUR, on=await stage.now())
    await stage.narrator.expect("DeputySet", THE_UNIT, deputy_id=seed.worker(seed.NEIGHBOUR))
    after = await heli.finds(path)
    insist(after and not before, f"Heli should find Pöllö as Satu's deputy only; before: {before}, after: {after}.")
    stage.narrator.note("not found before, found from the moment she is deputy. Pöllö's family asks who has looked:")
    code, extract = await stage.heijastin("audit", "report", "--case", pollo["code"], "--csv", folder=Path.cwd())
    looks = [line for line in extract if ";Heli Satusiili;" in line]
    for look in looks:
        stage.narrator.note(look)
    endings = [look[look.rindex(";") :] for look in looks]
    insist((code, endings) == (0, [_REFUSED, _AS_DEPUTY]), f"Heli's looks are in the access log as {looks or extract}.")
