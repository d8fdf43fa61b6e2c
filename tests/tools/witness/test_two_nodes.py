"""A city's house and a province's house, each with its database, on loopback: from an event to the province's log."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from api.database import Database
from api.founding import hold_ceremony
from api.house import House
from api.schema import Role
from api.settings import Settings
from api.trust_lists import publish_lists
from ca.ceremonies.plan import load_plan
from ledger.events import record_many
from ledger.formats.tlog_policy import Policy, quorum
from ledger.log.reading import inclusion
from ledger.log.served import read_checkpoint
from ledger.objects.local_objects import LocalObjects
from ledger.subjects import create_subjects
from tests.ledger.recording import event
from tests.tools.conftest import PLAN, REPOSITORY
from tests.tools.processes import command, wait_for
from tools.cli import main
from tools.sequencing import drain

CITY, PROVINCE = "elicence.test/log", "province.test/log"
Run = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Province:
    """A node that runs: its address, its process, its house's folder and its policy line."""

    url: str
    process: subprocess.Popen[str]
    house: House
    policy: Path


def _founded(database: Database, home: Path, origin: str) -> House:
    """Found a house with no more keys than it needs to keep a log."""
    home.mkdir()
    settings = Settings(home=home, database_url=database.url)
    text = PLAN.read_text(encoding="utf-8").replace(f"origin: {CITY}", f"origin: {origin}")
    plan = load_plan(text)
    hold_ceremony(settings, plan.model_copy(update={"seals": plan.seals[:1], "national": None}), datetime.now(UTC))
    return House(settings, database, LocalObjects(home / "objects"))


def _asking(house: House, policy: Path) -> House:
    """Return the house as it is when it is told to ask witnesses."""
    settings = house.settings.model_copy(update={"witness_policy_file": policy})
    return House(settings, house.database, house.objects)


def _vkey(house: House) -> str:
    return house.trust(datetime.now(UTC)).log_keys[house.ceremony.plan.log.origin]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def house(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> Iterator[House]:
    with new_database(template) as database:
        yield _founded(database, tmp_path / "city", CITY)


@pytest.fixture
def province(
    new_database: Callable[[str], AbstractContextManager[Database]], house: House, run: Run, tmp_path: Path
) -> Iterator[Province]:
    node = tmp_path / "node"
    assert run("witness", "init", node, "--name", "province.test/witness")[0] == 0
    assert run("witness", "watch", node, _vkey(house))[0] == 0
    with new_database("template1") as database:
        database.migrate()
        founded = _founded(database, tmp_path / "province", PROVINCE)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ELICENCE_")} | {
            "ELICENCE_HOME": str(founded.settings.home),
            "ELICENCE_DATABASE_URL": database.url,
            "PYTHONPATH": str(REPOSITORY),
        }
        serve = ("witness", "serve", node, "--province", "--port", 0, "--every", 0.1)
        with command(*serve, env=environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found is not None, line
            policy = tmp_path / "policy"
            policy.write_text(
                f"log {_vkey(house)}\nlog {_vkey(founded)}\n"
                f"witness province {(node / 'witness.vkey').read_text().strip()} {found[0]}\nquorum province\n"
            )
            yield Province(found[0], process, founded, policy)


def test_licence_city_province(house: House, run: Run, province: Province, tmp_path: Path) -> None:
    city = _asking(house, province.policy)
    with city.database.session(Role.WORKER) as session:
        ((subject, keys),) = create_subjects(session, city.wrapper, "licence", [uuid4()]).items()
        (promise,) = record_many(session, [(event(subject), keys)], city.promiser)
    drain(city.sequencer())
    assert quorum(read_checkpoint(city.objects), Policy.parse(province.policy.read_bytes())).is_reached
    with city.database.session(Role.WORKER) as session:
        proof = inclusion(session, city.objects, city.wrapper, promise.event)
    assert proof is not None
    kept, province_proof = tmp_path / "licence.tlog-proof", tmp_path / "licence.province-proof"
    kept.write_text(proof.text)
    objects = house.settings.home / "objects"
    fetch = ("--policy", province.policy, "--province", province.url, "--city", objects)

    def fetched() -> bool:
        code, _, err = run("witness", "walk", kept, province_proof, *fetch)
        assert code in {0, 2}, err
        return code == 0

    wait_for(fetched)
    _the_trust_list_tells_verifiers(province)
    with province.house.database.session(Role.WORKER) as session:
        ((own, keys),) = create_subjects(session, province.house.wrapper, "seal", [uuid4()]).items()
        (promised,) = record_many(session, [(event(own), keys)], province.house.promiser)
    province.process.send_signal(signal.SIGTERM)
    assert province.process.wait(60) == 0
    with province.house.database.session(Role.WORKER) as session:
        placed = inclusion(session, province.house.objects, province.house.wrapper, promised.event)
    assert placed is not None, "what the province's house promises is kept by its node"

    # Nobody is asked any more: two files and the keys.
    code, out, err = run("witness", "walk", kept, province_proof, "--policy", province.policy, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["licence"]["origin"], told["province"]["origin"]) == (CITY, PROVINCE)
    assert told["licence"]["size"] <= told["city"]["size"]
    assert told["event"]["kind"] == "verified"
    told_of = {name: (one["reached"], one["missing"]) for name, one in told["witnesses"].items()}
    assert told_of == {"city": (True, []), "province": (False, ["province"])}
    for lang in ("zh", "en"):
        assert PROVINCE in run("witness", "walk", kept, province_proof, "--policy", province.policy, "--lang", lang)[1]

    tampered = province_proof.read_text()
    line = tampered.split("index ", 1)[1].split("\n", 1)[0]
    province_proof.write_text(tampered.replace(f"index {line}\n", f"index {int(line) + 1}\n"))
    code, out, err = run("witness", "walk", kept, province_proof, "--policy", province.policy)
    assert (code, out) == (1, "")
    assert "ledger.proof_invalid" in err
    trust = tmp_path / "trust.json"
    trust.write_bytes(house.trust_lists.file(datetime.now(UTC)))
    province_proof.write_text(tampered)
    code, out, err = run("witness", "walk", kept, province_proof, "--trust", trust)
    assert (code, out) == (2, ""), "the city's trust list alone does not name the province's log"
    assert "ledger.proof_untrusted" in err
    code, _, err = run("witness", "walk", kept, province_proof, *fetch)
    assert code == 2, "nobody answers there any more"
    assert run("witness", "walk", kept, province_proof)[0] == 3
    assert run("witness", "walk", kept, province_proof, "--city", objects)[0] == 3


def _the_trust_list_tells_verifiers(province: Province) -> None:
    now = datetime.now(UTC)
    asking = _asking(province.house, province.policy)
    assert "trust" in publish_lists(asking, now), "another policy makes another list"
    assert publish_lists(asking, now) == ()
    assert asking.witness_policy is not None
    assert asking.trust(now).witness_policy == asking.witness_policy.text
