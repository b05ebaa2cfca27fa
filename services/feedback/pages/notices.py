"""
What the form says of privacy and of accessibility, in every language.

The privacy notice is the short one, of what the form does; the region's own has the rest (GDPR 13). The accessibility
statement is what 306/2019 asks for; what it says of how the form is tested is so as long as `tests/browser` is.
"""

from dataclasses import dataclass
from typing import Final, Literal

from services.feedback.domain.questionnaire import InLanguages

LinkName = Literal["privacy_notice", "accessibility_email", "authority"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A few sentences under a heading, and where they lead; braces are filled in."""

    heading: str
    paragraphs: tuple[str, ...]
    link: LinkName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A page of sections."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """All of them in one language, and what leads to them."""

    to_privacy: str
    privacy: Notice
    to_accessibility: str
    accessibility: Notice
    full_notice: str
    authority: str
    """The host of whoever oversees accessibility, in this language if it has one."""
    new_tab: str


NOTICES: Final = InLanguages(
    fi=Notices(
        to_privacy="Tietosuoja",
        privacy=Notice(
            title="Tietosuoja: mitä vastauksellesi tapahtuu?",
            sections=(
                Section(
                    heading="Kuka kysyy?",
                    paragraphs=(
                        "Lomakkeen tarjoaa {region}.",
                        "Kysymme, jotta voimme parantaa tapaamisia. Saat itse päättää, vastaatko.",
                    ),
                ),
                Section(
                    heading="Mitä tallennamme?",
                    paragraphs=(
                        "Tallennamme arviosi ja sen, mitä kirjoitat. Pidämme ne erillään toisistaan.",
                        "Emme tallenna, kuka vastasi, milloin tai millä laitteella. Sivulla ei ole evästeitä.",
                    ),
                ),
                Section(
                    heading="Kuka näkee vastaukset?",
                    paragraphs=(
                        "Arvioista lasketaan lukuja vasta, kun tarpeeksi moni on vastannut. Luvut voidaan julkaista.",
                        "Tekstejä saavat lukea vain yksikön esihenkilö ja laatupäällikkö.",
                        "Jokainen lukeminen kirjataan.",
                    ),
                ),
                Section(
                    heading="Voiko vastauksen poistaa?",
                    paragraphs=(
                        "Ei voi. Emme tiedä, mikä vastaus on sinun. Siksi emme voi etsiä, muuttaa tai poistaa sitä.",
                    ),
                ),
                Section(
                    heading="Mitä oikeuksia sinulla on?",
                    paragraphs=(
                        "Siitä kerrotaan tietosuojaselosteessa.",
                        "Siinä on myös yhteystiedot ja tieto siitä, kuinka kauan tekstejä säilytetään.",
                    ),
                    link="privacy_notice",
                ),
            ),
        ),
        to_accessibility="Saavutettavuusseloste",
        accessibility=Notice(
            title="Saavutettavuusseloste",
            sections=(
                Section(
                    heading="Mitä seloste koskee?",
                    paragraphs=("Seloste koskee tätä palautelomaketta. Lomakkeen tarjoaa {region}.",),
                ),
                Section(
                    heading="Onko lomake saavutettava?",
                    paragraphs=(
                        "Arviomme mukaan lomake täyttää lain vaatimukset kokonaan: WCAG 2.1, tasot A ja AA.",
                        "Emme tiedä puutteita.",
                        "Lomaketta koskee laki digitaalisten palvelujen tarjoamisesta (306/2019).",
                    ),
                ),
                Section(
                    heading="Mihin arvio perustuu?",
                    paragraphs=(
                        "Lomakkeen tekijät testaavat jokaisen sivun axe-ohjelmalla.",
                        "Lomake täytetään myös pelkällä näppäimistöllä ja kapealla näytöllä.",
                        "Apuvälineitä käyttävät ihmiset eivät ole vielä kokeilleet lomaketta.",
                        "Seloste on tehty 24.11.2026.",
                    ),
                ),
                Section(
                    heading="Huomasitko puutteen?",
                    paragraphs=(
                        "Kerro siitä meille sähköpostilla. Vastaamme 14 päivän kuluessa.",
                        "Älä lähetä meille linkkiä, jolla avasit lomakkeen.",
                    ),
                    link="accessibility_email",
                ),
                Section(
                    heading="Etkö saanut vastausta, tai olet eri mieltä?",
                    paragraphs=(
                        "Voit tehdä kantelun tai selvityspyynnön.",
                        "Valvova viranomainen on Liikenne- ja viestintävirasto Traficom.",
                    ),
                    link="authority",
                ),
            ),
        ),
        full_notice="Koko tietosuojaseloste",
        authority="www.saavutettavuusvaatimukset.fi",
        new_tab="avautuu uuteen välilehteen",
    ),
    sv=Notices(
        to_privacy="Dataskydd",
        privacy=Notice(
            title="Dataskydd: vad händer med ditt svar?",
            sections=(
                Section(
                    heading="Vem frågar?",
                    paragraphs=(
                        "Blanketten tillhandahålls av {region}.",
                        "Vi frågar för att kunna göra mötena bättre. Du bestämmer själv om du svarar.",
                    ),
                ),
                Section(
                    heading="Vad sparar vi?",
                    paragraphs=(
                        "Vi sparar dina bedömningar och det som du skriver. Vi håller dem åtskilda.",
                        "Vi sparar inte vem som har svarat, när eller med vilken apparat. Sidan har inga kakor.",
                    ),
                ),
                Section(
                    heading="Vem ser svaren?",
                    paragraphs=(
                        "Vi räknar fram siffror först när tillräckligt många har svarat. Siffrorna kan publiceras.",
                        "Bara enhetens chef och kvalitetschefen får läsa texterna. Varje läsning antecknas.",
                    ),
                ),
                Section(
                    heading="Kan ett svar tas bort?",
                    paragraphs=(
                        "Nej. Vi vet inte vilket svar som är ditt. Därför kan vi inte hitta, ändra eller ta bort det.",
                    ),
                ),
                Section(
                    heading="Vilka rättigheter har du?",
                    paragraphs=(
                        "Det berättas i dataskyddsbeskrivningen.",
                        "Där finns också kontaktuppgifter och hur länge texterna sparas.",
                    ),
                    link="privacy_notice",
                ),
            ),
        ),
        to_accessibility="Tillgänglighetsutlåtande",
        accessibility=Notice(
            title="Tillgänglighetsutlåtande",
            sections=(
                Section(
                    heading="Vad gäller utlåtandet?",
                    paragraphs=("Utlåtandet gäller den här blanketten. Den tillhandahålls av {region}.",),
                ),
                Section(
                    heading="Är blanketten tillgänglig?",
                    paragraphs=(
                        "Enligt vår bedömning uppfyller blanketten lagens krav helt: WCAG 2.1, nivåerna A och AA.",
                        "Vi känner inte till några brister.",
                        "Lagen om tillhandahållande av digitala tjänster (306/2019) gäller blanketten.",
                    ),
                ),
                Section(
                    heading="Vad bygger bedömningen på?",
                    paragraphs=(
                        "De som gör blanketten testar varje sida med programmet axe.",
                        "Blanketten fylls också i med bara tangentbord och på en smal skärm.",
                        "Människor som använder hjälpmedel har inte prövat blanketten ännu.",
                        "Utlåtandet är gjort den 24.11.2026.",
                    ),
                ),
                Section(
                    heading="Märkte du en brist?",
                    paragraphs=(
                        "Berätta om den för oss med e-post. Vi svarar inom 14 dagar.",
                        "Skicka inte länken som du öppnade blanketten med.",
                    ),
                    link="accessibility_email",
                ),
                Section(
                    heading="Fick du inget svar, eller är du av annan åsikt?",
                    paragraphs=(
                        "Du kan anföra klagomål eller begära en utredning.",
                        "Tillsynsmyndigheten är Transport- och kommunikationsverket Traficom.",
                    ),
                    link="authority",
                ),
            ),
        ),
        full_notice="Hela dataskyddsbeskrivningen",
        authority="www.tillganglighetskrav.fi",
        new_tab="öppnas i en ny flik",
    ),
    en=Notices(
        to_privacy="Privacy",
        privacy=Notice(
            title="Privacy: what happens to your answer?",
            sections=(
                Section(
                    heading="Who is asking?",
                    paragraphs=(
                        "The form is provided by {region}.",
                        "We ask so that we can make the meetings better. It is up to you whether you answer.",
                    ),
                ),
                Section(
                    heading="What do we store?",
                    paragraphs=(
                        "We store your marks and what you write. We keep them apart from each other.",
                        "We do not store who answered, when, or on what device. The page has no cookies.",
                    ),
                ),
                Section(
                    heading="Who sees the answers?",
                    paragraphs=(
                        "Marks become figures only when enough people have answered. The figures may be published.",
                        "Only the unit's team lead and quality manager may read the texts. Each reading is recorded.",
                    ),
                ),
                Section(
                    heading="Can an answer be deleted?",
                    paragraphs=("No. We do not know which answer is yours. So we cannot find, change or delete it.",),
                ),
                Section(
                    heading="What are your rights?",
                    paragraphs=(
                        "The full privacy notice tells you. It also says whom to contact and how long texts are kept.",
                    ),
                    link="privacy_notice",
                ),
            ),
        ),
        to_accessibility="Accessibility statement",
        accessibility=Notice(
            title="Accessibility statement",
            sections=(
                Section(
                    heading="What is this about?",
                    paragraphs=("This statement is about this feedback form. The form is provided by {region}.",),
                ),
                Section(
                    heading="Is the form accessible?",
                    paragraphs=(
                        "In our assessment the form meets the law's requirements in full: WCAG 2.1, levels A and AA.",
                        "We know of no shortcomings.",
                        "The Finnish Act on the Provision of Digital Services (306/2019) applies to the form.",
                    ),
                ),
                Section(
                    heading="What is that based on?",
                    paragraphs=(
                        "The makers of the form test every page with axe.",
                        "They also fill it in by keyboard alone and on a narrow screen.",
                        "People who use assistive technology have not tried the form yet.",
                        "This statement was made on 24 November 2026.",
                    ),
                ),
                Section(
                    heading="Did you find a barrier?",
                    paragraphs=(
                        "Tell us by e-mail. We answer within 14 days. Do not send us the link that opened the form.",
                    ),
                    link="accessibility_email",
                ),
                Section(
                    heading="No answer, or you disagree with it?",
                    paragraphs=(
                        "You can complain, or ask for an investigation.",
                        "The authority is the Finnish Transport and Communications Agency Traficom.",
                    ),
                    link="authority",
                ),
            ),
        ),
        full_notice="The full privacy notice",
        authority="www.saavutettavuusvaatimukset.fi",
        new_tab="opens in a new tab",
    ),
)
