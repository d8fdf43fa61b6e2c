"""A PAdES B-T seal as a service sets it, and by stock pyHanko: same page, same key, same timestamp authority."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import repeat

from api.house import House
from api.schema import Role
from ca.ceremonies.ceremony import SealCertificate
from licences.licence_type import LicenceType
from seals.life.choosing import usable_seal
from seals.pdf.placement import Placement
from tools.bench.row import Row, paired_rates
from tools.bench.stock_seal import stock_seal
from tools.demo.service import approval_system


def row(house: House, page: bytes, kind: LicenceType, seconds: float) -> Row:
    """Measure sealing one page of a licence."""
    credential = next(seal for seal in house.ceremony.seals.values() if kind.slug in seal.plan.licence_types)
    theirs = stock_seal(
        repeat(page),
        house.keys.folder.signer(credential.key_name),
        house.ceremony.chain(credential),
        house.timestamps.stamp,
    )
    ours, reference = paired_rates(our_seal(house, page, kind, credential), theirs, seconds=seconds)
    return Row("seal", ours, "seals/s", "stock pyHanko B-T", reference, (("page_kb", round(len(page) / 1024, 1)),))


def our_seal(house: House, page: bytes, kind: LicenceType, credential: SealCertificate) -> Callable[[], bytes]:
    """Return the act of sealing the page our way: the seal visible, its picture included."""
    with house.database.session(Role.WORKER) as session:
        chosen = usable_seal(
            session,
            organisation=credential.plan.uscc,
            licence_type=kind.code,
            kind=kind.seal.kind,
            actor=approval_system(house).actor_for(credential.plan.uscc),
            now=datetime.now(UTC),
        )
    sealer = house.sealing_tools(chosen.seal).pdf
    place = Placement(kind.seal.page, kind.seal.x_mm, kind.seal.y_mm)
    return lambda: sealer.seal(page, place, datetime.now(UTC)).data
