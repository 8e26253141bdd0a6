import pytest

from notifications.domain.locales import choose, direction


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (["fr-CA"], "fr"),
        (["sw_KE"], "sw"),
        ([" AR "], "ar"),
        (["fr;q=0.9, en;q=0.8"], "fr"),
        (["", "de", "sw"], "sw"),
        (["*", "swahili", "x" * 9999], "en"),
        ([], "en"),
    ],
)
def test_the_first_wish_that_texts_exist_for_is_taken(wishes, language):
    assert choose(*wishes) == language


def test_only_arabic_runs_from_the_right():
    assert [direction(language) for language in ("en", "sw", "fr", "ar")] == [
        "ltr",
        "ltr",
        "ltr",
        "rtl",
    ]
