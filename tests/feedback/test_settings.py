"""What a region has to say of itself before families are asked, and how a mistake in it is told."""

import pytest

from services.feedback.settings import FeedbackSettings, PerLanguage
from shared.settings import WrongSettings

NOTICES = (
    '{"fi": "https://region.example/tietosuoja", "sv": "https://region.example/sv", "en": "https://region.example/en"}'
)
ENVIRONMENT = {
    "DATABASE_URL": "postgresql://feedback@localhost/feedback",
    "KAFKA_SERVERS": "localhost:9092",
    "HTTP_PORT": "8080",
    "FORM_PORT": "8081",
    "TOKEN_KEYS_FILE": "keys.json",
    "TOKEN_ISSUER": "https://login.region.example",
    "TOKEN_AUDIENCE": "heijastin",
    "REGION_NAME": '{"fi": "Keksitty hyvinvointialue", "sv": "Påhittat välfärdsområde", "en": "Invented region"}',
    "PRIVACY_NOTICE_URL": NOTICES,
    "ACCESSIBILITY_EMAIL": "saavutettavuus@region.example",
    "SOCIAL_EMERGENCY_NUMBER": "029 123 4567",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(f"FEEDBACK_{name}", value)


class TestTheRegion:
    def test_has_its_names_and_pages_in_every_language(self) -> None:
        """By JSON; its own statement need not be there, for the form has one."""
        settings = FeedbackSettings.read()

        assert settings.region_name.sv == "Påhittat välfärdsområde"
        assert settings.privacy_notice_url.fi == "https://region.example/tietosuoja"
        assert settings.accessibility_statement_url is None

    def test_may_have_one_page_for_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a switch of languages of its own."""
        page = "https://www.region.example:8443/seloste/"
        monkeypatch.setenv("FEEDBACK_ACCESSIBILITY_STATEMENT_URL", page)

        assert FeedbackSettings.read().accessibility_statement_url == PerLanguage(fi=page, sv=page, en=page)

    @pytest.mark.parametrize(
        "name", ["REGION_NAME", "PRIVACY_NOTICE_URL", "ACCESSIBILITY_EMAIL", "SOCIAL_EMERGENCY_NUMBER"]
    )
    def test_must_be_named_before_anybody_is_asked(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """Whatever the environment: a form that leads nowhere does not start."""
        monkeypatch.delenv(f"FEEDBACK_{name}")

        with pytest.raises(WrongSettings, match=f"^FEEDBACK_{name}: Field required$"):
            FeedbackSettings.read()

    @pytest.mark.parametrize("number", ["112", "029 123 4567", "+358 29 1234567"])
    def test_can_be_called(self, monkeypatch: pytest.MonkeyPatch, number: str) -> None:
        """As people write it, at home and abroad; some regions have no number but 112."""
        monkeypatch.setenv("FEEDBACK_SOCIAL_EMERGENCY_NUMBER", number)

        assert FeedbackSettings.read().social_emergency_number == number


class TestAMistake:
    @pytest.mark.parametrize(
        "address",
        [
            "http://region.example/tietosuoja",
            "https://region.example/tietosuoja?visitor=7",
            "https://region.example/tietosuoja#7",
            "https://somebody:secret@region.example/",
            "https://region.example/tieto suoja",
            "javascript:alert(1)",
            "https:///tietosuoja",
            'https://region.example/"onclick="x',
        ],
    )
    def test_in_an_address_is_told_with_its_cure(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        """And not repeated; in each language, if it is meant for all."""
        monkeypatch.setenv("FEEDBACK_PRIVACY_NOTICE_URL", address)

        with pytest.raises(WrongSettings) as wrong:
            FeedbackSettings.read()

        cure = "Value error, write the address of a page, https://..., that ends before any ? or #"
        assert str(wrong.value).splitlines() == [
            f"FEEDBACK_PRIVACY_NOTICE_URL_{language}: {cure}" for language in ("FI", "SV", "EN")
        ]

    @pytest.mark.parametrize(
        "given, told",
        [
            ('{"fi": "https://region.example/"}', "FEEDBACK_PRIVACY_NOTICE_URL_SV: Field required"),
            (NOTICES.replace('"en"', '"ee"'), "FEEDBACK_PRIVACY_NOTICE_URL_EE: Extra inputs are not permitted"),
            ("{fi: https://region.example/}", 'write {"fi": "...", "sv": "...", "en": "..."}, or one text for all'),
            ("", "FEEDBACK_PRIVACY_NOTICE_URL_FI: Value error, write the address of a page"),
        ],
        ids=["a language is missing", "an unknown one", "no JSON", "empty"],
    )
    def test_in_its_languages_is_told(self, monkeypatch: pytest.MonkeyPatch, given: str, told: str) -> None:
        """Every reader is led to something that they can read."""
        monkeypatch.setenv("FEEDBACK_PRIVACY_NOTICE_URL", given)

        with pytest.raises(WrongSettings) as wrong:
            FeedbackSettings.read()

        assert told in str(wrong.value)

    @pytest.mark.parametrize(
        "name, given, cure",
        [
            ("SOCIAL_EMERGENCY_NUMBER", "tel:0291234567", "digits and single spaces"),
            ("SOCIAL_EMERGENCY_NUMBER", "029-1234567", "digits and single spaces"),
            ("SOCIAL_EMERGENCY_NUMBER", "11", "digits and single spaces"),
            ("SOCIAL_EMERGENCY_NUMBER", "029 123 4567 tai 112", "digits and single spaces"),
            ("ACCESSIBILITY_EMAIL", "region.example", "one e-mail address"),
            ("ACCESSIBILITY_EMAIL", "a@region.example, b@region.example", "one e-mail address"),
            ("ACCESSIBILITY_EMAIL", "a@region.example?cc=b@region.example", "one e-mail address"),
            ("REGION_NAME", " ", "FEEDBACK_REGION_NAME_EN: String should have at least 1 character"),
        ],
    )
    def test_in_what_people_turn_to_is_told_with_its_cure(
        self, monkeypatch: pytest.MonkeyPatch, name: str, given: str, cure: str
    ) -> None:
        """They would find out when they need it."""
        monkeypatch.setenv(f"FEEDBACK_{name}", given)

        with pytest.raises(WrongSettings, match=f"FEEDBACK_{name}") as wrong:
            FeedbackSettings.read()

        assert cure in str(wrong.value)
