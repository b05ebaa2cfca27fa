"""The access log in plain Finnish: what each route on record does, in what role, on what ground. One line a route."""

from collections.abc import Mapping
from typing import Final

from shared.relations import Ground

ROUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "scheduling": {
        "GET /v1/board": "työntekijän työpöydän katselu",
        "GET /v1/cases": "asiakkuuksien luettelon katselu",
        "POST /v1/cases": "asiakkuuden avaaminen",
        "GET /v1/cases/{case_id}": "asiakkuuden perustietojen katselu",
        "GET /v1/cases/{case_id}/family": "perheen nimien ja yhteystietojen katselu",
        "POST /v1/cases/{case_id}/reassigned": "asiakkuuden siirto toiselle tiimille tai työntekijälle",
        "POST /v1/cases/{case_id}/closed": "asiakkuuden päättäminen",
        "POST /v1/cases/{case_id}/reopened": "asiakkuuden avaaminen uudelleen",
        "GET /v1/cases/{case_id}/meetings": "Heijastin-kokousten luettelon katselu",
        "POST /v1/cases/{case_id}/meetings": "Heijastin-kokouksen ajan sopiminen",
        "GET /v1/meetings/{meeting_id}": "Heijastin-kokouksen tietojen katselu",
        "POST /v1/meetings/{meeting_id}/rescheduled": "Heijastin-kokouksen ajan vaihtaminen",
        "POST /v1/meetings/{meeting_id}/cancelled": "Heijastin-kokouksen peruminen",
        "POST /v1/meetings/{meeting_id}/deferred": "Heijastin-kokouksen siirtäminen myöhemmäksi",
        "POST /v1/meetings/{meeting_id}/held": "pidetyn Heijastin-kokouksen kirjaaminen",
        "POST /v1/meetings/{meeting_id}/corrected": "Heijastin-kokouksen kirjauksen korjaaminen",
        "POST /v1/meetings/{meeting_id}/retracted": "Heijastin-kokouksen kirjauksen peruminen",
        "GET /v1/cases/{case_id}/follow-ups": "jatkotapaamisten luettelon katselu",
        "POST /v1/cases/{case_id}/follow-ups": "jatkotapaamisen varaaminen",
        "POST /v1/cases/{case_id}/follow-ups/held": "pidetyn jatkotapaamisen kirjaaminen",
        "GET /v1/follow-ups/{follow_up_id}": "jatkotapaamisen tietojen katselu",
        "POST /v1/follow-ups/{follow_up_id}/rescheduled": "jatkotapaamisen ajan vaihtaminen",
        "POST /v1/follow-ups/{follow_up_id}/cancelled": "jatkotapaamisen peruminen",
        "POST /v1/follow-ups/{follow_up_id}/held": "pidetyn jatkotapaamisen kirjaaminen",
        "POST /v1/follow-ups/{follow_up_id}/corrected": "jatkotapaamisen kirjauksen korjaaminen",
        "POST /v1/follow-ups/{follow_up_id}/retracted": "jatkotapaamisen kirjauksen peruminen",
        "POST /v1/meetings/{meeting_id}/confirmed": "Heijastin-kokouksen vahvistaminen",
        "POST /v1/meetings/{meeting_id}/feedback-links": "palautelomakkeen linkkien antaminen perheelle",
        "GET /v1/imports": "toisesta järjestelmästä tuotujen rivien luettelon katselu",
        "POST /v1/imports": "tietojen tuonti toisesta järjestelmästä",
        "PUT /v1/units/{unit_id}": "yksikön tietojen muuttaminen",
        "PUT /v1/teams/{team_id}": "tiimin tietojen muuttaminen",
        "PUT /v1/workers/{worker_id}": "työntekijän tietojen muuttaminen",
        "PUT /v1/workers/{worker_id}/deputy": "sijaisen asettaminen",
    },
    "feedback": {
        "GET /v1/windows/{window_id}/open-answers": "perheiden vapaan sanan lukeminen",
    },
    "records": {
        "GET /v1/awaited": "odotettavien muistioiden luettelon katselu",
        "GET /v1/cases/{case_id}/memos": "asiakkuuden muistioiden luettelon katselu",
        "GET /v1/memos/{meeting_id}": "muistion tietojen katselu",
        "POST /v1/memos/{meeting_id}/recorded": "muistion kirjaamisen merkitseminen",
        "POST /v1/memos/{meeting_id}/amended": "muistion tietojen korjaaminen",
        "POST /v1/memos/{meeting_id}/review-agreed": "muistion läpikäynnistä sopiminen",
        "POST /v1/memos/{meeting_id}/reviewed": "muistion läpikäynnin merkitseminen",
    },
    "quality": {
        "GET /v1/promises": "laatulupausten luettelon katselu",
        "GET /v1/promises/{promise_id}": "laatulupauksen katselu",
        "GET /v1/promises/{promise_id}/history": "laatulupauksen vaiheiden katselu",
        "GET /v1/deviations": "laatupoikkeamien luettelon katselu",
        "GET /v1/warnings": "ennakkovaroitusten luettelon katselu",
    },
}
"""By service and route; what is missing here keeps a test from passing."""

ROLES: Final[Mapping[str, str]] = {
    "coordinator": "koordinaattori",
    "consulting_social_worker": "konsultoiva sosiaalityöntekijä",
    "responsible_social_worker": "lapsen asioista vastaava sosiaalityöntekijä",
    "family_therapist": "perheterapeutti",
    "team_lead": "tiimien esihenkilö",
    "quality_manager": "laatupäällikkö",
    "ops": "järjestelmän ylläpito",
}

GROUNDS: Final[Mapping[Ground, tuple[str, str]]] = {
    "in_charge": ("vastuutyöntekijä", "Asiakkuus on merkitty tämän työntekijän vastuulle."),
    "stand_in": ("sijainen", "Työntekijä sijaisti silloin asiakkuuden vastuutyöntekijää."),
    "crew": ("oma tiimi", "Työntekijä kuului tiimiin, joka hoitaa asiakkuutta."),
    "branch": ("yksikön yhteinen työntekijä", "Työntekijä palvelee yksikön kaikkia tiimejä."),
    "lead": ("esihenkilö", "Esihenkilö vastaa yksikön tiimien työstä."),
    "oversight": ("laadun seuranta", "Laatupäällikkö seuraa, miten yksikkö pitää lupauksensa."),
}
"""A word for each ground, and what it means."""

REFUSED: Final = ("ei perustetta", "Järjestelmä ei näyttänyt tietoja eikä antanut muuttaa niitä.")
