"""Licences sealed before and after the authorities and the root were followed by others: no day on which they are not valid."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ca.ceremonies import rollover
from ca.ceremonies.ceremony import Ceremony, perform
from ca.ceremonies.plan import load_plan
from ca.ceremonies.trust_making import make_trust, trust_end
from ca.judging.trust import TrustList, load_trust
from ca.keys.folder import KeyFolder
from ca.keys.passphrase import Cost
from ca.keys.ring import KeyRing
from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import Authority, DistinguishedName, issue
from ca.writing.profiles import SEAL
from ca.writing.revocation import make_crl
from ledger.formats.notes import NoteSigner
from licences.verification.sources import StatusToken
from tests.licences.verification.sealed import BUREAU, NOW, ORIGIN, SEALED_AT, Party, Sealed, World, seal
from tests.licences.verification.worlds import SetSources, report

PLAN = Path(__file__).parents[3] / "tools" / "demo" / "ceremony.yaml"
CHEAP = Cost(log_n=1, r=1, p=1)
FOUNDED = NOW - timedelta(days=800)
ROOT_FOLLOWED = NOW - timedelta(days=400)
ROLLED = SEALED_AT + timedelta(days=2)
SEALED_AGAIN = SEALED_AT + timedelta(days=5)
LAST = SEALED_AT + timedelta(days=6)
NAME = DistinguishedName("99010000000001", f"{BUREAU}测试市自然资源和规划局")


class House:
    """A house's keys, and the world of the moment: who seals, stamps and signs lists now."""

    def __init__(self, folder: Path) -> None:
        self.ring = KeyRing(KeyFolder(folder, b"passphrase", CHEAP))
        self.offline = KeyFolder(folder / "root", b"passphrase", CHEAP)
        whole = load_plan(PLAN.read_text(encoding="utf-8"))
        plan = whole.model_copy(update={"seals": whole.seals[:1], "national": None})
        self.ceremony: Ceremony = perform(plan, self.ring, self.offline, FOUNDED)

    def follow_root(self, now: datetime) -> None:
        self.ceremony = rollover.follow_root(self.ring, self.offline, "international", now)

    def roll(self, now: datetime) -> None:
        """Follow everything below the root that has to do with licences."""
        for line in ("issuing-seals", "issuing-systems", "timestamp", "trust", "status"):
            self.ceremony = rollover.follow(self.ring, self.offline, line, now)

    def party(self, line: str, now: datetime) -> Party:
        one = self.ceremony.in_use(line, now)
        return Party(self.ring.signer(one.key_name), self.ceremony.chain(one))

    def world(self, now: datetime) -> World:
        authority = self.ceremony.authority("seals")
        signer = SoftwareSigner.generate("ES256")
        issuer = Authority(authority.cert_der, self.ring.signer(authority.key_name))
        leaf = issue(SEAL, NAME, signer.public_key, issuer, now, now + timedelta(days=1000))
        sealer = Party(signer, self.ceremony.chain_of(leaf))
        root = Party(self.offline.signer(self.ceremony.root.key_name), self.ceremony.chain(self.ceremony.root))
        return World(
            root=root,
            issuing=self.party("issuing-seals", now),
            tsa=self.party("timestamp", now),
            seal=sealer,
            other_seal=sealer,
            status=self.party("status", now),
            lister=self.party("trust", now),
            log=NoteSigner(ORIGIN, self.ring.signer("log")),
        )

    def trust(self, now: datetime) -> TrustList:
        """The trust list as the house would publish it now."""
        lists = {one.key_name: self.ceremony.crls[one.key_name] for one in self.ceremony.generations("root")}
        until = trust_end(self.ceremony.plan, lists.values(), now)
        for one in self.ceremony.authorities():
            if one.key_name not in lists:
                lists[one.key_name] = make_crl(
                    Authority(one.cert_der, self.ring.signer(one.key_name)), 7, (), now, until
                )
        log_keys = load_trust(self.ceremony.trust, now).log_keys
        signer = self.ring.signer(self.ceremony.trust_signer.key_name)
        return load_trust(make_trust(self.ceremony, lists.values(), log_keys, signer, (now, until)), now)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[World, Sealed, TrustList]]:
    """What was sealed before and after, with the trust list of that day."""
    house = House(tmp_path_factory.mktemp("rolled") / "keys")
    before = house.world(FOUNDED)
    house.follow_root(ROOT_FOLLOWED)
    first = seal(within=before), house.trust(SEALED_AT)
    house.roll(ROLLED)
    after = house.world(SEALED_AGAIN - timedelta(hours=1))
    second = seal(within=after, at=SEALED_AGAIN), house.trust(LAST)
    assert before.seal.chain[-1] != after.seal.chain[-1]
    return {"before": (before, *first), "after": (after, *second)}


@pytest.mark.parametrize("days", [0, 30, 200, 365])
@pytest.mark.parametrize(
    ("document", "trust", "status"),
    [
        ("before", "before", "before"),
        ("before", "after", "before"),
        ("before", "after", "after"),
        ("after", "after", "after"),
        ("after", "after", "before"),
    ],
)
def test_licences_of_before_and_after_stay_valid(
    sealed: dict[str, tuple[World, Sealed, TrustList]], document: str, trust: str, status: str, days: int
) -> None:
    now = LAST + timedelta(days=days)
    _, made, _ = sealed[document]
    world, _, _ = sealed[status]
    status_list = StatusToken(world.status_list(issued_at=now - timedelta(hours=1)))
    sources = SetSources(trust=sealed[trust][2], a_status=status_list)
    for data in (made.pdf.data, made.json.flattened):
        found = report(data, now=now, sources=sources)
        if trust == "before" and days == 365:
            # The earlier list has run out by now: it gives no verdict, and the newer one does.
            assert found.check("trust.path").code == "TRUST_LIST_EXPIRED"
            continue
        assert (found.verdict, found.reason) == ("valid", "licence.valid"), found.as_json()


def test_under_the_earlier_list_what_was_sealed_later_is_undecided_at_most(
    sealed: dict[str, tuple[World, Sealed, TrustList]],
) -> None:
    """Whoever has not fetched the new list yet is told so, and not that a genuine licence is forged."""
    _, made, _ = sealed["after"]
    world, _, old = sealed["before"]
    sources = SetSources(trust=old, a_status=StatusToken(world.status_list(issued_at=LAST)))
    found = report(made.pdf.data, now=LAST, sources=sources)
    assert (found.verdict, found.check("trust.revocation").code) == ("indeterminate", "REVOCATION_UNKNOWN")


def test_a_year_later_everything_new_is_in_use(tmp_path: Path) -> None:
    house = House(tmp_path / "keys")
    house.follow_root(ROOT_FOLLOWED)
    house.roll(ROLLED)
    lines = ("root", "timestamp", "status", "receipt")
    assert [house.ceremony.in_use(line, LAST).key_name for line in lines] == [
        "root-2",
        "timestamp",
        "status",
        "receipt",
    ]
    later = ROLLED + timedelta(days=366)
    assert [house.ceremony.in_use(line, later).key_name for line in lines] == [
        *("root-2", "timestamp-2", "status-2", "receipt"),
    ]
    world, trust = house.world(later), house.trust(later)
    assert world.tsa.chain[-1] == house.ceremony.root.cert_der
    made = seal(within=world, at=later)
    sources = SetSources(trust=trust, a_status=StatusToken(world.status_list(issued_at=later)))
    assert report(made.pdf.data, now=later, sources=sources).verdict == "valid"
