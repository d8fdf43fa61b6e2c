"""`elicence anchor`, as an operator and as an auditor run it: the real command line, a real house, a real node."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from api.anchoring import AccountName, account_file, create_account
from api.house import House
from api.schema import Role
from api.settings import settings as settings_of_process
from ca.keys import private_files
from ledger.anchor.accounts import KeyAccount
from ledger.anchor.administration import complete, deploy, set_publisher
from ledger.anchor.chain import Growth
from ledger.anchor.contract_code import log_id
from ledger.anchor.fees import Fee, FeePolicy
from ledger.anchor.models import AnchorLookRow
from ledger.anchor.web3_client import Web3Chain
from ledger.log.reading import inclusion, read_checkpoint
from ledger.models import EventRow
from tests.ledger.anchor.anvil import Anvil, running_anvil
from tests.tools.conftest import Run
from tools.sequencing import drain

Answer = tuple[int, Any]


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with running_anvil() as node:
        yield node


@pytest.fixture
def settle(run: Run, house: House, anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what ELICENCE_CHAIN_* say; the node at first, and no contract, and nobody has looked at a chain."""
    with house.database.session(Role.WORKER) as session:
        session.execute(delete(AnchorLookRow))

    def let(**members: str) -> None:
        for name, value in members.items():
            monkeypatch.setenv(f"ELICENCE_CHAIN_{name}", value)
        settings_of_process.cache_clear()

    let(URL=anvil.url, INTERVAL="1")
    return let


@pytest.fixture
def ask(run: Run, settle: object) -> Callable[..., Answer]:
    """Runs a command of the group with --json: exit code, answer."""

    def call(*arguments: object) -> Answer:
        code, out, err = run("anchor", *arguments, "--json", "--lang", "en")
        return code, json.loads(out) if out else err

    return call


@pytest.fixture
def once(run: Run, anvil: Anvil) -> Callable[[], int]:
    """Runs the anchorer once and waits for the block of what it sent: its exit code."""

    def call() -> int:
        code = run("anchor", "run", "--once")[0]
        anvil.settle()
        return code

    return call


NAMES: tuple[AccountName, ...] = ("publisher", "administrator")


@pytest.fixture(scope="module")
def made(house: House, anvil: Anvil) -> dict[str, tuple[KeyAccount, bytes]]:
    """The house's two accounts, with coin, and what is in their key files, which are not there; made once: keys are dear."""
    found: dict[str, tuple[KeyAccount, bytes]] = {}
    for name in NAMES:
        account, path = create_account(house.settings, name), account_file(house.settings, name)
        anvil.ask("anvil_setBalance", account.address, hex(10**21))
        found[name] = account, path.read_bytes()
        path.unlink()
    return found


@pytest.fixture
def accounts(house: House, made: dict[str, tuple[KeyAccount, bytes]], settle: object) -> Iterator[dict[str, str]]:
    """The addresses of the accounts; the key files are there."""
    for name in NAMES:
        private_files.write_new(account_file(house.settings, name), made[name][1])
    yield {name: made[name][0].address for name in NAMES}
    for name in NAMES:
        account_file(house.settings, name).unlink(missing_ok=True)


@pytest.fixture
def contract(
    house: House,
    anvil: Anvil,
    made: dict[str, tuple[KeyAccount, bytes]],
    accounts: dict[str, str],
    settle: Callable[..., None],
) -> dict[str, Any]:
    """A new contract, with the publisher named; `test_the_whole_way` has the command make it."""
    administrator, _ = made["administrator"]
    chain, receipt = deploy(anvil.node, administrator, FeePolicy())
    origin = house.ceremony.plan.log.origin
    set_publisher(chain, administrator, origin, accounts["publisher"], FeePolicy())
    settle(CONTRACT=chain.address, FIRST_BLOCK=str(receipt.block_number))
    return {"chain": chain.id, "contract": chain.address, "origin": origin}


@pytest.fixture
def published(house: House) -> int:
    """The size of the house's log, which is published."""
    drain(house.sequencer())
    return int(read_checkpoint(house.objects).splitlines()[1])


def test_accounts_are_made_once_and_kept_private(house: House, ask: Callable[..., Answer], settle: object) -> None:
    assert ask("accounts") == (0, {"publisher": None, "administrator": None})
    code, made = ask("accounts", "--new")
    assert code == 0
    assert made["publisher"] != made["administrator"]
    assert ask("accounts", "--new") == (0, made)
    for name in ("publisher", "administrator"):
        path = account_file(house.settings, name)
        assert path.stat().st_mode & 0o077 == 0
        path.unlink()


def test_the_whole_way(
    once: Callable[[], int],
    house: House,
    ask: Callable[..., Answer],
    settle: Callable[..., None],
    accounts: dict[str, str],
    published: int,
    tmp_path: Path,
) -> None:
    origin = house.ceremony.plan.log.origin
    code, deployed = ask("deploy")
    assert (code, deployed["origin"], deployed["publisher"]) == (0, origin, accounts["publisher"])
    settle(CONTRACT=deployed["contract"], FIRST_BLOCK=str(deployed["first_block"]))
    assert ask("status") == (2, {"chain": None})
    code, checked = ask("check")
    assert (code, checked["anchored"], checked["results"][0]["outcome"]) == (2, 0, "not_yet")
    for _ in range(2):
        assert once() == 0
    code, told = ask("status")
    assert (code, told["anchored"], told["published"], told["alarm"], told["under_way"]) == (
        0,
        published,
        published,
        None,
        [],
    )
    assert [found["size"] for found in told["anchors"]] == [published]
    proof = a_proof(house, tmp_path)
    code, checked = ask("check", proof)
    assert code == 0
    assert [row["outcome"] for row in checked["results"]] == ["anchored", "anchored"]
    assert checked["origin"] == origin


def a_proof(house: House, folder: Path) -> Path:
    with house.database.session(Role.WORKER) as session:
        event = session.scalars(select(EventRow.id).where(EventRow.entry_index.is_not(None)).limit(1)).one()
        proof = inclusion(session, house.objects, house.wrapper, event)
    assert proof is not None
    path = folder / "licence.tlog-proof"
    path.write_text(proof.text)
    return path


def test_an_auditor_needs_tiles_a_trust_list_and_the_chain(
    once: Callable[[], int],
    run: Run,
    house: House,
    ask: Callable[..., Answer],
    contract: dict[str, Any],
    published: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert once() == 0
    trust = tmp_path / "trust.json"
    assert run("trust", "export", trust)[0] == 0
    proof = a_proof(house, tmp_path)
    monkeypatch.setenv("ELICENCE_HOME", str(tmp_path / "no house"))
    settings_of_process.cache_clear()
    log = house.settings.home / "objects" / "log"
    code, checked = ask("check", proof, "--log", log, "--trust", trust)
    assert code == 0, checked
    assert (checked["anchored"], [row["outcome"] for row in checked["results"]]) == (published, ["anchored"] * 2)
    # Proofs that are none, and one of a chain that has not seen it.
    (tmp_path / "forged.tlog-proof").write_text(proof.read_text().replace("index ", "index 9", 1))
    (tmp_path / "empty.tlog-proof").write_text("")
    code, checked = ask("check", tmp_path / "forged.tlog-proof", "--log", log, "--trust", trust)
    assert (code, checked["results"][1]["outcome"]) == (1, "invalid")
    code, checked = ask("check", tmp_path / "empty.tlog-proof", "--log", log, "--trust", trust)
    assert (code, checked["results"][1]["outcome"]) == (3, "unreadable")


def test_a_chain_that_holds_another_log(
    once: Callable[[], int],
    ask: Callable[..., Answer],
    contract: dict[str, Any],
    published: int,
    anvil: Anvil,
    made: dict[str, tuple[KeyAccount, bytes]],
) -> None:
    publisher, _ = made["publisher"]
    chain = Web3Chain(anvil.node, contract["contract"])
    before = chain.node.nonce(publisher.address)
    forged = Growth(0, published, b"\x66" * 32, ())
    fee = Fee(10**11, 1)
    complete(chain.node, chain.draft(publisher, log_id(contract["origin"]), forged, nonce=before, fee=fee), 10)
    code, checked = ask("check")
    assert (code, checked["results"][0]["outcome"]) == (1, "contradiction")
    assert once() == 2
    code, told = ask("status")
    assert code == 1
    assert "not the root of the log" in told["alarm"]
    assert chain.node.nonce(publisher.address) == before + 1


def test_the_publisher_is_stopped_and_followed(
    once: Callable[[], int],
    ask: Callable[..., Answer],
    contract: dict[str, Any],
    accounts: dict[str, str],
    published: int,
    anvil: Anvil,
) -> None:
    assert ask("publisher", "--none")[0] == 0
    assert once() == 3
    code, told = ask("publisher", accounts["publisher"].lower())
    assert (code, told["publisher"]) == (0, accounts["publisher"])
    assert once() == 0
    assert ask("check")[0] == 0


def test_administration_is_handed_on(
    house: House, ask: Callable[..., Answer], contract: dict[str, Any], accounts: dict[str, str], anvil: Anvil
) -> None:
    first = accounts["administrator"]
    assert ask("administrator") == (0, {"administrator": first, "offered_to": None})
    account_file(house.settings, "administrator").rename(house.settings.home / "first.json")
    second = ask("accounts", "--new")[1]["administrator"]
    anvil.ask("anvil_setBalance", second, hex(10**21))
    path = account_file(house.settings, "administrator")
    path.rename(house.settings.home / "second.json")
    (house.settings.home / "first.json").rename(path)
    assert ask("administrator", "--offer", second) == (0, {"administrator": first, "offered_to": second})
    (house.settings.home / "second.json").rename(path)
    assert ask("administrator", "--accept") == (0, {"administrator": second, "offered_to": None})
    assert ask("administrator", "--accept")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deploy",), 3),
        (("run", "--once"), 3),
        (("check",), 3),
        (("publisher",), 3),
        (("publisher", "0x12"), 3),
        (("publisher", "--none", "0x" + 40 * "1"), 3),
        (("administrator", "--accept", "--offer", "0x" + 40 * "1"), 3),
        (("check", "--log", "x"), 3),
    ],
)
def test_what_is_missing_is_said(run: Run, settle: object, arguments: tuple[str, ...], code: int) -> None:
    """No contract is set, and no account is there."""
    answer = run("anchor", *arguments)
    assert answer[0] == code
    assert answer[2]
    assert "Traceback" not in answer[2]


def test_a_mistyped_address_is_refused(run: Run, accounts: dict[str, str]) -> None:
    address = accounts["publisher"]
    at = next(place for place in range(2, 42) if address[place].isalpha())
    mistyped = address[:at] + address[at].swapcase() + address[at + 1 :]
    assert run("anchor", "publisher", mistyped)[0] == 3


def test_no_node(run: Run, settle: Callable[..., None], accounts: dict[str, str]) -> None:
    settle(URL="http://127.0.0.1:1", CONTRACT="0x" + 40 * "1")
    for command in (("check",), ("run", "--once"), ("deploy",), ("administrator",)):
        code, _, err = run("anchor", *command)
        assert code == 2, command
        assert "127.0.0.1" not in err


def test_another_contract(run: Run, settle: Callable[..., None], accounts: dict[str, str]) -> None:
    settle(CONTRACT="0x" + 40 * "1")
    code, _, err = run("anchor", "check")
    assert code == 3
    assert "ledger.chain_contract_unknown" in err


def test_a_trial_needs_nothing(run: Run) -> None:
    code, out, _ = run("anchor", "trial", "--lang", "zh")
    assert code == 0
    assert "续接：1,500 条，附一致性证明" in out


def test_people_read_tables(
    once: Callable[[], int], run: Run, contract: dict[str, Any], published: int, anvil: Anvil, accounts: dict[str, str]
) -> None:
    assert once() == 0
    assert once() == 0
    zh = "".join(run("anchor", command, "--lang", "zh")[1] for command in ("status", "check", "accounts"))
    assert all(word in zh for word in ("链上已确认", "条目数", "链上存证一致", "发布账户"))
    assert contract["contract"] in zh
    assert accounts["administrator"] in zh
    en = run("anchor", "status", "--lang", "en")[1]
    assert all(word in en for word in ("anchored", "entries", contract["contract"]))


def test_an_exposed_key_file_is_refused(house: House, run: Run, accounts: dict[str, str]) -> None:
    account_file(house.settings, "publisher").chmod(0o644)
    code, _, err = run("anchor", "accounts")
    assert code == 3
    assert "600" in err


def test_other_contracts_stand_beside_ours(
    once: Callable[[], int],
    accounts: dict[str, str],
    ask: Callable[..., Answer],
    contract: dict[str, Any],
    settle: Callable[..., None],
    published: int,
    anvil: Anvil,
) -> None:
    """A new contract begins anew: what was seen on the old one does not count for it."""
    assert once() == 0
    administrator = anvil.rich()
    second, _ = deploy(anvil.node, administrator, FeePolicy())
    set_publisher(second, administrator, contract["origin"], accounts["publisher"], FeePolicy())
    settle(CONTRACT=second.address)
    assert once() == 0
    code, told = ask("status")
    assert (code, told["chain"]) == (0, f"eip155:31337:{second.address}")
    assert ask("check")[1]["anchored"] == published


def test_a_chain_that_is_given_up(
    once: Callable[[], int], run: Run, ask: Callable[..., Answer], contract: dict[str, Any], published: int
) -> None:
    assert once() == 0
    assert run("anchor", "end")[1] == contract["chain"] + "\n"
    assert ask("status")[1]["chain"] != contract["chain"]


def test_serving_does_not_start_without_the_publisher_s_key(run: Run, settle: Callable[..., None]) -> None:
    settle(CONTRACT="0x" + 40 * "1")
    code, _, err = run("serve")
    assert code == 3
    assert "chain.account_missing" in err


def test_it_runs_until_it_is_told_to_stop(
    environment: dict[str, str], anvil: Anvil, contract: dict[str, Any], published: int
) -> None:
    ours = {"ELICENCE_CHAIN_URL": anvil.url, "ELICENCE_CHAIN_CONTRACT": contract["contract"]}
    command = [sys.executable, "-m", "tools.cli", "anchor", "run", "--interval", "0.05"]
    process = subprocess.Popen(command, env=environment | ours, stderr=subprocess.PIPE, text=True)
    try:
        chain, patience = Web3Chain(anvil.node, contract["contract"]), time.monotonic() + 60
        while chain.state(log_id(contract["origin"]), 0).newest.size < published:
            assert process.poll() is None
            assert time.monotonic() < patience
            time.sleep(0.1)
        process.terminate()
        assert process.communicate(timeout=60)[1] == ""
    finally:
        process.kill()
    assert process.returncode == 0
