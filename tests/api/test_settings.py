from pathlib import Path

import pytest
from pydantic import ValidationError

from api import settings as module
from api.settings import Settings, SettingsInvalid, read, settings_markdown


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ELICENCE_{name.upper()}", raising=False)


def test_the_defaults_are_a_working_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = read()
    assert found.home == tmp_path / "var"
    assert found.passphrase_file == tmp_path / "var" / "keys" / "passphrase"
    assert found.database_url is None
    assert found.objects_url is None
    assert found.base_url == "http://127.0.0.1:8000"
    assert found.log_origin == "elicence.test/log"
    assert found.max_upload_bytes == 32 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "given", "read_as"),
    [
        ("home", "/srv/elicence", Path("/srv/elicence")),
        ("base_url", "https://zz.example/lic/", "https://zz.example/lic"),
        ("base_url", "", "http://127.0.0.1:8000"),
        ("objects_url", "s3://bucket/a/b", "s3://bucket/a/b"),
        ("objects_endpoint", "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("log_origin", "log.example/2026", "log.example/2026"),
        ("max_upload_bytes", "1048576", 1048576),
        ("port", "65535", 65535),
        ("pki_rate", "7", 7),
        ("ntp_server", "ntp.example", "ntp.example"),
        ("ntp_server", "[2001:db8::1]:123", "[2001:db8::1]:123"),
        ("passphrase_file", "/run/secrets/p", Path("/run/secrets/p")),
    ],
)
def test_values_that_can_be_used(monkeypatch: pytest.MonkeyPatch, name: str, given: str, read_as: object) -> None:
    monkeypatch.setenv(f"ELICENCE_{name.upper()}", given)
    assert getattr(read(), name) == read_as


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("home", "~nobody-of-that-name/x"),
        ("database_url", "mysql://u:hush@h/d"),
        ("database_url", "hush"),
        ("objects_url", "http://bucket"),
        ("objects_url", "s3://"),
        ("objects_url", "s3://bucket//x"),
        ("objects_endpoint", "127.0.0.1:9000"),
        ("pki_rate", "0"),
        ("ntp_server", "ntp.example:12:3"),
        ("ntp_server", "ntp://ntp.example"),
        ("base_url", "example.org"),
        ("base_url", "ftp://example.org"),
        ("base_url", "https://u:hush@example.org"),
        ("base_url", "https://example.org/?q=1"),
        ("base_url", "https:///path"),
        ("log_origin", "https://example.org/log"),
        ("log_origin", "a b"),
        ("log_origin", "a+b"),
        ("max_upload_bytes", "0"),
        ("max_upload_bytes", "32M"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "八千"),
    ],
)
def test_values_that_cannot_be_used_are_named_in_both_languages_and_never_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str
) -> None:
    variable = f"ELICENCE_{name.upper()}"
    monkeypatch.setenv(variable, given)
    with pytest.raises(SettingsInvalid) as caught:
        read()
    zh, en = caught.value.message("zh"), caught.value.message("en")
    assert f"{variable} 的值不可用" in zh
    assert f"{variable} cannot be used" in en
    assert "hush" not in zh + en
    assert caught.value.__context__ is None  # pydantic's own error would repeat the value


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELICENCE_PORT", "x")
    monkeypatch.setenv("ELICENCE_HOME", "~nobody-of-that-name")
    monkeypatch.setenv("ELICENCE_BASE_URL", "x")
    with pytest.raises(SettingsInvalid) as caught:
        read()
    for variable in ("ELICENCE_PORT", "ELICENCE_HOME", "ELICENCE_BASE_URL"):
        assert variable in caught.value.message("zh")
    assert "ELICENCE_PASSPHRASE_FILE" not in caught.value.message("zh")  # it only hangs on home


@pytest.mark.parametrize("variable", ["ELICENCE_DATABSE_URL", "ELICENCE_DATABASE_URI", "ELICENCE_BASEURL"])
def test_a_misspelt_variable_is_not_silently_disobeyed(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "postgresql://u:hush@h/d")
    with pytest.raises(SettingsInvalid, match=f"there is no {variable}, did you mean ELICENCE_"):
        read()


def test_other_variables_of_ours_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read()
    monkeypatch.setenv("ELICENCE_VECTORS", "/somewhere")
    assert read() == before


def test_settings_are_frozen_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    module.settings.cache_clear()
    first = module.settings()
    monkeypatch.setenv("ELICENCE_PORT", "1234")
    assert module.settings() is first
    module.settings.cache_clear()
    with pytest.raises(ValidationError):
        first.port = 1  # type: ignore[misc]


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELICENCE_DATABASE_URL", "postgresql://u:hush@h/d")
    monkeypatch.setenv("ELICENCE_OBJECTS_SECRET_ACCESS_KEY", "hush")
    assert "hush" not in repr(read())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_in_both_languages(name: str) -> None:
    field = Settings.model_fields[name]
    assert field.description
    assert isinstance(field.json_schema_extra, dict)
    assert field.json_schema_extra["zh"]


def test_the_documentation_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text() == settings_markdown(), "run: python -m api.settings > docs/settings.md"
