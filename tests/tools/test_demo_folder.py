"""The folder of the demonstration: made anew, and nothing else ever emptied."""

from pathlib import Path

import pytest

from api.embedded_postgres import running
from tools.cli import main
from tools.demo import folder as folder_module
from tools.demo.errors import DemoFolderBusy, DemoFolderForeign, DemoFolderUnwritable
from tools.demo.folder import MARK, made_anew


def test_it_is_made_and_made_anew(tmp_path: Path) -> None:
    root, kept = tmp_path / "var" / "demo", tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    with made_anew(root) as folder:
        (folder.licences / "old.pdf").write_bytes(b"old")
        (folder.service / "keys").mkdir(parents=True)
        (folder.root / "link").symlink_to(kept)
        (root.parent / "neighbour").write_text("untouched")
    with made_anew(root) as folder:
        assert {entry.name for entry in root.iterdir()} == {MARK, "licences", "tampered", "revoked"}
        assert not list(folder.licences.iterdir())
    assert (kept / "file").read_text() == "kept"
    assert (root.parent / "neighbour").read_text() == "untouched"


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DemoFolderForeign), made_anew(tmp_path):
        pass
    assert main(["demo", "--folder", str(tmp_path)]) == 3
    assert "demo.folder_foreign" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_interrupted_demonstration_is_known_again(tmp_path: Path) -> None:
    with made_anew(tmp_path) as folder:
        folder.rows.write_text("half")
    (tmp_path / "licences").rmdir()
    with made_anew(tmp_path) as folder:
        assert folder.licences.is_dir()
        assert not folder.rows.exists()


def test_only_one_demonstration_at_a_time(tmp_path: Path) -> None:
    with made_anew(tmp_path) as folder:
        folder.rows.write_text("in use")
        with pytest.raises(DemoFolderBusy), made_anew(tmp_path):
            pass
        assert folder.rows.read_text() == "in use"


def test_it_is_refused_while_a_server_runs_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "_FAREWELL", 0.2)
    with made_anew(tmp_path / "demo") as folder:
        pass
    with running(folder.service / "postgres"):
        with pytest.raises(DemoFolderBusy) as refused, made_anew(folder.root):
            pass
        assert "Ctrl-C" in refused.value.message("zh")
        assert (folder.service / "postgres").is_dir()
    with made_anew(folder.root):
        assert not folder.service.exists()


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(DemoFolderUnwritable), made_anew(tmp_path / "demo"):
        pass
