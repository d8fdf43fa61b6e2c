import zlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from api.database import Database
from api.schema import Role
from ledger.objects.objects import ObjectStore
from licences.acts import Grounds, Registrar
from licences.issuing_results import Issued
from licences.signed_claims import status_list_uri
from licences.status_list import BITS, LIFETIME, REFRESH, TYP, build, list_count, pack, value_of
from licences.transitions import RULES, Act, Status
from seals.jwt.jades import read_json, read_jwt
from seals.jwt.jose import b64url_decode
from tests.licences.issuing_house import BASE_URL, TOBACCO, actor, clock, open_issuer, register_seals, shop
from tests.seals.keys import NOW, seal_keys
from tests.seals.register import promiser, wrapper

SIZE = 1 << 20
GROUNDS = Grounds("测试", "行政许可法", "1号")


def unpack(packed: bytes, index: int) -> int:
    """Read one value as the draft describes it, in the other direction."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in packed)
    return int(bits[index * BITS : (index + 1) * BITS][::-1], 2)


def test_the_draft_s_own_example() -> None:
    # draft-ietf-oauth-status-list section 4.1.2: twelve statuses of two bits.
    statuses = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    assert pack(dict(enumerate(statuses)), len(statuses)) == bytes.fromhex("c944f9")


@given(st.dictionaries(st.integers(0, 40), st.integers(0, 3)), st.integers(41, 50))
def test_what_is_packed_is_read(values: dict[int, int], size: int) -> None:
    packed = pack(values, size)
    assert len(packed) == -(-size // 4)
    assert [unpack(packed, index) for index in range(size)] == [values.get(index, 0) for index in range(size)]


def test_values() -> None:
    assert {status for status in Status if value_of(status) == 0} == {Status.ACTIVE}
    assert {status for status in Status if value_of(status) == 2} == {Status.SUSPENDED}


def test_an_empty_list(database: Database) -> None:
    keys = seal_keys()
    with database.session(Role.WORKER) as session:
        token = read_jwt(build(session, keys.signer, keys.chain, BASE_URL, NOW), TYP)
        assert list_count(session) == 1
    assert token.signature_valid
    assert token.faults == ()
    assert token.payload["sub"] == f"{BASE_URL}/v1/status-lists/1"
    assert token.payload["iat"] == int(NOW.timestamp())
    assert token.payload["exp"] == int((NOW + LIFETIME).timestamp())
    assert token.payload["ttl"] == int(REFRESH.total_seconds())
    listing = token.payload["status_list"]
    assert isinstance(listing, dict)
    assert listing["bits"] == 2
    assert zlib.decompress(b64url_decode(str(listing["lst"]))) == bytes(SIZE // 4)


@pytest.fixture
def licences(database: Database, objects: ObjectStore) -> list[Issued]:
    register_seals(database)
    with open_issuer(database, objects) as issuer:
        made = issuer.issue_batch([shop(number) for number in range(5)], actor(TOBACCO), clock)
    assert all(isinstance(item, Issued) for item in made)
    return [item for item in made if isinstance(item, Issued)]


def place_of(made: Issued) -> tuple[int, str]:
    status = read_json(made.json.data).claims["status"]
    assert isinstance(status, dict)
    listed = status["status_list"]
    assert isinstance(listed, dict)
    return int(str(listed["idx"])), str(listed["uri"])


def test_every_licence_at_the_place_it_names(database: Database, licences: list[Issued]) -> None:
    registrar, keys = Registrar(wrapper(), promiser()), seal_keys()
    acts = [(), (Act.REVOKE,), (Act.SUSPEND,), (Act.ANNUL, Act.REINSTATE), (Act.SUSPEND, Act.RESUME, Act.VOID)]
    with database.session(Role.WORKER) as session:
        for made, done in zip(licences, acts, strict=True):
            for position, act in enumerate(done):
                kind = next(iter(RULES[act].kinds), None)
                moment = NOW + timedelta(minutes=1 + position)
                registrar.change_status(session, made.identifier, act, GROUNDS, actor(TOBACCO), moment, kind=kind)
    with database.session(Role.WORKER) as session:
        then = read_jwt(build(session, keys.signer, keys.chain, BASE_URL, NOW), TYP)
        now = read_jwt(build(session, keys.signer, keys.chain, BASE_URL, NOW + timedelta(hours=1)), TYP)
    for token, expected in ((then, [0, 0, 0, 0, 0]), (now, [0, 1, 2, 0, 1])):
        listing = token.payload["status_list"]
        assert isinstance(listing, dict)
        packed = zlib.decompress(b64url_decode(str(listing["lst"])))
        for made, value in zip(licences, expected, strict=True):
            index, uri = place_of(made)
            assert uri == token.payload["sub"]
            assert packed[index // 4] >> index % 4 * 2 & 3 == value
        assert sum(packed[place] >> shift & 3 > 0 for place in range(SIZE // 4) for shift in (0, 2, 4, 6)) == sum(
            value > 0 for value in expected
        )


def test_a_suspension_that_has_ended_is_not_listed(database: Database, licences: list[Issued]) -> None:
    registrar, keys = Registrar(wrapper(), promiser()), seal_keys()
    with database.session(Role.WORKER) as session:
        registrar.change_status(
            session,
            licences[0].identifier,
            Act.SUSPEND,
            GROUNDS,
            actor(TOBACCO),
            NOW + timedelta(hours=1),
            kind="seizure",
            until=NOW + timedelta(hours=2),
        )
        tokens = [
            read_jwt(build(session, keys.signer, keys.chain, BASE_URL, NOW + timedelta(hours=hours)), TYP)
            for hours in (1, 2)
        ]
    index, _ = place_of(licences[0])
    values = [
        zlib.decompress(b64url_decode(token.payload["status_list"]["lst"]))[index // 4] >> index % 4 * 2 & 3  # type: ignore[index,call-overload,arg-type]
        for token in tokens
    ]
    assert values == [2, 0]


def test_the_second_list(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    keys = seal_keys()
    with database.session(Role.OWNER) as session:
        session.execute(text("SELECT setval('licences.serial_numbers', :number)"), {"number": SIZE * 3 // 4 - 1})
    with open_issuer(database, objects) as issuer:
        made = issuer.issue_one(shop(1), actor(TOBACCO), NOW)
    assert isinstance(made, Issued)
    index, uri = place_of(made)
    assert uri == status_list_uri(BASE_URL, 2)
    with database.session(Role.WORKER) as session:
        assert list_count(session) == 2
        Registrar(wrapper(), promiser()).change_status(
            session, made.identifier, Act.REVOKE, GROUNDS, actor(TOBACCO), NOW + timedelta(minutes=1)
        )
        later = NOW + timedelta(hours=1)
        first, second = (
            read_jwt(build(session, keys.signer, keys.chain, BASE_URL, later, number=number), TYP) for number in (1, 2)
        )
    lists = [
        zlib.decompress(b64url_decode(token.payload["status_list"]["lst"]))  # type: ignore[index,call-overload,arg-type]
        for token in (first, second)
    ]
    assert second.payload["sub"] == uri
    assert lists[0] == bytes(SIZE // 4)
    assert lists[1][index // 4] >> index % 4 * 2 & 3 == 1
