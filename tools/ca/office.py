"""The operator at the certificate desk: who acts, with which keys, and which certificate is meant."""

import re
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from api.schema import Role
from ca import store
from ca.algorithms import signatures
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.desk.issuance import CertificateDesk
from ca.desk.publishing import CrlPublisher
from ca.models import CertificateRow
from ca.store import browsing
from ca.writing.locations import Locations
from ledger.actor import Actor
from tools.ca.errors import CertificateAmbiguous, CertificateNotFound
from tools.moments import MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from api.house import House
    from ca.ceremonies.names import Role as AuthorityRole

OFFICER: Final = Actor(
    kind="person", id="operator", operator_unit=None, on_behalf_of=None, roles=frozenset({CERTIFICATE_OFFICER})
)
"""The operator of this installation: accounts of persons come with their log-in."""

DEFAULT_DAYS: Final = 365
_SERIAL: Final = re.compile(r"[0-9a-f]{4,40}")


def desk(house: "House") -> CertificateDesk:
    """Return the desk of a house, which works with the keys that are on line."""
    return CertificateDesk(
        sessions=lambda: house.database.session(Role.WORKER),
        signers=house.keys.signer,
        wrapper=house.wrapper,
        promiser=house.promiser,
        locations=partial(Locations.of, house.ceremony.plan.base_url),
    )


def active_authority(house: "House", role: "AuthorityRole", public_key: bytes) -> str:
    """Return the authority that issues now, of the hierarchy that the key (DER) belongs to."""
    found = signatures.key_kind(public_key)
    hierarchy = "national" if found is not None and found[0] == "SM2" else "international"
    with house.database.session(Role.WORKER) as session:
        rows = store.authorities(session)
    active = (row.id for row in rows if (row.role, row.hierarchy, row.state) == (role, hierarchy, "active"))
    return next(active, f"{hierarchy} {role}")


def publisher(house: "House") -> CrlPublisher:
    """Return who signs and keeps a house's revocation lists."""
    return CrlPublisher(lambda: house.database.session(Role.WORKER), house.keys.signer)


def find(session: "Session", name: str) -> CertificateRow:
    """Return the certificate that is meant: by the beginning of its serial number, or by the name of its key.

    Raises CertificateNotFound, CertificateAmbiguous.
    """
    digits = name.lower().replace(":", "")
    found = list(browsing.certificates_beginning(session, digits)) if _SERIAL.fullmatch(digits) else []
    named = store.certificate_by_key_name(session, name)
    if named is not None and named not in found:
        found.append(named)
    if len(found) > 1:  # a key may be called "cafe": nothing is revoked by a guess
        raise CertificateAmbiguous(name)
    if not found:
        raise CertificateNotFound(name)
    return found[0]


def validity(command: "Callable[..., None]") -> "Callable[..., None]":
    """Give a command the options of a validity, for `end_of`: `days` and `until`."""
    days = click.option(
        "--days", type=click.IntRange(1, 7320), help=f"How long it holds; default {DEFAULT_DAYS} days. 有效天数"
    )
    until = click.option("--until", type=MOMENT, help="Or until when: 2028-01-01T00:00:00+08:00. 有效期至")
    return days(until(command))


def end_of(now: datetime, days: int | None, until: datetime | None) -> datetime:
    """Return when a validity ends that begins now."""
    if days is not None and until is not None:
        raise click.UsageError("--days 与 --until 只能选一个 / give either --days or --until, not both")
    return until or now + timedelta(days=days or DEFAULT_DAYS)
