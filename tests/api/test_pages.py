"""The pages in a real browser, against a real server."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.app import create_app
from tests.api.conftest import Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post
from tests.pictures import qr_text

# Without these a headless Chromium looks for its maker's hosts at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def address(door: Door) -> Iterator[str]:
    with ExitStack() as stack:
        config = uvicorn.Config(
            create_app(door.house, stack), host="127.0.0.1", port=0, log_level="warning", lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any error in the console: a blocked script, a broken style."""
    context = browser.new_context(locale="zh-CN")
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    yield opened
    context.close()
    # A 404 or 400 that a test asked for is logged by the browser as an error of its own.
    assert [trouble for trouble in troubles if "Failed to load resource" not in trouble] == []


@pytest.fixture(scope="module")
def files(door: Door, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    licence = post(door, permit(80_001), "for-pages").json()
    door.sequence()
    pdf = door.client.get(licence["documents"]["pdf"]["href"], headers=door.authorised).content
    changed = bytearray(pdf)
    changed[9_000] ^= 1
    contents = {"good.pdf": pdf, "changed.pdf": bytes(changed), "text.pdf": b"<script>alert(1)</script>"}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in contents}


def test_a_dropped_licence_is_judged_in_chinese(page: Page, address: str, files: dict[str, Path]) -> None:
    page.goto(address)
    expect(page.locator("h1")).to_have_text("核验一份电子证照")
    page.set_input_files("#file", files["good.pdf"])
    expect(page.locator(".verdict.valid h1")).to_contain_text("有效")
    expect(page.locator(".face")).to_contain_text("测试市烟草专卖局")
    expect(page.locator(".checks .failed")).to_have_count(0)
    assert page.locator(".checks code").count() >= 15


def test_a_changed_licence_is_refused_in_english(page: Page, address: str, files: dict[str, Path]) -> None:
    page.goto(address)
    page.get_by_text("English").click()
    expect(page.locator("h1")).to_have_text("Verify an electronic licence")
    page.set_input_files("#file", files["changed.pdf"])
    expect(page.locator(".verdict.invalid h1")).to_contain_text("changed since it was sealed")
    expect(page.locator("h2").first).to_contain_text("do not rely on it")


def test_a_stranger_file_does_no_harm(page: Page, address: str, files: dict[str, Path]) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(address)
    page.set_input_files("#file", files["text.pdf"])
    expect(page.locator(".verdict.invalid")).to_be_visible()


def test_the_form_works_without_javascript(browser: Browser, address: str, files: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(address)
    page.set_input_files("#file", files["good.pdf"])
    page.get_by_role("button", name="Verify").first.click()
    expect(page.locator(".verdict.valid")).to_be_visible()
    context.close()


def test_the_qr_code_leads_to_the_verdict_and_the_face(
    page: Page, address: str, door: Door, files: dict[str, Path], tmp_path: Path
) -> None:
    printed = qr_text(files["good.pdf"], tmp_path)
    assert printed.startswith(door.house.settings.base_url + "/v/")
    page.goto(address + printed.removeprefix(door.house.settings.base_url))
    expect(page.locator(".verdict.valid")).to_be_visible()
    expect(page.locator(".face")).to_contain_text("测试市烟草专卖局")
    page.goto(address + "/v/" + "A" * 22)
    expect(page.locator(".verdict h1")).to_contain_text("没有找到这个核验码")


def test_an_identifier_with_a_digest_is_enough(page: Page, address: str, door: Door) -> None:
    licence = post(door, permit(80_002), "for-lookup").json()
    page.goto(address)
    page.locator("summary").click()
    page.fill("#identifier", licence["identifier"])
    page.fill("#digest", licence["documents"]["pdf"]["digest"])
    page.locator("details button").click()
    expect(page.locator(".verdict.valid")).to_be_visible()
