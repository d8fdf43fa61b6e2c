"""What a custodian is told: the reason of a refusal in his own language, never a stable word of the program."""

import re

import pytest

from ledger.errors import Language
from seals.errors import SealError, SealNotAuthorised, SealNotGranted, SealStopped
from seals.life.life_errors import StateRefused
from seals.life.stops import SEAL_STATES
from seals.models import APPLICATION_STATES, AUTHORISATION_STATES
from seals.pdf.errors import SealPictureRefused
from seals.words import REFUSALS, STATES

CODE = "99010000000003"
WORD = re.compile("[a-z_]{2,}")

ERRORS = [
    *(SealStopped(seal=CODE, state=state) for state in SEAL_STATES),
    *(StateRefused(what=CODE, state=state) for state in (*SEAL_STATES, *APPLICATION_STATES, *AUTHORISATION_STATES)),
    *(
        SealNotGranted(seal=CODE, reason=reason)
        for reason in ("no_grant", "other_system", "revoked", "not_yet", "ended")
    ),
    *(
        SealNotAuthorised(seal=CODE, reason=reason)
        for reason in ("none", "hours", "not_yet", "ended", *AUTHORISATION_STATES)
        if reason != "approved"
    ),
    *(
        SealPictureRefused(reason=reason)
        for reason in (
            "name_not_of_2_to_30_characters",
            "name_not_of_4_to_30_characters",
            "line_not_of_2_to_14_characters",
            "line_not_of_2_to_8_characters",
            "line_on_a_name_seal",
            "diameter",
            "tax_code",
            "not_a_kind",
            "strips_too_narrow",
            "picture_unreadable",
            "picture_too_large",
            "neither_png_nor_gif",
            "more_than_one_page",
            "not_a_one_page_picture",
        )
    ),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error.code} {list(error.details().values())[-1]}")
def test_the_reason_is_said_in_words(error: SealError) -> None:
    chinese = error.message("zh").replace("PNG", "").replace("GIF", "")
    assert not WORD.search(chinese), chinese
    assert "_" not in error.message("en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_another_word_is_shown_as_it_is(language: Language) -> None:
    assert "no_glyph_for_U+323B0" in SealPictureRefused(reason="no_glyph_for_U+323B0").message(language)


def test_the_stable_word_stays_for_programs() -> None:
    assert SealNotGranted(seal=CODE, reason="no_grant").details() == {"seal": CODE, "reason": "no_grant"}
    assert all(zh and "_" not in en for zh, en in REFUSALS.values())
    assert set(STATES) == {*SEAL_STATES, *APPLICATION_STATES, *AUTHORISATION_STATES}
