from collections.abc import Iterator

import pytest

from api.database import Database
from ledger.objects.objects import ObjectStore
from licences.issuing import Issuer
from tests.licences.issuing_house import open_issuer, register_seals


@pytest.fixture
def issuer(database: Database, objects: ObjectStore) -> Iterator[Issuer]:
    """An issuer over a register with a granted seal for every unit of the samples."""
    register_seals(database)
    with open_issuer(database, objects) as issuer:
        yield issuer
