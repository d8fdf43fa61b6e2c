"""`elicence ca rollover`: later ceremonies in a house of their own, and nothing that stood before falls."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ca.judging.trust import load_trust
from tests.tools.conftest import PLAN, Run


@pytest.fixture
def told(run: Run, at_home: Callable[[Path], None], tmp_path: Path) -> Callable[..., Any]:
    """Run `elicence ca …` in a newly founded house and return its JSON."""
    tmp_path.chmod(0o711)  # started by root, the server runs as another account
    at_home(tmp_path / "var")
    assert run("init", PLAN)[0] == 0

    def call(*arguments: object) -> Any:
        code, out, err = run("ca", *arguments, "--json")
        assert (code, err) == (0, ""), err
        return json.loads(out)

    return call


def test_authorities_and_roots_are_followed_and_the_trust_list_knows_all(
    run: Run, told: Callable[..., Any], tmp_path: Path
) -> None:
    told("revoke", "issuing-persons", "--reason", "cessationOfOperation")
    followed = told("rollover", "follow", "issuing-seals", "--name", "测试市电子印章签发 CA2")
    assert "issuing-seals-2" in {act["name"] for act in followed["acts"]}
    rooted = told("rollover", "root")
    assert "root-2" in rooted["signed_by"]

    states = {one["id"]: one["state"] for one in told("list", "--authorities")}
    assert (states["issuing-seals"], states["issuing-seals-2"]) == ("retiring", "active")
    assert (states["root"], states["root-2"], states["issuing-persons"]) == ("retiring", "active", "retiring")
    # The roots' lists of these ceremonies tell of the authority that was revoked before.
    assert all(one["crl_complete"] for one in told("list", "--authorities"))
    assert [one["session"]["number"] for one in told("transcript")["sessions"]] == [1, 2, 3]

    exported = tmp_path / "trust.json"
    assert run("trust", "export", exported)[0] == 0
    trust = load_trust(exported.read_bytes(), datetime.now(UTC))
    assert len(trust.anchors) == 3
    names = {one["key_name"] for one in told("list", "--limit", 1000)}
    assert {"root-2", "ocsp-root-2", "ocsp-seals-2"} <= names


def test_without_the_roots_keys_nothing_is_made(run: Run, told: Callable[..., Any], tmp_path: Path) -> None:
    keys = tmp_path / "var" / "keys"
    (keys / "root").rename(tmp_path / "safe")
    before = {path.name: path.read_bytes() for path in keys.glob("*.json")}
    code, out, err = run("ca", "rollover", "renew")
    assert (code, out, "ca.key_missing" in err) == (3, "", True)
    assert {path.name: path.read_bytes() for path in keys.glob("*.json")} == before
    # What is on line goes on without them.
    assert told("publish", "issuing-seals")[0]["number"] >= 2
    (tmp_path / "safe").rename(keys / "root")
    assert told("rollover", "renew")["purpose"] == "yearly"
