from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest

from ca.keys.software_signer import SoftwareSigner
from ledger.signing import Signer
from seals.life.grants import Seal
from seals.providers.errors import ProviderUnknown
from seals.providers.providers import SealProviders
from tests.seals.keys import NOW

KEY = SoftwareSigner.generate("ES256")


@dataclass(frozen=True)
class Shelf:
    """A provider that notes what it was asked for."""

    asked: list[tuple[str, ...]]

    def signer(self, *names: str) -> Signer:
        self.asked.append(names)
        return KEY


@dataclass(frozen=True)
class Service:
    asked: list[tuple[str, bytes]]

    def signer(self, key_name: str, certificate: bytes) -> Signer:
        self.asked.append((key_name, certificate))
        return KEY


def seal(provider: str, *, national: bool = False) -> Seal:
    return Seal(
        id=uuid4(),
        code="99010100000001",
        organisation="11990100MB9T00011N",
        kind="special",
        name="测试章",
        certificate=b"certificate",
        key_name="key",
        appearance=b"",
        state="active",
        valid_from=NOW,
        valid_until=NOW + timedelta(days=1),
        provider=provider,
        esl_certificate=b"national certificate" if national else None,
        esl_key_name="national key" if national else None,
    )


def test_a_seal_is_used_through_whoever_holds_its_keys() -> None:
    shelf, service = Shelf([]), Service([])
    providers = SealProviders(shelf, {"province": service})
    for provider in ("local", "province"):
        assert providers.signer(seal(provider)) is KEY
        assert providers.national_signer(seal(provider, national=True)) is KEY
        assert providers.national_signer(seal(provider)) is None
    assert shelf.asked == [("key",), ("national key",)]
    assert service.asked == [("key", b"certificate"), ("national key", b"national certificate")]


def test_no_service_takes_the_place_of_our_own_keys() -> None:
    shelf, service = Shelf([]), Service([])
    SealProviders(shelf, {"local": service}).signer(seal("local"))
    assert (len(shelf.asked), len(service.asked)) == (1, 0)


def test_a_provider_that_nobody_named_is_said_by_name() -> None:
    providers = SealProviders(Shelf([]), {})
    for asking in (providers.signer, providers.national_signer):
        with pytest.raises(ProviderUnknown) as told:
            asking(seal("province", national=True))
        assert "province" in told.value.message("zh")
        assert "province" in told.value.message("en")
