"""The three settings of a hardware token stand and fall together."""

from itertools import product
from pathlib import Path

import pytest

from api.settings import Settings, SettingsInvalid, read

GIVEN = {
    "ELICENCE_PKCS11_MODULE": "/usr/lib/maker.so",
    "ELICENCE_PKCS11_TOKEN": "政务密码机 1",
    "ELICENCE_PKCS11_PIN_FILE": "/run/secrets/pin",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ELICENCE_{name.upper()}", raising=False)


@pytest.mark.parametrize("present", list(product((False, True), repeat=3)))
def test_all_or_none(monkeypatch: pytest.MonkeyPatch, present: tuple[bool, ...]) -> None:
    for (variable, value), given in zip(GIVEN.items(), present, strict=True):
        if given:
            monkeypatch.setenv(variable, value)
    module, *others = present
    wrong = [name for name, given in zip(list(GIVEN)[1:], others, strict=True) if given != module]
    if not wrong:
        found = read()
        assert (found.pkcs11_module is not None, found.pkcs11_token is not None) == present[:2]
        assert found.pkcs11_pin_file == (Path("/run/secrets/pin") if present[2] else None)
        return
    with pytest.raises(SettingsInvalid) as caught:
        read()
    for variable in GIVEN:
        assert (f"{variable} cannot be used" in caught.value.message("en")) is (variable in wrong)
        assert (f"{variable} 的值不可用" in caught.value.message("zh")) is (variable in wrong)


def test_a_faulty_module_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in (GIVEN | {"ELICENCE_PKCS11_MODULE": "~nobody-of-that-name/x"}).items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid) as caught:
        read()
    assert caught.value.message("en").count("cannot be used") == 1
    assert "ELICENCE_PKCS11_MODULE cannot be used" in caught.value.message("en")


def test_a_label_longer_than_tokens_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in (GIVEN | {"ELICENCE_PKCS11_TOKEN": "x" * 33}).items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid, match="ELICENCE_PKCS11_TOKEN cannot be used"):
        read()
