"""Rows of the register as its users see them."""

from seals.life.grants import Authorisation, Grant, Seal
from seals.models import AuthorisationRow, GrantRow, SealRow


def seal_of(row: SealRow) -> Seal:
    """Return a seal."""
    return Seal(
        id=row.id,
        code=row.code,
        organisation=row.organisation,
        kind=row.kind,
        name=row.name,
        certificate=row.certificate,
        key_name=row.key_name,
        appearance=row.appearance,
        state=row.state,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        provider=row.provider,
        generation=row.generation,
        esl_certificate=row.esl_certificate,
        esl_key_name=row.esl_key_name,
    )


def grant_of(row: GrantRow) -> Grant:
    """Return a grant."""
    return Grant(
        id=row.id,
        seal_id=row.seal_id,
        grantee=row.grantee,
        licence_type=row.licence_type,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revoked_at=row.revoked_at,
        daily_limit=row.daily_limit,
    )


def authorisation_of(row: AuthorisationRow) -> Authorisation:
    """Return a standing authorisation."""
    return Authorisation(
        id=row.id,
        seal_id=row.seal_id,
        system=row.system,
        licence_type=row.licence_type,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        daily_cap=row.daily_cap,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        state=row.state,
    )
