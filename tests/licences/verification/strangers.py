"""PDFs that others signed, with stock pyHanko, and what may lie behind their signatures."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from ca.timestamping.timestamps import TimestampAuthority
from licences.verification.report import Report
from licences.verification.sources import Absent
from seals.pdf.file import PdfFile
from seals.pdf.objects import serialise
from seals.pdf.pades import Placement
from seals.pdf.update import PdfUpdate
from tests.licences.verification.attacks import unsealed
from tests.licences.verification.sealed import NOW, render, world
from tests.licences.verification.worlds import SetSources, report
from tests.seals.house import Party
from tests.seals.pyhanko_oracle import PrivateParty, rsa_party, stock_sealer

SIGNED_AT = datetime.now(UTC).replace(microsecond=0)
"""pyHanko states the machine's own time."""
PLACE = Placement(1, 25, 40)
LATER = max(SIGNED_AT, NOW) + timedelta(hours=1)


def judged(document: bytes, policy_id: str = "seal", **asked: Any) -> Report:
    """Verify under a trust list of the day on which pyHanko signed."""
    trust = world().trust(days=3900, crl_days=3900)
    sources = SetSources(trust=trust, a_status=Absent.NO_SOURCE)
    return report(document, now=LATER, sources=sources, policy_id=policy_id, **asked)


@cache
def by_pyhanko(
    *,
    stamped: bool = True,
    licence: bool = False,
    rsa: bool = False,
    pades: bool = True,
    at: datetime = SIGNED_AT,
) -> bytes:
    """A page that pyHanko signed with the key of our seal, or by an RSA key of nobody's."""
    here = world()
    party: Party | PrivateParty = rsa_party() if rsa else Party(here.seal.signer, here.seal.chain)
    authority = TimestampAuthority(here.tsa.signer, here.tsa.chain, "2.999.3161.1") if stamped else None
    return stock_sealer(party, authority, at, pades=pades)(page(licence=licence))


def sealed_by_stock(data: bytes) -> bytes:
    """A file that pyHanko signed first, with the key of our seal."""
    here = world()
    return stock_sealer(Party(here.seal.signer, here.seal.chain), None, SIGNED_AT)(data)


def page(*, licence: bool = False) -> bytes:
    if licence:
        return render(None, "1.2.156.3005.2.x", bytes(32))
    return unsealed().replace(b"elicence", b"whatever")


def signed_again(data: bytes, *, visible: bool = False) -> bytes:
    """The same file with a second signature of pyHanko's behind the first; visible: painted over the page."""
    here = world()
    party = Party(here.other_seal.signer, here.other_seal.chain)
    return stock_sealer(party, None, SIGNED_AT, certify=False, visible=visible)(data)


def with_something_behind(data: bytes) -> bytes:
    """An incremental update that says something else of the document."""
    file = PdfFile(data)
    update = PdfUpdate(file)
    update.put(file.root, file.amended(file.root, {"Lang": serialise(b"zh-CN")}))
    return bytes(update.finish(b"somebody"))
