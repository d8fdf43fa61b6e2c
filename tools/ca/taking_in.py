"""`elicence ca take-in-crl`: after a restore, what was revoked since the backup, from what was published."""

from datetime import UTC, datetime
from pathlib import Path

import click

from api.house import House
from api.schema import Role
from ca.desk.taking_in import PublishedLists, TakenInList
from ca.encoding import pem
from ca.judging.trust import load_trust
from ledger.errors import Language
from tools.ca.answering import Answer, answering, language_of, tell
from tools.ca.office import OFFICER
from tools.opening import opened_house
from tools.sequencing import Sequencing

_LABELS = ("X509 CRL",)


@click.command("take-in-crl")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@answering
def take_in_crl(files: tuple[Path, ...], lang: Language | None, *, as_json: bool) -> None:
    """After a restore: take revocations back in from our own published lists (PEM or DER), or from trust lists.

    恢复备份后取回已发布的吊销信息：FILES 为本机构发布过的吊销列表或信任列表。Do it before anything is published: counterparts have
    the last lists, as `curl` fetched them from /pki/AUTHORITY.crl or /v1/trust. Of certificates that the backup does not
    hold the revocation is kept all the same. A certificate that was released since is only named: release it again.
    """
    language, now = language_of(lang), datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        desk = PublishedLists(
            lambda: house.database.session(Role.WORKER), house.wrapper, house.promiser, house.ceremony.crls
        )
        taken = [desk.take_in(der, OFFICER, now) for path in files for der in _lists(house, path.read_bytes(), now)]
    lines = [line for one in taken for line in _lines(one, zh=language == "zh")]
    tell([_json(one) for one in taken], lines, as_json=as_json)


def _lists(house: House, data: bytes, now: datetime) -> tuple[bytes, ...]:
    """Return the lists of a file; of a trust list those of our own authorities. Raises DerInvalid, TrustListInvalid."""
    if not data.lstrip().startswith(b"{"):
        return (pem.one(data, _LABELS),)
    trust = load_trust(data, now)
    ours = {one.cert_der for one in house.ceremony.authorities()}
    return tuple(crl for crl in trust.crls if _is_of(crl, ours))


def _is_of(crl: bytes, authorities: set[bytes]) -> bool:
    """Say whether one of the authorities (DER) has signed a list: a trust list holds those of others, too."""
    from ca.judging.revocation_crls import list_signed_by
    from ca.reading.certificate_reader import read_certificate

    return any(list_signed_by(crl, read_certificate(one).public_key) for one in authorities)


def _json(taken: TakenInList) -> Answer:
    return {
        "authority": taken.authority,
        "number": taken.number,
        "entries": taken.entries,
        "revoked": list(taken.revoked),
        "lost": list(taken.lost),
        "held": list(taken.held),
    }


def _lines(taken: TakenInList, *, zh: bool) -> list[str]:
    head = f"{taken.authority}  {taken.number}  " + (
        f"共 {taken.entries} 项，取回 {len(taken.revoked) + len(taken.lost)} 项"
        if zh
        else f"{taken.entries} entries, {len(taken.revoked) + len(taken.lost)} taken back in"
    )
    marks = (
        (taken.revoked, "吊销或暂停" if zh else "revoked or held"),
        (taken.lost, "备份中已无该证书" if zh else "its certificate is not in the backup"),
        (taken.held, "其后曾恢复，请核实后办理恢复" if zh else "was released since: look, and release it again"),
    )
    return [head, *(f"  {serial}  {mark}" for serials, mark in marks for serial in serials)]
