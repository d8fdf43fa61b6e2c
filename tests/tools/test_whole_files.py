"""Files that others read: whole or not at all, and devices stay what they are."""

import os
import threading
from pathlib import Path

import click
import pytest

from tools.whole_files import prepared, write_whole


def test_a_file_is_replaced_at_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    place = tmp_path / "trust.json"
    write_whole(place, b"old")
    write_whole(place, b"new")
    assert place.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [place]


def half_written(place: Path) -> None:
    with prepared(place) as write:
        write(b"new")
        _ = 1 / 0


def test_what_fails_half_way_leaves_the_old_content(tmp_path: Path) -> None:
    place = tmp_path / "register.xlsx"
    place.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        half_written(place)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join(timeout=10)
    assert heard == [b"through"]
    assert pipe.is_fifo()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.FileError):
        write_whole(tmp_path, b"data")
