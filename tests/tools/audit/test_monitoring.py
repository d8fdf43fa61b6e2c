"""`elicence audit monitor` without any house: what a stranger runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ledger.monitor.state import MonitorFolder
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import MirrorDamaged
from ledger.tree.growth import grow
from tests.ledger.served_log import ServedEntries
from tools.audit.monitoring import monitor


class Killed(BaseException):
    """As `kill -9` would."""


def write(log: ServedEntries, folder: Path) -> None:
    def nothing(path: str) -> bytes:
        raise ObjectMissing(path)

    for path, data in grow(0, len(log.entries), log.entries, nothing).objects.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "checkpoint").write_text(log.note())


def look(log: Path, state: Path, vkey: str) -> Result:
    arguments = [str(log), "--vkey", vkey, "--state", str(state), "--once", "--json"]
    return CliRunner().invoke(monitor, arguments)


def test_an_alarm_outlives_a_monitor_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, folder, state = ServedEntries(300), tmp_path / "log", tmp_path / "state"
    write(log, folder)
    vkey = log.signer.vkey.text
    assert look(folder, state, vkey).exit_code == 0
    log.entries.append(log.entries[3])
    write(log, folder)

    def killed(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(MonitorFolder, "save", killed)
        with pytest.raises(Killed):
            look(folder, state, vkey)
    assert len(list(state.glob("alarm-*-repeated.json"))) == 1
    again = look(folder, state, vkey)
    assert (again.exit_code, json.loads(again.stdout)["kind"]) == (1, "repeated")


def test_a_state_of_another_log_is_refused(tmp_path: Path) -> None:
    log = ServedEntries(3)
    write(log, tmp_path / "log")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_text('{"format": "another"}')
    assert isinstance(look(tmp_path / "log", tmp_path / "state", log.signer.vkey.text).exception, MirrorDamaged)


@pytest.mark.parametrize(
    "address", ["http://", "http://[::1", "http://127.0.0.1:99999", f"http://{'a' * 70}.test", "http://\u3002"]
)
def test_an_address_that_is_none(tmp_path: Path, address: str) -> None:
    log = ServedEntries(3)
    found = look(Path(address), tmp_path / "state", log.signer.vkey.text)
    assert found.exit_code == 2, found.stdout
    arguments = [address, "--vkey", log.signer.vkey.text, "--state", str(tmp_path / "state"), "--once", "--json"]
    found = CliRunner().invoke(monitor, arguments)
    assert (found.exit_code, json.loads(found.stdout)["kind"]) == (2, "unreachable")


@pytest.mark.parametrize("state", ["a-file", "a-file/below"])
def test_a_state_that_cannot_be_kept(tmp_path: Path, state: str) -> None:
    (tmp_path / "a-file").write_text("")
    log = ServedEntries(3)
    write(log, tmp_path / "log")
    found = look(tmp_path / "log", tmp_path / state, log.signer.vkey.text)
    assert isinstance(found.exception, (MirrorDamaged, SystemExit))
    assert not list(tmp_path.glob("**/state.json"))


def test_an_alarm_that_cannot_be_kept_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, folder, state = ServedEntries(300), tmp_path / "log", tmp_path / "state"
    write(log, folder)
    assert look(folder, state, log.signer.vkey.text).exit_code == 0
    (folder / "checkpoint").unlink()

    def full(*_: Any) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MonitorFolder, "alarm", full)
    found = look(folder, state, log.signer.vkey.text)
    told = json.loads(found.stdout)
    assert (found.exit_code, told["kind"], told["kept"]) == (1, "gap", None)
    assert told["notes"]
