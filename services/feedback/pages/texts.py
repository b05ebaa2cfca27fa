"""What the pages say around the questionnaire, in every language. Short and plain: it is read on a phone, and tired."""

from dataclasses import dataclass
from typing import Final

from services.feedback.domain.questionnaire import InLanguages


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A page that says one thing."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """All that is said in one language; braces are filled in."""

    language: str
    choose_language: str
    count: str
    at_most: str
    send: str

    mistake: str
    not_sent: str
    nothing_answered: str
    not_a_choice: str
    too_long: str
    interrupted: str

    thanks: Message
    gone: Message
    too_large: Message
    trouble: Message
    emergency: str
    """Below each message: who came to say something urgent may have said it to nobody. It names 112."""
    social_emergency: str
    """Stands before the region's own number."""


TEXTS: Final = InLanguages(
    fi=Texts(
        language="Suomi",
        choose_language="Kieli",
        count="Kysymys {number}/{of}",
        at_most="Enintään {most} merkkiä.",
        send="Lähetä vastaus",
        mistake="Virhe",
        not_sent="Vastausta ei ole vielä lähetetty",
        nothing_answered="Vastaa ainakin yhteen kysymykseen tai kirjoita jotain. Jos et halua vastata, voit "
        "sulkea sivun.",
        not_a_choice="Valitse yksi vaihtoehdoista.",
        too_long="Teksti on liian pitkä: {characters} merkkiä. Lyhennä se niin, että siinä on enintään {most} merkkiä.",
        interrupted="Meillä on juuri nyt vika. Vastauksesi on yhä tällä sivulla. Odota hetki ja lähetä se uudestaan.",
        thanks=Message(
            title="Kiitos vastauksesta!",
            paragraphs=(
                "Vastauksesi on tullut perille. Voit sulkea tämän sivun.",
                "Vastaukset luetaan vasta, kun tarpeeksi moni on vastannut. Niiden avulla parannamme tapaamisia.",
            ),
        ),
        gone=Message(
            title="Tällä linkillä ei voi vastata",
            paragraphs=(
                "Linkki toimii yhden kerran ja muutaman viikon ajan.",
                "Jos olet jo vastannut, vastauksesi on tullut perille. Kiitos!",
                "Jos et ole vastannut, tarkista, että linkki on kokonainen. Voit pyytää työntekijältä uuden linkin.",
            ),
        ),
        too_large=Message(
            title="Teksti on liian pitkä",
            paragraphs=("Vastausta ei lähetetty. Palaa takaisin ja lyhennä tekstiä.",),
        ),
        trouble=Message(
            title="Jokin meni vikaan",
            paragraphs=("Vika on meillä, ei sinussa. Avaa linkki hetken päästä uudestaan.",),
        ),
        emergency="Jos joku on hädässä, soita 112.",
        social_emergency="Sosiaalipäivystys",
    ),
    sv=Texts(
        language="Svenska",
        choose_language="Språk",
        count="Fråga {number}/{of}",
        at_most="Högst {most} tecken.",
        send="Skicka svaret",
        mistake="Fel",
        not_sent="Svaret har inte skickats ännu",
        nothing_answered="Svara på minst en fråga eller skriv något. Om du inte vill svara kan du stänga sidan.",
        not_a_choice="Välj ett av alternativen.",
        too_long="Texten är för lång: {characters} tecken. Förkorta den så att den har högst {most} tecken.",
        interrupted="Vi har ett fel just nu. Ditt svar finns kvar på den här sidan. Vänta en stund och "
        "skicka det igen.",
        thanks=Message(
            title="Tack för ditt svar!",
            paragraphs=(
                "Ditt svar har kommit fram. Du kan stänga den här sidan.",
                "Svaren läses först när tillräckligt många har svarat. Med hjälp av dem gör vi mötena bättre.",
            ),
        ),
        gone=Message(
            title="Det går inte att svara med den här länken",
            paragraphs=(
                "Länken fungerar en gång och i några veckor.",
                "Om du redan har svarat har ditt svar kommit fram. Tack!",
                "Om du inte har svarat, kontrollera att länken är hel. Du kan också be personalen om en ny länk.",
            ),
        ),
        too_large=Message(
            title="Texten är för lång",
            paragraphs=("Svaret skickades inte. Gå tillbaka och förkorta texten.",),
        ),
        trouble=Message(
            title="Något gick fel",
            paragraphs=("Felet är vårt, inte ditt. Öppna länken på nytt om en stund.",),
        ),
        emergency="Ring 112 om någon är i nöd.",
        social_emergency="Socialjouren",
    ),
    en=Texts(
        language="English",
        choose_language="Language",
        count="Question {number} of {of}",
        at_most="At most {most} characters.",
        send="Send the answer",
        mistake="Error",
        not_sent="Your answer has not been sent yet",
        nothing_answered="Answer at least one question or write something. If you do not want to answer, you can close "
        "this page.",
        not_a_choice="Choose one of the options.",
        too_long="The text is too long: {characters} characters. Shorten it to at most {most} characters.",
        interrupted="Something is wrong on our side just now. Your answer is still on this page. Wait a moment and "
        "send it again.",
        thanks=Message(
            title="Thank you for your answer!",
            paragraphs=(
                "We have received it. You can close this page.",
                "Answers are read only when enough people have answered. They help us make the meetings better.",
            ),
        ),
        gone=Message(
            title="This link cannot be used to answer",
            paragraphs=(
                "The link works once, and for a few weeks.",
                "If you have already answered, we have received your answer. Thank you!",
                "If you have not answered, check that the link is complete. You can also ask a worker for a new link.",
            ),
        ),
        too_large=Message(
            title="The text is too long",
            paragraphs=("Your answer was not sent. Go back and shorten the text.",),
        ),
        trouble=Message(
            title="Something went wrong",
            paragraphs=("The fault is ours, not yours. Open the link again in a moment.",),
        ),
        emergency="If someone is in danger, call 112.",
        social_emergency="Social emergency service",
    ),
)
