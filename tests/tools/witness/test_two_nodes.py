"""A city's house and a province's house, each with its database, on loopback: from an event to the province's log."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from api.founding import hold_ceremony
from api.house import House, open_house
from api.schema import Role
from api.settings import Settings
from api.trust_lists import publish_lists
from ca.ceremonies.plan import load_plan
from ledger.events import record_many
from ledger.log_objects import read_checkpoint
from ledger.reading import inclusion
from ledger.subjects import create_subjects
from ledger.tlog_policy import Policy, quorum
from tests.ledger.recording import event
from tests.tools.conftest import PLAN, Run
from tests.tools.processes import command, wait_for
from tools.sequencing import drain

PROVINCE = "province.test/log"


@dataclass(frozen=True, slots=True)
class Province:
    """A node that runs: its address, its process, its house's folder and its policy line."""

    url: str
    process: subprocess.Popen[str]
    house: House
    policy: Path


def _vkey(house: House) -> str:
    return house.trust(datetime.now(UTC)).log_keys[house.ceremony.plan.log.origin]


@pytest.fixture
def province(house: House, run: Run, environment: dict[str, str], tmp_path: Path) -> Iterator[Province]:
    home = tmp_path / "province"
    home.mkdir()
    for folder in (home, *home.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)  # started by root, the server runs as another account
    settings = Settings(home=home, database_url=None, objects_url=None, passphrase_file=home / "keys" / "passphrase")
    plan = PLAN.read_text(encoding="utf-8").replace("origin: elicence.test/log", f"origin: {PROVINCE}")
    hold_ceremony(settings, load_plan(plan), datetime.now(UTC))
    node = tmp_path / "node"
    assert run("witness", "init", node, "--name", "province.test/witness")[0] == 0
    assert run("witness", "watch", node, _vkey(house))[0] == 0
    ours = environment | {"ELICENCE_HOME": str(home)}
    with ExitStack() as stack:
        founded = stack.enter_context(open_house(settings))
        process = stack.enter_context(
            command(
                "witness", "serve", node, "--province", "--port", 0, "--every", 0.1,
                env=ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
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
    settings = house.settings.model_copy(update={"witness_policy_file": province.policy})
    with open_house(settings) as city:
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
    province.process.send_signal(signal.SIGTERM)
    assert province.process.wait(60) == 0

    # Nobody is asked any more: two files and the keys.
    code, out, err = run("witness", "walk", kept, province_proof, "--policy", province.policy, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["licence"]["origin"], told["province"]["origin"]) == ("elicence.test/log", PROVINCE)
    assert told["licence"]["size"] <= told["city"]["size"]
    assert told["event"]["kind"] == "verified"
    assert told["witnesses"] == {"reached": False, "cosigned": [], "missing": ["province"]}, "of the province's own log"
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
    settings = province.house.settings.model_copy(update={"witness_policy_file": province.policy})
    with open_house(settings) as asking:
        assert "trust" in publish_lists(asking, now), "another policy makes another list"
        assert publish_lists(asking, now) == ()
        assert asking.witness_policy is not None
        assert asking.trust(now).witness_policy == asking.witness_policy.text
