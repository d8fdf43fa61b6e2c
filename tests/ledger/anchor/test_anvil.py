"""Where there is no chain node for the machine, the tests say what is missing, and where it comes from."""

from pathlib import Path

import pytest

from tests.ledger.anchor import anvil


def refusal(monkeypatch: pytest.MonkeyPatch, package: Path, path: Path) -> str:
    monkeypatch.setattr(anvil, "PACKAGE", package)
    monkeypatch.setenv("PATH", str(path))
    with pytest.raises(pytest.fail.Exception) as caught, anvil.running_anvil():
        raise AssertionError("it ran")
    return str(caught.value)


def program(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def test_no_node_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = refusal(monkeypatch, tmp_path / "none", tmp_path)
    assert told.startswith("there is no anvil")
    assert "on PATH" in told


def test_a_node_for_another_machine_is_not_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = program(tmp_path / "theirs", b"#!/bin/sh\necho Listening on 127.0.0.1:1\n")
    monkeypatch.setattr(anvil, "_machine", lambda: ("Linux", "aarch64"))
    assert refusal(monkeypatch, package, tmp_path).startswith("there is no anvil")


@pytest.mark.parametrize("data", [b"\x7fELF of another machine", b"#!/no/such/loader\n"])
def test_a_node_that_cannot_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: bytes) -> None:
    monkeypatch.setattr(anvil, "_machine", lambda: ("Darwin", "arm64"))
    program(tmp_path / "anvil", data)
    told = refusal(monkeypatch, tmp_path / "none", tmp_path)
    assert "does not run on this machine" in told


def test_a_node_that_ends_at_once_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "anvil", b"#!/bin/sh\necho version GLIBC_9.9 not found >&2\nexit 1\n")
    assert "GLIBC_9.9" in refusal(monkeypatch, tmp_path / "none", tmp_path)
