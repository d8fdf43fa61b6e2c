"""Every query on the seal register. Nothing here commits."""

from seals.store.organisations import organisation_names, organisation_on
from seals.store.seals import grants_of, national_form, newest_by_code, seal_by_code, seal_by_id, seals_by_id
from seals.store.uses import open_uses

__all__ = [
    "grants_of",
    "national_form",
    "newest_by_code",
    "open_uses",
    "organisation_names",
    "organisation_on",
    "seal_by_code",
    "seal_by_id",
    "seals_by_id",
]
