"""The pages without a browser: what is refused, what is escaped, and in which language."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine

from tests.api.conftest import Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post

ZEROS = "sha-256:" + "0" * 64
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "body", "media_type", "status"),
    [
        ("/lookup", b"", FORM, 400),
        ("/lookup", b"identifier=a", FORM, 400),
        ("/lookup", b"identifier=a%00b&digest=" + ZEROS.encode(), FORM, 400),
        ("/lookup", b"identifier=a%0Ab&digest=" + ZEROS.encode(), FORM, 400),
        ("/lookup", b"identifier=a&digest=none", FORM, 400),
        ("/lookup", b"identifier=a&surprise=b", FORM, 400),
        ("/lookup", b"identifier=" + b"a" * 20_000 + b"&digest=x", FORM, 400),
        ("/lookup", b"&".join(b"f%d=1" % number for number in range(100)), FORM, 400),
        ("/lookup", b"\xff\xfe", FORM, 400),
        ("/lookup", b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        ("/", b"", "", 400),
        ("/", b"file=1", FORM, 400),
        ("/", b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        ("/", b"--x--\r\n", "multipart/form-data; boundary=x", 400),
    ],
)
def test_a_wrong_form_is_answered_by_a_page_that_says_so(
    door: Door, path: str, body: bytes, media_type: str, status: int
) -> None:
    for language, heading in (("zh", "核验一份电子证照"), ("en", "Verify an electronic licence")):
        answer = door.client.post(f"{path}?lang={language}", content=body, headers={"Content-Type": media_type})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert heading in answer.text
        assert 'role="alert"' in answer.text


def test_what_a_licence_says_is_text_and_nothing_else(door: Door, unique: Callable[[], int]) -> None:
    attack = "测试<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    body = permit(unique())
    body["fields"] = {**body["fields"], "premises": attack}
    licence = post(door, body, "html")
    assert licence.status_code == 201, licence.text
    pdf = door.client.get(licence.json()["documents"]["pdf"]["href"], headers=door.authorised).content
    for language in ("zh", "en"):
        page = door.client.post(f"/?lang={language}", files={"file": ("<b>.pdf", pdf)}).text
        assert "测试&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "{{7*7}}" in page


def test_what_a_caller_asks_is_text_as_well(door: Door) -> None:
    attack = "<script>alert(1)</script>"
    page = door.client.post("/lookup", data={"identifier": attack, "digest": ZEROS})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<script>alert" not in door.client.get("/", params={"lang": attack}).text


@pytest.mark.parametrize(
    "code",
    ["x", "x" * 15, "x" * 65, "%00" * 22, "%FF" * 22, "é" * 22, "x" * 21 + "%0A", "x" * 22, "A" * 64, "x" * 9_000],
)
def test_a_code_of_no_licence_is_not_found_and_nothing_more_is_told(door: Door, code: str) -> None:
    answer = door.client.get(f"/v/{code}")
    assert answer.status_code == 404
    assert "没有找到这个核验码" in answer.text


def test_a_register_that_does_not_answer_is_not_called_not_found(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nonexistent")
    with monkeypatch.context() as patch:
        patch.setattr(door.house.database, "engine", lambda _role: nowhere)
        answer = door.client.get("/v/" + "x" * 22)
    assert "没有找到" not in answer.text
    assert "verdict indeterminate" in answer.text


def test_the_other_language_can_be_had_after_every_answer(door: Door) -> None:
    page = door.client.get("/lookup?lang=en", follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/?lang=en")


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "zh-CN"),
        ("", "fr, en;q=0.8, zh;q=0.5", "en"),
        ("", "zh-TW", "zh-CN"),
        ("?lang=en", "zh", "en"),
        ("?lang=zh&lang=en", "", "en"),
        ("?lang=%00", "en", "en"),
        ("", ",;=,q=" * 500, "zh-CN"),
    ],
)
def test_the_language_is_the_readers(door: Door, query: str, header: str, language: str) -> None:
    page = door.client.get(f"/{query}", headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in page.text
