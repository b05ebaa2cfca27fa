import pytest

from services.feedback.pages.language import choose


class TestTheLanguage:
    @pytest.mark.parametrize(
        "chosen, accepted, spoken",
        [
            ("sv", "fi,en;q=0.9", "sv"),
            ("", "sv-FI,sv;q=0.9,fi;q=0.8", "sv"),
            ("", "de-DE,de;q=0.9,en-GB;q=0.7,fi;q=0.3", "en"),
            ("", "fi;q=0.5, sv;q=0.9", "sv"),
            ("", "EN", "en"),
            ("", "de, en;q=0", "fi"),
            ("", "so-SO", "fi"),
            ("", "", "fi"),
            ("", "sv;q=lots, en;q=0.1", "en"),
            ("", ";;q=,,", "fi"),
            ("klingon", "sv", "sv"),
        ],
    )
    def test_is_the_chosen_one_else_the_browsers_else_finnish(self, chosen: str, accepted: str, spoken: str) -> None:
        """What a browser sends is a wish by weight, and it may be nonsense."""
        assert choose(chosen, accepted) == spoken
