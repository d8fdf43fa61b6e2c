"""`elicence init` and `elicence systems add`: the first hour of an installation."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.conftest import PLAN, Run
from tests.tools.rows import TOBACCO

ADD = ("--name", "测试系统", "--unit", TOBACCO, "--issuer", TOBACCO)


@pytest.fixture
def new(run: Run, at_home: Callable[[Path], None], tmp_path: Path) -> Run:
    """Commands in a folder where no house is yet."""
    tmp_path.chmod(0o711)  # started by root, the server runs as another account
    at_home(tmp_path / "var")
    return run


def made(home: Path) -> dict[str, bytes]:
    """The files of the ceremony; the counts of the keys' uses rise by themselves."""
    folder = home / "var" / "keys"
    paths = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "uses"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_house_is_founded_once(new: Run, tmp_path: Path) -> None:
    code, out, _ = new("init", PLAN)
    assert (code, "seals registered: 4 新 new / 4" in out) == (0, True)
    assert "root keys" in out
    code, head, _ = new("ledger", "head", "--json")
    told = json.loads(head)
    assert (code, told["waiting"], told["unpublished"]) == (0, 0, 0), "the seals' making is in the log"
    assert told["size"] > 0
    keys = made(tmp_path)
    assert {"trust.json", "transcript.txt", "root/root.key.pem", "national-root.cert.pem"} <= keys.keys()

    code, out, _ = new("init", PLAN)
    assert (code, "seals registered: 0 新 new / 4" in out) == (0, True)
    other = tmp_path / "other.yaml"
    other.write_text(PLAN.read_text(encoding="utf-8").replace("years: 20", "years: 21"), encoding="utf-8")
    code, _, err = new("init", other)
    assert (code, "ca.ceremony_done" in err) == (3, True)
    assert made(tmp_path) == keys

    code, first, _ = new("systems", "add", "approval-1", *ADD)
    assert code == 0
    code, second, _ = new("systems", "add", "approval-1", *ADD)
    assert code == 0
    assert json.loads(new("ledger", "head", "--json")[1])["waiting"] == 0
    assert first.startswith("els_")
    assert first != second
    code, _, err = new("systems", "add", "approval-2", "--name", "测试", "--unit", "1", "--issuer", TOBACCO)
    assert (code, "seals.organisation_refused" in err) == (3, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "ca.plan_invalid"), ("name: [", "ca.plan_invalid"), ("name: 测试\n", "ca.plan_invalid")],
)
def test_a_plan_that_is_none_founds_nothing(new: Run, tmp_path: Path, content: str, said: str) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(content, encoding="utf-8")
    code, out, err = new("init", plan)
    assert (code, out) == (3, "")
    assert said in err
    assert not (tmp_path / "var").exists()


def test_a_system_needs_a_house(new: Run, tmp_path: Path) -> None:
    code, _, err = new("systems", "add", "approval-1", *ADD)
    assert (code, "elicence init" in err) == (3, True)
    assert not (tmp_path / "var").exists()
