"""The one form of packages that we sealed, by which bytes are judged that no digest covers: container and open list."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from seals.ofd.package import OfdPackage
from seals.ofd.signatures import ListedSignature, last_number, sign_id, write_list

if TYPE_CHECKING:
    from seals.ofd.evidence import OfdSignature

PROVIDER: Final = "elicence"
"""By this name in a signed Signature.xml we know packages of our own, which have one form only."""

_OUR_FOLDER: Final = re.compile(r".*/Sign_([1-9]\d{0,8})/Signature\.xml", re.ASCII)


def form_faults(package: OfdPackage, signatures: Sequence["OfdSignature"], lists: Sequence[str]) -> tuple[str, ...]:
    """Find what our writer would have written otherwise; container and list are its own only if it wrote last."""
    ours = [one for one in signatures if one.is_ours]
    faults = ["coverage" for one in ours if one.uncovered]
    faults += [f"value.{fault}" for one in ours if one.value is not None for fault in one.value.faults]
    newest = [one for one in signatures if not any(_covers_other(other, one) for other in signatures)]
    if newest and all(one.is_ours for one in newest):
        if not package.is_canonical:
            faults.append("container")
        if len(lists) != 1 or package.file(lists[0]) != _expected_list(signatures):
            faults.append("list")
    return tuple(dict.fromkeys(faults))


def _covers_other(later: "OfdSignature", one: "OfdSignature") -> bool:
    return later.path != one.path and later.description.covers(one.path)


def _expected_list(signatures: Sequence["OfdSignature"]) -> bytes:
    """Return the list that we would have written: our ids say again what the folder is called, which is signed."""
    listed = [ListedSignature(_our_id(one.path), "Seal", one.path) if one.is_ours else one.listed for one in signatures]
    return write_list(listed, last_number(listed, (one.description for one in signatures)))


def _our_id(path: str) -> str:
    match = _OUR_FOLDER.fullmatch(path)
    return "" if match is None else sign_id(int(match[1]))
