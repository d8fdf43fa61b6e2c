"""A ceremony whose keys on line lie on a token, proved on SoftHSM2."""

from pathlib import Path
from typing import Any

import pytest

from ca.ceremonies import rollover
from ca.ceremonies.ceremony import Ceremony, perform
from ca.ceremonies.plan import CeremonyPlan, KeysPlan, load_plan
from ca.ceremonies.transcript import read_transcript
from ca.errors import KeyExists
from ca.keys import private_files
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.keys.use_errors import KeyExhausted
from ca.tokens.errors import TokenNotConfigured
from tests.ca.house import CHEAP, NOW, PLAN
from tests.ca.soft_token import SoftToken
from tests.ca.test_ceremony import Power, validates

ON_LINE = {"issuing-seals", "issuing-persons", "issuing-systems", "timestamp", "trust", "status", "receipt"}
ON_TOKEN = ON_LINE | {"ocsp-root", "ocsp-seals", "ocsp-persons", "ocsp-systems", "seal-real-estate"}


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return SoftToken.make(tmp_path, monkeypatch)


def plan_with(**keys: Any) -> CeremonyPlan:
    """The city with one seal only."""
    whole = load_plan(PLAN.read_text())
    return whole.model_copy(update={"seals": whole.seals[:1], "keys": KeysPlan(**keys)})


class Cabinet:
    """A folder and a token beside it."""

    def __init__(self, folder: Path, token: SoftToken | None) -> None:
        self.ring = KeyRing(KeyFolder(folder, b"passphrase", CHEAP), None if token is None else token.keys())
        self.offline = KeyFolder(folder / "root", b"passphrase", CHEAP)

    def found(self, plan: CeremonyPlan) -> Ceremony:
        return perform(plan, self.ring, self.offline, NOW)


def test_keys_are_made_where_the_plan_says(token: SoftToken, tmp_path: Path) -> None:
    token.keys().create("another-house", "ES256")
    cabinet = Cabinet(tmp_path / "keys", token)
    ceremony = cabinet.found(plan_with(store="token"))
    assert token.keys().names() == ON_TOKEN | {"another-house"}
    in_folder = cabinet.ring.folder.names()
    assert "log" in in_folder
    assert {name for name in ceremony.certificates if name.startswith("national-")} - in_folder == {"national-root"}
    places = {
        act.name: act.details["place"] for act in read_transcript(ceremony.transcript)[0].acts if act.kind == "key"
    }
    assert {name for name, place in places.items() if place == "token"} == ON_TOKEN
    assert validates(tmp_path / "keys")
    after = rollover.follow(cabinet.ring, cabinet.offline, "issuing-seals", NOW)
    assert after.authority("seals").key_name == "issuing-seals-2"
    assert {"issuing-seals-2", "ocsp-seals-2"} <= token.keys().names()


def test_kinds_of_keys_may_lie_apart(token: SoftToken, tmp_path: Path) -> None:
    cabinet = Cabinet(tmp_path / "keys", token)
    cabinet.found(plan_with(authorities="token", timestamp="token"))
    assert token.keys().names() == {"issuing-seals", "issuing-persons", "issuing-systems", "timestamp"}
    assert validates(tmp_path / "keys")


def test_a_plan_with_a_token_needs_one(tmp_path: Path) -> None:
    with pytest.raises(TokenNotConfigured):
        Cabinet(tmp_path / "keys", None).found(plan_with(store="token"))
    Cabinet(tmp_path / "keys", None).found(plan_with())
    assert validates(tmp_path / "keys")


def test_a_key_of_another_house_is_never_taken(token: SoftToken, tmp_path: Path) -> None:
    theirs = token.keys().create("issuing-seals", "ES256").public_key
    for _ in range(2):
        with pytest.raises(KeyExists):
            Cabinet(tmp_path / "keys", token).found(plan_with(store="token"))
        assert token.keys().signer("issuing-seals").public_key == theirs


def test_what_a_cut_off_ceremony_left_on_the_token_goes(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Path, _data: bytes) -> None:
        raise Power(path.name)

    with monkeypatch.context() as patch:
        write = private_files.write
        patch.setattr(
            private_files, "write", lambda path, data: (failing if path.name == "trust.json" else write)(path, data)
        )
        with pytest.raises(Power):
            Cabinet(tmp_path / "keys", token).found(plan_with(store="token"))
    left = token.keys().signer("issuing-seals").public_key
    Cabinet(tmp_path / "keys", token).found(plan_with(store="token"))
    assert token.keys().names() == ON_TOKEN
    assert token.keys().signer("issuing-seals").public_key != left
    assert validates(tmp_path / "keys")


def test_the_plan_limits_how_often_a_key_may_sign(tmp_path: Path) -> None:
    cabinet = Cabinet(tmp_path / "keys", None)
    cabinet.found(plan_with(limits={"seals": 3, "timestamp": 1000}))
    assert cabinet.ring.uses("timestamp").limit == 1000
    assert cabinet.ring.uses("national-seal-real-estate").limit == cabinet.ring.uses("seal-real-estate").limit == 3
    assert cabinet.ring.uses("issuing-seals").limit is None
    signer = cabinet.ring.signer("seal-real-estate")
    for _ in range(3):
        signer.sign(b"x")
    with pytest.raises(KeyExhausted):
        signer.sign(b"x")
