import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from api.problems import STATUS, status_of
from api.systems import DoorError
from ca.errors import CAError
from ledger.errors import DomainError, LedgerError
from licences.errors import LicenceError
from seals.errors import SealError

PACKAGES = ("ledger", "ca", "seals", "licences", "api")
ROOTS = {LedgerError, CAError, SealError, LicenceError, DoorError}


def _import_all() -> None:
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if "migrations" not in module.name:
                importlib.import_module(module.name)


def _leaves(root: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in root.__subclasses__():
        if child.__module__.split(".")[0] in PACKAGES:
            yield from _leaves(child)
            if "code" in vars(child) and child not in ROOTS:
                yield child


_import_all()
ERRORS = sorted(set(_leaves(DomainError)), key=lambda error: error.code)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_every_error_has_a_status_of_its_own(error: type[DomainError]) -> None:
    status = status_of(error)
    assert status is not None, f"{error.__module__}.{error.__name__} is not in api/problems.py"
    assert 400 <= status < 500 or status == 503


def test_no_package_root_is_mapped() -> None:
    # A mapped root would let every new error through without a thought.
    assert not ROOTS & set(STATUS)


def test_codes_are_unique_and_both_languages_are_filled() -> None:
    codes = [error.code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(error.zh and error.en for error in ERRORS)
