"""Verification on line over a log that is anchored on a real chain: the row of the report at every stage."""

from datetime import datetime, timedelta

import pytest

from api.database import Database
from api.schema import Role
from ledger.anchor import store
from ledger.anchor.administration import deploy, set_publisher
from ledger.anchor.anchorer import Anchorer, AnchorPolicy
from ledger.anchor.embedded import embedded_node, funded_account
from ledger.anchor.fees import FeePolicy
from ledger.formats.notes import Vkey
from ledger.objects.objects import ObjectStore
from licences.issuing_results import Issued
from licences.verification.report import CheckResult
from tests.licences import samples
from tests.licences.issuing_house import register_seals
from tests.licences.test_verification_sources import LATER, LOG, ORIGIN, Register


@pytest.fixture
def register(database: Database, objects: ObjectStore) -> Register:
    register_seals(database)
    return Register(database, objects)


@pytest.fixture
def anchorer(register: Register) -> Anchorer:
    node = embedded_node()
    administrator, publisher = funded_account(node), funded_account(node)
    chain, _ = deploy(node, administrator, FeePolicy())
    set_publisher(chain, administrator, ORIGIN, publisher.address, FeePolicy())
    return Anchorer(
        sessions=lambda: register.database.session(Role.WORKER),
        objects=register.objects,
        vkey=Vkey.of(ORIGIN, LOG),
        chain=chain,
        account=publisher,
        policy=AnchorPolicy(every=timedelta()),
    )


def row(register: Register, document: bytes, now: datetime = LATER) -> CheckResult:
    return register.verify(document, now).check("ledger.anchor")


def test_from_issue_to_the_chain_and_after(register: Register, anchorer: Anchorer) -> None:
    request = samples.request(samples.SLUGS[0])
    (licence,) = register.issue(request, issuer=request.issuer)
    assert row(register, licence.json.data).outcome == "not_applicable"
    register.sequence()
    assert row(register, licence.json.data).code == "NO_CHAIN"
    anchorer.run_once(LATER)
    assert row(register, licence.json.data).code == "NOT_ANCHORED_YET"
    look = anchorer.run_once(LATER)
    for document in (licence.json.data, licence.pdf.data):
        found = row(register, document)
        assert (found.outcome, found.at, found.evidence["size"]) == ("passed", LATER, look.size)
    # A later licence is not on it yet, and the earlier one still is: the proof is of a larger log now.
    other = samples.request(samples.SLUGS[1])
    (second,) = register.issue(other, issuer=other.issuer)
    register.sequence()
    assert row(register, second.json.data).code == "NOT_ANCHORED_YET"
    assert row(register, licence.json.data).outcome == "passed"
    # Nobody looks any more.
    assert row(register, licence.json.data, LATER + timedelta(hours=1)).code == "CHAIN_UNREACHABLE"


def anchored_licence(register: Register, anchorer: Anchorer) -> tuple[Issued, store.Look]:
    request = samples.request(samples.SLUGS[0])
    (licence,) = register.issue(request, issuer=request.issuer)
    register.sequence()
    anchorer.run_once(LATER)
    return licence, anchorer.run_once(LATER)


def see(register: Register, look: store.Look, size: int, root: bytes) -> None:
    with register.database.session(Role.WORKER) as session:
        store.write_look(session, store.Look(look.chain, LATER, size, root, size, look.block_number))


def test_a_chain_that_holds_another_log(register: Register, anchorer: Anchorer) -> None:
    licence, look = anchored_licence(register, anchorer)
    for size in (look.size, look.size - 1):
        see(register, look, size, b"\x66" * 32)
        found = register.verify(licence.pdf.data)
        assert (found.check("ledger.anchor").code, found.verdict) == ("ROOT_DIFFERS", "invalid")
        assert found.reason == "ledger.root_differs"


def test_a_published_log_that_is_behind_the_chain_accuses_nobody(register: Register, anchorer: Anchorer) -> None:
    """A backup was brought back: what lies between cannot be compared, and that is no licence holder's fault."""
    licence, look = anchored_licence(register, anchorer)
    see(register, look, look.size + 5, b"\x66" * 32)
    found = register.verify(licence.pdf.data)
    assert (found.check("ledger.anchor").code, found.verdict) == ("NOT_COMPARABLE", "valid")
