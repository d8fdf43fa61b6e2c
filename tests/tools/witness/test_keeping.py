"""A witness in a folder, by the command line: made, told what to watch, shown; and what is refused."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from ledger.witness.errors import WitnessMisplaced
from ledger.witness.store import WitnessStore
from tests.ledger.witnessed_logs import SmallLog, witness_in
from tests.tools.processes import wait_for
from tools.cli import main
from tools.witness.folder import WitnessFolder
from tools.witness.serving import gathering

LOG = SmallLog()
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["witness", *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: the key of a folder costs time on purpose."""
    place = tmp_path_factory.mktemp("made") / "witness"
    assert main(["witness", "init", str(place), "--name", "witness.test/w1"]) == 0
    return place


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "witness")


def test_made_once(run: Run, folder: Path) -> None:
    vkey = (folder / "witness.vkey").read_text().strip()
    assert vkey.startswith("witness.test/w1+")
    assert (folder / "passphrase").stat().st_mode & 0o777 == 0o600
    assert vkey.encode() not in (folder / "passphrase").read_bytes()
    code, out, err = run("init", folder, "--name", "witness.test/w2")
    assert (code, out) == (3, "")
    assert "ledger.witness_misplaced" in err
    assert (folder / "witness.vkey").read_text().strip() == vkey


def test_a_making_that_was_cut_off_is_finished(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "witness"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(WitnessStore, "create", die)
        assert run("init", place, "--name", "witness.test/w1")[0] == 130
    code, out, _ = run("init", place, "--name", "witness.test/w1")
    assert (code, out) == (0, (place / "witness.vkey").read_text())


def test_watch_show_unwatch(run: Run, folder: Path) -> None:
    other = SmallLog("other.test/log")
    assert run("watch", folder, LOG.vkey_text, other.vkey_text) == (0, "", "")
    witness, _ = WitnessFolder(folder, folder / "passphrase").open()
    moment = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
    witness.add_checkpoint(LOG.request(0, 5), moment)
    assert witness.answer(b"old 5\n\n" + SmallLog(branch="fork").note(5).encode(), moment).status == 409
    told = json.loads(run("show", folder, "--json")[1])
    assert told["vkey"] == (folder / "witness.vkey").read_text().strip()
    assert [(log["origin"], log["vkeys"], log["size"], log["cosigned_at"]) for log in told["logs"]] == [
        (LOG.origin, [LOG.vkey_text], 5, "2026-11-22T03:04:05Z"),
        (other.origin, [other.vkey_text], 0, None),
    ]
    assert told["logs"][0]["checkpoint"].startswith(LOG.note(5))
    assert [(fork["origin"], fork["size"], len(fork["notes"])) for fork in told["forks"]] == [(LOG.origin, 5, 2)]
    zh, en = (run("show", folder, "--lang", lang)[1] for lang in ("zh", "en"))
    assert "2026-11-22 11:04" in zh, "told in the time of the place"
    assert "分叉" in zh
    assert "FORKED" in en
    assert run("unwatch", folder, LOG.vkey_text) == (0, "", "")
    assert run("unwatch", folder, LOG.vkey_text)[0] == 3
    assert [log["origin"] for log in json.loads(run("show", folder, "--json")[1])["logs"]] == [other.origin]


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "{new}", "--name", "a b"),
        ("init", "{new}"),
        ("watch", "{old}", "no key"),
        ("watch", "{old}"),
        ("watch", "{new}", LOG.vkey_text),
        ("show", "{new}"),
        ("serve", "{new}", "--port", "0"),
    ],
)
def test_what_is_wrong_is_said(run: Run, folder: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    given = [part.format(new=tmp_path / "nowhere", old=folder) for part in arguments]
    code, out, err = run(*given)
    assert (code, out) == (3, "")
    assert "Traceback" not in err
    assert not (tmp_path / "nowhere").exists()


def test_a_memory_that_was_lost_is_not_made_anew(run: Run, folder: Path) -> None:
    (folder / "memory.sqlite").unlink()
    for arguments in (["show", folder], ["serve", folder, "--port", "0"], ["watch", folder, LOG.vkey_text]):
        code, _, err = run(*arguments)
        assert code == 3
        assert "ledger.witness_misplaced" in err
    assert not (folder / "memory.sqlite").exists()


def test_a_memory_of_another_witness_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("init", tmp_path / "second", "--name", "witness.test/w1")[0] == 0
    (folder / "memory.sqlite").write_bytes((tmp_path / "second" / "memory.sqlite").read_bytes())
    code, _, err = run("serve", folder, "--port", "0")
    assert code == 3
    assert "ledger.witness_misplaced" in err


def test_a_passphrase_that_cannot_be_used(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("short")
    (tmp_path / "other").write_text("another passphrase, which is long")
    for file, code in (("short", "house.passphrase_unusable"), ("none", "house.passphrase_unusable"), ("other", "ca.")):
        answer = run("serve", folder, "--port", "0", "--passphrase-file", tmp_path / file)
        assert answer[0] == 3
        assert code in answer[2]


def test_a_memory_that_goes_away_ends_the_province(tmp_path: Path) -> None:
    _, store, _ = witness_in(tmp_path, LOG)
    next(tmp_path.glob("*.sqlite")).unlink()
    house: Any = SimpleNamespace(sequencer=lambda: SimpleNamespace(log=None))  # it does not come to that
    server = uvicorn.Server(uvicorn.Config("nothing"))
    with pytest.raises(WitnessMisplaced), gathering(house, store, 60.0, server):
        wait_for(lambda: server.should_exit)
