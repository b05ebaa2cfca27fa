import pytest

from shared.settings import Settings, WrongSettings

ENVIRONMENT = {
    "OVEN_DATABASE_URL": "postgresql://oven:hush@localhost/oven",
    "OVEN_KAFKA_SERVERS": "localhost:9092",
    "OVEN_HTTP_PORT": "8080",
    "OVEN_TOKEN_KEYS_FILE": "keys.json",
    "OVEN_TOKEN_ISSUER": "https://login.bakery.example",
    "OVEN_TOKEN_AUDIENCE": "oven",
}


class OvenSettings(Settings, env_prefix="OVEN_"):
    pass


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


class TestSettings:
    def test_come_from_variables_with_the_prefix_of_the_service(self) -> None:
        """Several services may share one environment."""
        settings = OvenSettings.read()

        assert settings.http_port == 8080
        assert settings.http_host == "127.0.0.1"
        assert settings.watermark_interval_seconds == 60

    def test_come_from_a_file_that_a_variable_names(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Secrets need not stand in the environment, where process lists and dumps show them."""
        file = tmp_path_factory.mktemp("secrets") / "url"
        file.write_text("postgresql://oven:from-file@localhost/oven\n")
        monkeypatch.delenv("OVEN_DATABASE_URL")
        monkeypatch.setenv("OVEN_DATABASE_URL_FILE", str(file))

        settings = OvenSettings.read()

        assert settings.database_url.get_secret_value() == "postgresql://oven:from-file@localhost/oven"

    def test_never_show_a_secret(self) -> None:
        """They end up in logs and tracebacks."""
        settings = OvenSettings.read()

        assert "hush" not in repr(settings)
        assert "hush" not in str(settings.model_dump())

    def test_name_all_that_is_wrong_and_no_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One start must be enough to find every mistake, and a mistyped secret is still one."""
        monkeypatch.delenv("OVEN_HTTP_PORT")
        monkeypatch.setenv("OVEN_DATABASE_URL", "mysql://oven:hush@localhost/oven")

        with pytest.raises(WrongSettings) as wrong:
            OvenSettings.read()

        assert str(wrong.value).splitlines() == [
            "OVEN_DATABASE_URL: Value error, must be a postgresql:// address",
            "OVEN_HTTP_PORT: Field required",
        ]

    def test_name_a_file_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A secret that was not mounted is the first thing to go wrong."""
        monkeypatch.setenv("OVEN_DATABASE_URL_FILE", "/not/mounted")

        with pytest.raises(WrongSettings, match=r'"database_url".*/not/mounted'):
            OvenSettings.read()

    def test_name_what_should_be_json_and_show_no_value(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Quotes are easily lost on the way through a shell."""
        monkeypatch.setenv("OVEN_ROLE_NAMES", "hush")

        with pytest.raises(WrongSettings, match='"role_names"') as wrong:
            OvenSettings.read()

        assert "hush" not in str(wrong.value)

    def test_refuse_ticks_in_the_wrong_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The longest pause of the relay may not be shorter than the shortest."""
        monkeypatch.setenv("OVEN_RELAY_TICK_SHORTEST_SECONDS", "1")

        with pytest.raises(WrongSettings, match="relay_tick_shortest_seconds is above"):
            OvenSettings.read()
