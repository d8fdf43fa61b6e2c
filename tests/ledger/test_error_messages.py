"""Every refusal of this package has a code of its own and says what is wrong in two languages."""

import importlib
import pickle
import pkgutil
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

import ledger
from ledger.errors import LedgerError

for module in pkgutil.iter_modules(ledger.__path__):
    importlib.import_module(f"ledger.{module.name}")
importlib.import_module("ledger.anchor.errors")

EXAMPLES: dict[Any, object] = {int: 7, str: "x", UUID: UUID(int=7)}


def subclasses(of: type[LedgerError]) -> list[type[LedgerError]]:
    return [found for child in of.__subclasses__() for found in [child, *subclasses(child)]]


OURS = [error for error in subclasses(LedgerError) if error.__module__.startswith("ledger.")]


@pytest.mark.parametrize("error", OURS)
def test_it_speaks_both_languages_and_survives_a_process_border(error: type[LedgerError]) -> None:
    made = error(**{field.name: EXAMPLES[field.type] for field in fields(error)})
    assert any("\u4e00" <= character <= "\u9fff" for character in made.message("zh"))
    assert made.message("en").isascii()
    assert "{" not in made.message("zh") + made.message("en")
    assert str(pickle.loads(pickle.dumps(made))) == str(made)


def test_codes_are_stable_names_given_once() -> None:
    codes = [error.code for error in OURS]
    assert len(set(codes)) == len(codes) > 20
    assert all(code.startswith(("ledger.", "objects.")) for code in codes)
