"""The queries of this package: what was issued, what is revoked, what was published. Nothing here commits."""

from ca.store.ceremonies import register_ceremony
from ca.store.issued import (
    authorities,
    authority,
    authority_certificate,
    certificate_by_key_name,
    certificate_by_serial,
    certificates,
    serial_text,
)
from ca.store.lists import crl_of, last_trust_number, newest_trust, store_trust
from ca.store.revocations import history, revoked_of, standing, statuses, stopped

__all__ = [
    "authorities",
    "authority",
    "authority_certificate",
    "certificate_by_key_name",
    "certificate_by_serial",
    "certificates",
    "crl_of",
    "history",
    "last_trust_number",
    "newest_trust",
    "register_ceremony",
    "revoked_of",
    "serial_text",
    "standing",
    "statuses",
    "stopped",
    "store_trust",
]
