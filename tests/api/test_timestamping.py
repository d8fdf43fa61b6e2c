"""A timestamp key that follows another is used by seals and by the door alike, without a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.founding import hold_ceremony
from api.house import House, root_keys
from api.settings import Settings
from ca.ceremonies import rollover
from ca.ceremonies.plan import load_plan
from ca.keys.ring import KeyRing
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.token import read_token
from ledger.signing import Signer
from tests.api.conftest import CEREMONY


def test_seals_and_the_door_follow_the_key_in_use(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    begin = now - timedelta(days=400)
    settings = Settings(home=tmp_path)
    hold_ceremony(settings, load_plan((Path(__file__).parents[2] / CEREMONY).read_text()), begin)
    own = House(settings, house.database, house.objects)
    opened: list[str] = []
    signer = KeyRing.signer

    def noted(ring: KeyRing, name: str) -> Signer:
        opened.append(name)
        return signer(ring, name)

    monkeypatch.setattr(KeyRing, "signer", noted)
    stamp = own.timestamps.stamp  # as a sealer keeps it

    def stamped_by(at: datetime) -> bytes:
        return read_token(stamp(bytes(32), at)).signer_certificate

    first = own.ceremony.certificates["timestamp"].cert_der
    for seconds in (0, 1, 59, 61, 200, 10):
        assert stamped_by(now + timedelta(seconds=seconds)) == first
    assert opened == ["timestamp"], "looked at again, and not opened again"

    rollover.follow(own.keys, root_keys(settings), "timestamp", begin + timedelta(days=1))
    second = own.ceremony.certificates["timestamp-2"].cert_der
    assert read_certificate(second).not_before < now - timedelta(days=own.ceremony.plan.trust.days)
    opened.clear()
    assert stamped_by(now + timedelta(seconds=60)) == first
    assert stamped_by(now + timedelta(seconds=120)) == second
    assert own.timestamp_authorities.current("international", now + timedelta(seconds=121)) is (
        own.timestamp_authority("international")
    )
    assert opened == ["timestamp-2"]
