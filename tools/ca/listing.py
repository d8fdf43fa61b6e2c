"""`elicence ca list`: the certificates issued here, and the authorities."""

from datetime import UTC, datetime
from typing import Final, cast

import click
from sqlalchemy.orm import Session

from api.schema import Role
from ca import store
from ca.models import AuthorityRow, CrlRow
from ca.store import browsing
from ca.writing.profiles import PROFILES
from ledger.errors import Language
from tools.ca.answering import Answer, answering, language_of, table, tell, told, written
from tools.ca.certificate_telling import certificate_cells, certificate_heads, certificate_json
from tools.opening import opened_house

_AUTHORITY_HEADS: Final = {
    "zh": ("机构", "体系", "签发", "状态", "列表号", "列表有效期至"),
    "en": ("authority", "hierarchy", "issues", "state", "list", "list until"),
}


@click.command("list")
@click.option("--authorities", is_flag=True, help="The authorities, with their revocation lists. 列出认证机构")
@click.option("--authority", metavar="NAME", help="Issued by this one only. 仅此机构签发的")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), help="Of this kind only. 仅此类别")
@click.option(
    "--standing", type=click.Choice(["good", "on_hold", "revoked", "expired"]), help="In this standing only. 仅此状态"
)
@click.option("--subject", metavar="TEXT", help="Whose name has this part. 主体名称包含")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="At the most. 最多条数")
@answering
def list_(
    authority: str | None,
    profile: str | None,
    standing: str | None,
    subject: str | None,
    limit: int,
    lang: Language | None,
    *,
    authorities: bool,
    as_json: bool,
) -> None:
    """List the certificates issued here, the newest first.

    列出已签发的证书，最新的在前。The serial number is cut after 16 digits, which name a certificate to every command;
    with --json it is whole.
    """
    language, now = language_of(lang), datetime.now(UTC)
    with opened_house() as house, house.database.session(Role.WORKER) as session:
        if authorities:
            _tell_authorities(session, language, as_json=as_json)
            return
        wanted = cast("browsing.Standing | None", standing)
        found = browsing.search(
            session, now, limit, authority=authority, profile=profile, standing=wanted, subject=subject
        )
        rows = [certificate_cells(row, revocation, now, language) for row, revocation in found]
        answer = [certificate_json(row, revocation, now) for row, revocation in found]
    tell(answer, table(certificate_heads(language), rows), as_json=as_json)


def _tell_authorities(session: Session, language: Language, *, as_json: bool) -> None:
    found = [(row, store.crl_of(session, row.id)) for row in store.authorities(session)]
    rows = [_authority_cells(row, crl) for row, crl in found]
    tell([_authority_json(row, crl) for row, crl in found], table(_AUTHORITY_HEADS[language], rows), as_json=as_json)


def _authority_cells(row: AuthorityRow, crl: CrlRow | None) -> tuple[str, ...]:
    number, until = ("-", "-") if crl is None else (str(crl.number), told(crl.next_update))
    return row.id, row.hierarchy, row.role, row.state, number, until


def _authority_json(row: AuthorityRow, crl: CrlRow | None) -> Answer:
    return {
        "id": row.id,
        "hierarchy": row.hierarchy,
        "role": row.role,
        "generation": row.generation,
        "state": row.state,
        "serial_number": row.serial_number,
        "crl_number": None if crl is None else crl.number,
        "crl_next_update": None if crl is None else written(crl.next_update),
        # Whether the list tells of everything that is revoked.
        "crl_complete": crl is not None and crl.revision >= row.revision,
    }
