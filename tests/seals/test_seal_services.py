import json
from pathlib import Path

import pytest

from seals.providers.errors import ServicesUnusable
from seals.providers.seal_services import read_services

TOKEN = "synthetic-token"
HTTPS = "https://seals.test/v1"


def written(folder: Path, content: object, mode: int = 0o600) -> Path:
    path = folder / "services.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def test_services_are_read_by_name(tmp_path: Path) -> None:
    content = {
        "province": {"address": f"{HTTPS}/", "token": TOKEN},
        "city": {"address": "http://seals.test:8080"},
        "here": {"address": "http://127.0.0.1:8080", "token": TOKEN},
    }
    found = read_services(written(tmp_path, content))
    told = {name: (one.address, one.token) for name, one in found.items()}
    assert told == {
        "province": (HTTPS, TOKEN),
        "city": ("http://seals.test:8080", None),
        "here": ("http://127.0.0.1:8080", TOKEN),
    }


def test_without_tokens_others_may_read_it(tmp_path: Path) -> None:
    assert set(read_services(written(tmp_path, {"province": {"address": HTTPS}}, 0o644))) == {"province"}


FAULTS: dict[str, tuple[object, int, str]] = {
    "not JSON": ("{", 0o600, "JSON"),
    "a list": ([], 0o600, "not an object"),
    "a text": ({"province": HTTPS}, 0o600, "not an object"),
    "no address": ({"province": {}}, 0o600, "missing"),
    "unknown member": ({"province": {"address": HTTPS, "tokem": TOKEN}}, 0o600, "unknown"),
    "number for token": ({"province": {"address": HTTPS, "token": 1}}, 0o600, "not a text"),
    "no web address": ({"province": {"address": "ftp://seals.test"}}, 0o600, "address of province"),
    "a query": ({"province": {"address": f"{HTTPS}?a=b"}}, 0o600, "address of province"),
    "a user": ({"province": {"address": "https://one@seals.test"}}, 0o600, "address of province"),
    "our own name": ({"local": {"address": HTTPS}}, 0o600, "local"),
    "exposed": ({"province": {"address": HTTPS, "token": TOKEN}}, 0o640, "600"),
    "plain": ({"province": {"address": "http://seals.test", "token": TOKEN}}, 0o600, "https"),
    "token": ({"province": {"address": HTTPS, "token": "令牌"}}, 0o600, "ASCII"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_without_the_token(tmp_path: Path, name: str) -> None:
    content, mode, word = FAULTS[name]
    path = written(tmp_path, content, mode)
    with pytest.raises(ServicesUnusable, match=word) as told:
        read_services(path)
    for language in ("zh", "en"):
        assert str(path) in told.value.message(language)
        assert TOKEN not in told.value.message(language)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ServicesUnusable, match="cannot be read"):
        read_services(tmp_path / "none.json")
