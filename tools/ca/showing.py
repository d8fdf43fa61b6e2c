"""`elicence ca show`: one certificate, with its history."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from api.schema import Role
from ca import store
from ca.encoding import pem
from ca.models import CertificateRow, RevocationRow
from ca.store import browsing
from ledger.errors import Language
from tools.ca.answering import answering, facts, language_of, tell, told
from tools.ca.certificate_telling import (
    certificate_base64,
    certificate_json,
    history_lines,
    revocation_json,
    standing_of,
    standing_text,
)
from tools.ca.office import find
from tools.opening import opened_house
from tools.whole_files import write_whole


@click.command()
@click.argument("certificate")
@click.option("--pem", "as_pem", is_flag=True, help="The certificate itself, as PEM. 输出 PEM 证书")
@click.option("--chain", is_flag=True, help="Its authorities too, as PEM, up to the root. 连同各级上级证书")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The PEM into a file. 写入文件")
@answering
def show(
    certificate: str, output: Path | None, lang: Language | None, *, as_pem: bool, chain: bool, as_json: bool
) -> None:
    """Show CERTIFICATE: what it says, how it stands, what became of it.

    显示一张证书的内容、状态与历史。
    """
    language, now = language_of(lang), datetime.now(UTC)
    with opened_house() as house, house.database.session(Role.WORKER) as session:
        row = find(session, certificate)
        if as_pem or chain or output is not None:
            _write(_pem(session, row, chain=chain), output)
            return
        history = store.history(session, int(row.serial_number, 16))
        standing = next((one for one in history if one.lifted_at is None), None)
        after = browsing.successor(session, row.serial_number)
        replaced_by = None if after is None else after.serial_number
        answer = certificate_json(row, standing, now) | {
            "replaced_by": replaced_by,
            "history": [revocation_json(one) for one in history],
            "certificate": certificate_base64(row),
        }
        state = standing_text(standing_of(row, standing, now), language)
        lines = _lines(row, state, history, replaced_by, language)
    tell(answer, lines, as_json=as_json)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text.encode("ascii"))


def _pem(session: Session, row: CertificateRow, *, chain: bool) -> str:
    rows = [row]
    while chain and rows[-1].issuer_serial != rows[-1].serial_number:
        above = store.certificate_by_serial(session, int(rows[-1].issuer_serial, 16))
        assert above is not None
        rows.append(above)
    return "".join(pem.encode("CERTIFICATE", one.der).decode("ascii") for one in rows if one.der is not None)


def _lines(
    row: CertificateRow, state: str, history: Sequence[RevocationRow], replaced_by: str | None, language: Language
) -> list[str]:
    zh = language == "zh"
    pairs = [
        ("序列号" if zh else "serial number", row.serial_number),
        ("主体" if zh else "subject", row.subject),
        ("类别" if zh else "profile", row.profile),
        ("签发机构" if zh else "authority", row.authority),
        ("密钥" if zh else "key", row.key_name or ("由主体自持" if zh else "the subject's own")),
        ("有效期" if zh else "valid", f"{told(row.not_before)} – {told(row.not_after)}"),
        ("状态" if zh else "standing", state),
        ("替换" if zh else "replaces", row.replaces or ""),
        ("后继" if zh else "replaced by", replaced_by or ""),
        *(("历史" if zh else "history", line) for line in history_lines(history, language)),
    ]
    return facts([pair for pair in pairs if pair[1]])
