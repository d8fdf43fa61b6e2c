"""A key of the house whose certificate was stopped signs no more: its successor does at once, or nobody."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from starlette.testclient import TestClient

from api.app import create_app
from api.database import Database
from api.founding import hold_ceremony, register
from api.house import House, root_keys
from api.keys_in_use import KeysInUse, KeyStopped, choose
from api.schema import Role
from api.settings import Settings
from api.timestamping import TimestampAuthorities
from ca.ceremonies import rollover
from ca.ceremonies.ceremony import Ceremony
from ca.ceremonies.names import RECEIPT, STATUS, TIMESTAMP
from ca.ceremonies.plan import load_plan
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.errors import KeyMissing
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.token import read_token
from ledger.actor import Actor
from ledger.models import EventRow
from ledger.objects.local_objects import LocalObjects
from tests.api.conftest import CEREMONY
from tools.ca.office import desk

NOW = datetime.now(UTC)
FOUNDED = NOW - timedelta(days=2)
MINUTE = timedelta(minutes=1)
LINES = (TIMESTAMP, STATUS, RECEIPT)
OFFICER = Actor(
    kind="person", id="officer-1", operator_unit=None, on_behalf_of=None, roles=frozenset({CERTIFICATE_OFFICER})
)


@pytest.fixture
def founded(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> Iterator[House]:
    """A house whose services have a successor each that most trust lists do not know yet."""
    settings = Settings(home=tmp_path)
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))
    hold_ceremony(settings, plan.model_copy(update={"seals": plan.seals[:1], "national": None}), FOUNDED)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(tmp_path / "objects"))
        register(house, FOUNDED)
        for line in LINES:
            rollover.follow(house.keys, root_keys(settings), line, FOUNDED + MINUTE)
        register(house, FOUNDED + MINUTE)
        yield house


def serial(house: House, key_name: str) -> int:
    return read_certificate(house.ceremony.certificates[key_name].cert_der).serial_number


def revoke(house: House, *names: str) -> None:
    for name in names:
        desk(house).revoke(serial(house, name), "keyCompromise", NOW, OFFICER, NOW)


def opened_later(house: House) -> House:
    return House(house.settings, house.database, house.objects)


def keys_of(house: House) -> KeysInUse:
    return KeysInUse(lambda: house.ceremony, lambda: house.database.session(Role.APP))


@pytest.mark.parametrize("line", LINES)
def test_who_is_stopped_makes_way_within_a_minute(founded: House, line: str) -> None:
    keys = keys_of(founded)

    def in_use(minutes: float) -> str:
        return keys.credential(line, NOW + minutes * MINUTE).key_name

    assert in_use(0) == line
    desk(founded).hold(serial(founded, line), NOW, OFFICER, NOW)
    assert [in_use(0.9), in_use(1)] == [line, f"{line}-2"]
    desk(founded).release(serial(founded, line), OFFICER, NOW)
    assert [in_use(1.9), in_use(2)] == [f"{line}-2", line]
    revoke(founded, line, f"{line}-2")
    with pytest.raises(KeyStopped, match=f"ca rollover follow {line}$") as caught:
        in_use(3)
    assert caught.value.message("zh").endswith(f"elicence ca rollover follow {line}")


def test_without_a_stop_the_successor_waits_for_the_trust_lists(founded: House) -> None:
    ceremony, settled = founded.ceremony, NOW + timedelta(days=founded.ceremony.plan.trust.days)
    nobody: frozenset[int] = frozenset()
    for line in LINES:
        for at, stopped, name in (
            (NOW, nobody, line),
            (settled, nobody, f"{line}-2"),
            (settled, {serial(founded, f"{line}-2")}, line),
            (NOW, {serial(founded, line)}, f"{line}-2"),
            (read_certificate(ceremony.certificates[f"{line}-2"].cert_der).not_after + MINUTE, nobody, None),
            # What stands below a stopped authority is stopped with it.
            (NOW, {serial(founded, ceremony.certificates[line].issuer)}, None),
        ):
            found = choose(ceremony, line, frozenset(stopped), at)
            assert (None if found is None else found.key_name) == name
    with pytest.raises(KeyMissing):
        choose(ceremony, "national-timestamp", nobody, NOW)


def test_who_has_ended_makes_way(founded: House) -> None:
    end = read_certificate(founded.ceremony.certificates[STATUS].cert_der).not_after
    stopped = frozenset[int]()
    ceremony = founded.ceremony
    assert choose(ceremony, STATUS, stopped, end + timedelta(seconds=30)) == ceremony.certificates[f"{STATUS}-2"]


def test_while_the_register_is_away_what_was_stopped_stays_so(founded: House, monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(founded, STATUS)
    known, unknowing = keys_of(founded), keys_of(founded)
    assert known.credential(STATUS, NOW).key_name == f"{STATUS}-2"
    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nonexistent")
    with monkeypatch.context() as away:
        away.setattr(founded.database, "engine", lambda _role: nowhere)
        assert known.credential(STATUS, NOW + MINUTE).key_name == f"{STATUS}-2"
        # Nobody is kept waiting for it, either.
        assert unknowing.credential(STATUS, NOW).key_name == STATUS
    nowhere.dispose()
    assert unknowing.credential(STATUS, NOW + MINUTE).key_name == f"{STATUS}-2"


def test_a_house_signs_with_the_successor_or_not_at_all(founded: House) -> None:
    def signers(house: House) -> list[bytes]:
        token = read_token(house.timestamps.stamp(bytes(32), NOW))
        return [token.signer_certificate, house.status_signer()[1][0], house.receipt_signer()[1][0]]

    def certificates(suffix: str) -> list[bytes]:
        return [founded.ceremony.certificates[f"{line}{suffix}"].cert_der for line in LINES]

    assert signers(opened_later(founded)) == certificates("")
    revoke(founded, *LINES)
    assert signers(opened_later(founded)) == certificates("-2")
    revoke(founded, *(f"{line}-2" for line in LINES))
    house = opened_later(founded)
    for sign in (lambda: house.timestamps.stamp(bytes(32), NOW), house.status_signer, house.receipt_signer):
        with pytest.raises(KeyStopped):
            sign()


def test_a_stopped_timestamp_key_is_not_gone_on_with(founded: House) -> None:
    """Unlike one whose token is away for a while."""
    first = founded.timestamp_authority("international")
    answers = iter([first, KeyStopped(TIMESTAMP), KeyStopped(TIMESTAMP), first])

    def find(_hierarchy: object) -> object:
        found = next(answers)
        if isinstance(found, KeyStopped):
            raise found
        return found

    authorities = TimestampAuthorities(find)  # type: ignore[arg-type]
    assert authorities.current("international", NOW) is first
    for later in (1, 1):
        with pytest.raises(KeyStopped):
            authorities.current("international", NOW + later * MINUTE)
    assert authorities.current("international", NOW + 2 * MINUTE) is first


def test_without_a_receipt_key_no_use_is_recorded_and_the_reason_is_told(founded: House) -> None:
    revoke(founded, RECEIPT, f"{RECEIPT}-2", TIMESTAMP, f"{TIMESTAMP}-2")
    house = opened_later(founded)

    def recorded() -> int:
        with house.database.session(Role.WORKER) as session:
            return session.query(EventRow).count()

    before = recorded()
    with ExitStack() as stack:
        client = TestClient(create_app(house, stack), base_url="http://127.0.0.1:8000")
        answer = client.post("/v1/verifications", content=b"%PDF-1.7\n", headers={"Content-Type": "application/pdf"})
        assert (answer.status_code, answer.json()["code"]) == (503, "house.key_stopped")
        assert answer.json()["messages"]["zh-CN"].startswith("密钥 receipt 的证书均已被吊销")
    assert recorded() == before


def test_one_look_a_minute_for_any_number_of_signatures(founded: House) -> None:
    looks = count()
    ceremony = founded.ceremony

    def sessions() -> AbstractContextManager[object]:
        next(looks)
        return founded.database.session(Role.APP)

    def newest() -> Ceremony:
        return ceremony

    keys = KeysInUse(newest, sessions)  # type: ignore[arg-type]
    for second in range(120):
        for line in LINES:
            keys.credential(line, NOW + timedelta(seconds=second))
    assert next(looks) == 2
