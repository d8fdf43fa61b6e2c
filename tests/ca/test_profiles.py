from typing import get_args

from ca.algorithms import digests
from ca.algorithms.signatures import SCHEMES
from ca.reading.extension_reader import KEY_USAGES
from ca.writing.profiles import ALGORITHMS, PROFILES, ProfileName
from ledger.signing import SignatureAlgorithm


def test_every_profile_is_found_by_its_name() -> None:
    assert set(PROFILES) == set(get_args(ProfileName))
    assert all(profile.name == name for name, profile in PROFILES.items())


def test_authorities_sign_certificates_and_lists_and_nothing_else() -> None:
    for profile in PROFILES.values():
        assert profile.is_ca == (profile.name in {"root", "issuing"})
        assert (profile.key_usage == {"keyCertSign", "cRLSign"}) == profile.is_ca
        assert not (profile.is_ca and profile.extended_key_usage)
        assert profile.key_usage <= KEY_USAGES.keys()


def test_a_certificate_that_nobody_may_ask_about_lives_for_a_short_time() -> None:
    assert [profile.name for profile in PROFILES.values() if profile.ocsp_nocheck] == ["ocsp"]
    assert all(profile.max_years <= 5 for profile in PROFILES.values() if not (profile.revocable or profile.is_ca))


def test_everything_that_signs_has_its_last_day_and_nothing_broken_does() -> None:
    assert set(get_args(SignatureAlgorithm)) <= set(ALGORITHMS)
    legacy = {scheme.id for scheme in SCHEMES.values() if scheme.legacy}
    assert legacy
    assert not (legacy | {"SHA-1"}) & set(ALGORITHMS)
    assert set(digests.SIZES) - {"SHA-1"} <= set(ALGORITHMS)
