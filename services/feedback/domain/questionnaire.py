"""
What we ask families, word for word, in three languages, for adults and for children of about 7 to 12 years.

A version never changes its words once it is released: an answer means what was read. Other words are a new version.
No wording can be missing: each is a field without a default.
"""

from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar, get_args

Language = Literal["fi", "sv", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

FormKind = Literal["adult", "child"]
FORM_KINDS: Final[tuple[FormKind, ...]] = get_args(FormKind)

Mark = Literal[1, 2, 3, 4, 5]
"""From 1, not at all so, to 5, wholly so."""
MARKS: Final[tuple[Mark, ...]] = get_args(Mark)

ItemId = Literal[
    "informed_beforehand", "informed_and_supported", "heard", "easy_to_tell", "knows_next_meeting", "useful"
]
"""The names of the six items in answers and results, the same in every language and for every age."""
ITEM_IDS: Final[tuple[ItemId, ...]] = get_args(ItemId)

OPEN_ANSWER_MAX_CHARACTERS: Final = 2000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class InLanguages(Generic[T]):
    """The same in every language."""

    fi: T
    sv: T
    en: T

    def of(self, language: Language) -> T:
        """Return it in this language."""
        said: dict[Language, T] = {"fi": self.fi, "sv": self.sv, "en": self.en}
        return said[language]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What is agreed or disagreed with, an item each; the fields are the `ItemId`s, in the order of the form."""

    informed_beforehand: str
    informed_and_supported: str
    heard: str
    easy_to_tell: str
    knows_next_meeting: str
    useful: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole form in one language for one kind of reader, in the order in which it is read."""

    title: str
    lead: str
    anonymity: str
    statements: Statements
    scale: tuple[str, str, str, str, str]
    """The words beside 1 to 5."""
    no_answer: str
    open_question: str
    open_hint: str
    no_names: str
    no_way_back: str
    emergency: str
    """Nobody can react to an answer; so this tells who can. It names 112."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """A version of what we ask."""

    version: int
    adult: InLanguages[Sheet]
    child: InLanguages[Sheet]

    def sheet(self, kind: FormKind, language: Language) -> Sheet:
        """Return the form for this reader."""
        return (self.adult if kind == "adult" else self.child).of(language)


_FIRST: Final = Questionnaire(
    version=1,
    adult=InLanguages(
        fi=Sheet(
            title="Miltä tapaaminen tuntui?",
            lead="Olit Heijastin-tapaamisessa. Kerro meille, miten se sujui. Vastauksesi auttaa meitä parantamaan "
            "tapaamisia.",
            anonymity="Vastaat nimettömästi. Emme tallenna, kuka vastasi. Voit jättää kohtia väliin.",
            statements=Statements(
                informed_beforehand="Sain etukäteen tarpeeksi tietoa Heijastin-tapaamisesta.",
                informed_and_supported="Sain tiimiltä tapaamisessa tarpeeksi tietoa ja tukea.",
                heard="Minua kuultiin ja minut ymmärrettiin.",
                easy_to_tell="Minun oli helppo kertoa ajatuksistani ja kokemuksistani.",
                knows_next_meeting="Tiedän, milloin tapaan työntekijät seuraavan kerran.",
                useful="Heijastin-tapaamisesta oli minulle hyötyä.",
            ),
            scale=(
                "Täysin eri mieltä",
                "Melko eri mieltä",
                "Siltä väliltä",
                "Melko samaa mieltä",
                "Täysin samaa mieltä",
            ),
            no_answer="En halua vastata",
            open_question="Mitä muuta haluat kertoa?",
            open_hint="Voit kertoa, mikä oli hyvää ja mikä voisi olla paremmin.",
            no_names="Älä kirjoita nimiä tai muuta, mistä sinut tai joku toinen voidaan tunnistaa.",
            no_way_back="Kun olet lähettänyt vastauksen, sitä ei voi enää etsiä, muuttaa eikä poistaa.",
            emergency="Kukaan ei lue vastaustasi heti, emmekä voi vastata sinulle. Jos joku on hädässä, soita 112. "
            "Kiireellistä apua perheelle antaa sosiaalipäivystys kaikkina vuorokauden aikoina.",
        ),
        sv=Sheet(
            title="Hur kändes mötet?",
            lead="Du var med på ett Reflektor-möte. Berätta för oss hur det gick. Ditt svar hjälper oss att göra "
            "mötena bättre.",
            anonymity="Du svarar anonymt. Vi sparar inte vem som har svarat. Du kan hoppa över frågor.",
            statements=Statements(
                informed_beforehand="Jag fick tillräckligt med information om Reflektor-mötet på förhand.",
                informed_and_supported="Jag fick tillräckligt med information och stöd av teamet under mötet.",
                heard="Jag blev hörd och förstådd.",
                easy_to_tell="Det var lätt för mig att berätta om mina tankar och erfarenheter.",
                knows_next_meeting="Jag vet när jag träffar personalen nästa gång.",
                useful="Jag hade nytta av Reflektor-mötet.",
            ),
            scale=(
                "Helt av annan åsikt",
                "Delvis av annan åsikt",
                "Mittemellan",
                "Delvis av samma åsikt",
                "Helt av samma åsikt",
            ),
            no_answer="Jag vill inte svara",
            open_question="Vad mer vill du berätta?",
            open_hint="Du kan berätta vad som var bra och vad som kunde bli bättre.",
            no_names="Skriv inga namn. Skriv inte heller något annat som någon kan kännas igen på.",
            no_way_back="När svaret är skickat kan det inte längre hittas, ändras eller tas bort.",
            emergency="Ingen läser ditt svar genast, och vi kan inte svara dig. Ring 112 om någon är i nöd. "
            "Socialjouren ger familjer brådskande hjälp dygnet runt.",
        ),
        en=Sheet(
            title="How was the meeting?",
            lead="You were at a Heijastin meeting. Tell us how it went. Your answer helps us make the meetings better.",
            anonymity="Your answer is anonymous. We do not store who answered. You can skip questions.",
            statements=Statements(
                informed_beforehand="I got enough information about the Heijastin meeting beforehand.",
                informed_and_supported="I got enough information and support from the team during the meeting.",
                heard="I was heard and understood.",
                easy_to_tell="It was easy for me to talk about my thoughts and experiences.",
                knows_next_meeting="I know when I will next meet the workers.",
                useful="The Heijastin meeting was useful to me.",
            ),
            scale=("Completely disagree", "Mostly disagree", "In between", "Mostly agree", "Completely agree"),
            no_answer="I do not want to answer",
            open_question="What else would you like to tell us?",
            open_hint="You can tell us what was good and what could be better.",
            no_names="Do not write names. Do not write anything else that could show who someone is.",
            no_way_back="Once you have sent your answer, it can no longer be found, changed or deleted.",
            emergency="Nobody reads your answer straight away, and we cannot reply to you. If someone is in danger, "
            "call 112. The social emergency service gives families urgent help at any time, day or night.",
        ),
    ),
    child=InLanguages(
        fi=Sheet(
            title="Millaista tapaamisessa oli?",
            lead="Olit tapaamisessa, jonka nimi on Heijastin. Kerro meille, mitä sinä ajattelet siitä. Oikeita tai "
            "vääriä vastauksia ei ole.",
            anonymity="Emme tiedä, kuka vastaa. Saat jättää kohtia väliin.",
            statements=Statements(
                informed_beforehand="Minulle kerrottiin etukäteen, mitä tapaamisessa tapahtuu.",
                informed_and_supported="Työntekijät selittivät asioita ja auttoivat minua tapaamisessa.",
                heard="Aikuiset kuuntelivat minua ja ymmärsivät, mitä tarkoitin.",
                easy_to_tell="Minun oli helppo kertoa, mitä ajattelen ja millaista minulla on ollut.",
                knows_next_meeting="Tiedän, milloin tapaan työntekijät uudestaan.",
                useful="Tapaaminen auttoi minua.",
            ),
            scale=("Ei yhtään", "Ei oikein", "Siltä väliltä", "Kyllä, melkein", "Kyllä, ihan täysin"),
            no_answer="En halua vastata",
            open_question="Mitä muuta haluat kertoa?",
            open_hint="Voit kertoa, mikä oli kivaa ja mikä ei ollut.",
            no_names="Älä kirjoita nimiä: ei omaa nimeäsi eikä muiden nimiä.",
            no_way_back="Kun olet lähettänyt vastauksen, kukaan ei voi enää etsiä tai poistaa sitä.",
            emergency="Kukaan ei lue tätä heti, emmekä me voi vastata sinulle. Jos sinulla on hätä, soita 112. "
            "Apua antaa myös sosiaalipäivystys. Voit pyytää aikuista auttamaan.",
        ),
        sv=Sheet(
            title="Hur var det på mötet?",
            lead="Du var med på ett möte som heter Reflektor. Berätta för oss vad du tycker om det. Det finns inga "
            "rätta eller fel svar.",
            anonymity="Vi vet inte vem som svarar. Du får hoppa över frågor.",
            statements=Statements(
                informed_beforehand="Någon berättade för mig på förhand vad som skulle hända på mötet.",
                informed_and_supported="Personalen förklarade saker och hjälpte mig på mötet.",
                heard="De vuxna lyssnade på mig och förstod vad jag menade.",
                easy_to_tell="Det var lätt att berätta vad jag tänker och hur jag har haft det.",
                knows_next_meeting="Jag vet när jag träffar personalen igen.",
                useful="Mötet hjälpte mig.",
            ),
            scale=("Inte alls", "Inte riktigt", "Mittemellan", "Ja, nästan", "Ja, precis så"),
            no_answer="Jag vill inte svara",
            open_question="Vad mer vill du berätta?",
            open_hint="Du kan berätta vad som var bra och vad som inte var det.",
            no_names="Skriv inga namn: inte ditt eget och inte andras.",
            no_way_back="När svaret är skickat kan ingen längre hitta det eller ta bort det.",
            emergency="Ingen läser det här genast, och vi kan inte svara dig. Ring 112 om du är i nöd. "
            "Också socialjouren ger hjälp. Du kan be en vuxen hjälpa dig.",
        ),
        en=Sheet(
            title="What was the meeting like?",
            lead="You were at a meeting called Heijastin. Tell us what you think about it. There are no right or wrong "
            "answers.",
            anonymity="We do not know who is answering. You can skip questions.",
            statements=Statements(
                informed_beforehand="Someone told me beforehand what would happen at the meeting.",
                informed_and_supported="The workers explained things and helped me at the meeting.",
                heard="The adults listened to me and understood what I meant.",
                easy_to_tell="It was easy to say what I think and how things have been for me.",
                knows_next_meeting="I know when I will meet the workers again.",
                useful="The meeting helped me.",
            ),
            scale=("Not at all", "Not really", "In between", "Yes, almost", "Yes, completely"),
            no_answer="I do not want to answer",
            open_question="What else would you like to tell us?",
            open_hint="You can tell us what was nice and what was not.",
            no_names="Do not write names: not your own, and not other people's.",
            no_way_back="Once you have sent your answer, nobody can find it or delete it any more.",
            emergency="Nobody reads this straight away, and we cannot reply to you. If you are in danger, call 112. "
            "The social emergency service helps too. You can ask an adult to help you.",
        ),
    ),
)

CURRENT: Final = _FIRST
"""What a family is asked today."""
