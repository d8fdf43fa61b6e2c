import os
import time
from pathlib import Path

from api.settings import Settings
from api.storage import open_objects


def test_the_default_is_a_folder_under_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    open_objects(settings).put("a/b", b"x")
    assert (tmp_path / "objects" / "a" / "b").read_bytes() == b"x"


def test_opening_sweeps_what_dead_writers_left(tmp_path: Path) -> None:
    leftover = tmp_path / "objects" / ".put" / "dead"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"")
    os.utime(leftover, (time.time() - 86400,) * 2)
    open_objects(Settings(home=tmp_path))
    assert not leftover.exists()


def test_a_bucket_by_setting(tmp_path: Path, s3_endpoint: str, s3_bucket: str) -> None:
    settings = Settings(
        home=tmp_path,
        objects_url=f"s3://{s3_bucket}/house",
        objects_endpoint=s3_endpoint,
        objects_access_key_id="test",
        objects_secret_access_key="test",
    )
    open_objects(settings).put("a/b", b"x")
    assert open_objects(settings).get("a/b") == b"x"
    assert not (tmp_path / "objects").exists()
