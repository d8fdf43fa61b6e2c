"""`elicence seals import` and `export`: seals that were made elsewhere, and ours for elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import click

from ca.outside.foreign_chain import certificates_in
from ca.reading.certificate_reader import read_certificate
from ledger.actor import Uscc
from ledger.errors import Language
from seals.life.roles import SEAL_CUSTODIAN
from seals.models import SEAL_KINDS, SealRow
from seals.providers.errors import NationalSealMissing
from seals.providers.providers import LOCAL
from seals.ses.reader import MAX_SIZE, SesSeal, read_seal
from tools.ca.answering import answering, facts, language_of, tell
from tools.ca.office import OFFICER
from tools.opening import opened_house
from tools.seals.custody import FILE, ID, Acting, acting, find, now_utc, read_within, worker_session
from tools.seals.errors import LeafUnclear, PictureMissing
from tools.seals.telling import KINDS, Told, name_of, period, seal_json, word
from tools.sequencing import Sequencing
from tools.whole_files import write_whole

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.house import House
    from ca.outside.foreign import TakenIn
    from ledger.actor import Actor
    from seals.life.grants import Seal
    from seals.life.registry import NewSeal
    from seals.providers.importing import Examined, HandedOver, NationalSeal

_MOST_OF_A_CHAIN: Final = 1 << 20
"""What readers of certificates take, in bytes."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option(
    "--root-sha256",
    required=True,
    metavar="HEX",
    help="Fingerprint of the root, as its authority publishes it. 根证书的 SHA-256 指纹",
)
@click.option("--kind", required=True, type=click.Choice(SEAL_KINDS), help="Kind of seal. 印章类型")
@click.option("--name", required=True, metavar="TEXT", help="Full name of the seal. 印章全称")
@click.option(
    "--provider",
    default=LOCAL,
    show_default=True,
    metavar="NAME",
    help="Who holds its keys: local, or a seal service. 密钥保管方",
)
@click.option("--key", required=True, metavar="NAME", help="By which name. 密钥名称")
@click.option("--esl", type=FILE, help="The national seal. 国密电子印章（.esl）")
@click.option("--esl-key", metavar="NAME", help="The key that signs under it. 国密签名密钥名称")
@click.option("--esl-certificate", type=FILE, help="Its certificate, if the seal names several. 国密签名证书")
@click.option("--picture", type=FILE, help="One-page PDF; default: that of the national seal. 印章图形（单页 PDF）")
@click.option(
    "--application",
    type=ID,
    help="The approved application that it was made for, such as one to replace a seal. 对应的已批准申请",
)
@acting
@answering
def import_(
    files: tuple[Path, ...],
    root_sha256: str,
    kind: str,
    name: str,
    provider: str,
    key: str,
    esl: Path | None,
    esl_key: str | None,
    esl_certificate: Path | None,
    picture: Path | None,
    application: UUID | None,
    actor: str,
    unit: Uscc | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Bring in a seal that was made elsewhere: its certificate and those above it, root included, from FILES.

    导入外部制作的印章：印章证书及各级上级证书（含根证书）、国密电子印章、密钥所在的服务。Everything is examined before anything is
    written, and each key must sign. Number and owner are those that the certificate names; the organisation must be
    registered. It is in use at once; with --application it waits for its delivery, as a seal that is made here does: so a
    renewed seal takes the place of the one before (`elicence seals replace`).
    """
    from seals.providers.importing import HandedOver

    if (esl is None) != (esl_key is None):
        raise click.UsageError("--esl 与 --esl-key 须同时给出 / --esl and --esl-key go together")
    now, language = now_utc(), language_of(lang)
    certificates = certificates_in(read_within(path, _MOST_OF_A_CHAIN) for path in files)
    national_seal = None if esl is None else read_seal(read_within(esl, MAX_SIZE))
    handed = HandedOver(
        kind=kind,
        name=name,
        provider=provider,
        key_name=key,
        certificates=tuple(certificates),
        fingerprint=root_sha256,
        public_key=_public_key(certificates),
        appearance=_picture(picture, national_seal),
        national=None if national_seal is None else _national(national_seal, esl_certificate, esl_key or ""),
    )
    with opened_house() as house, Sequencing(house.sequencer()):
        examined = _examine(house, handed, now)
        keeper = Acting(actor, unit).as_(SEAL_CUSTODIAN, examined.seal.organisation)
        # Twice: a refusal leaves nothing behind, not even the chain, which is taken in outside any transaction.
        with worker_session(house) as session:
            _enter(house, session, examined.seal, application, keeper, now)
            session.rollback()
        taken = house.foreign_desk().take_in(examined.chain, handed.key_name, OFFICER, now)
        with worker_session(house) as session:
            made = _enter(house, session, examined.seal, application, keeper, now)
            answer = _told(session.get_one(SealRow, made.id), taken, language)
    tell(*answer, as_json=as_json)


@click.command()
@click.argument("seal")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The .esl file. 输出文件"
)
@answering
def export(seal: str, output: Path, lang: Language | None, *, as_json: bool) -> None:
    """Write the national form of SEAL (SES, .esl), which any system of the standard reads.

    导出国密电子印章（.esl）。It holds no key.
    """
    with opened_house() as house, worker_session(house) as session:
        row = find(session, seal)
        name, esl = name_of(row), row.esl
    if esl is None:
        raise NationalSealMissing(seal=name)
    write_whole(output, esl)
    zh = language_of(lang) == "zh"
    pairs = [("印章" if zh else "seal", name), ("文件" if zh else "file", str(output))]
    tell({"seal": name, "file": str(output), "size": len(esl)}, facts(pairs), as_json=as_json)


def _public_key(certificates: Sequence[bytes]) -> bytes:
    """Return the key of the one certificate that is no authority's; raises LeafUnclear, CertificateInvalid."""
    leaves = [one for one in map(read_certificate, dict.fromkeys(certificates)) if not one.is_ca]
    if len(leaves) != 1:
        raise LeafUnclear(len(leaves))
    return leaves[0].public_key


def _picture(given: Path | None, national_seal: SesSeal | None) -> bytes:
    """Return the picture that goes on pages; raises PictureMissing, SealPictureRefused."""
    from seals.pdf.file import MAX_SIZE as PDF_SIZE
    from seals.picture.raster import paginate

    if given is not None:
        return read_within(given, PDF_SIZE)
    if national_seal is None:
        raise PictureMissing("-")
    picture = national_seal.picture
    if picture.type.upper() not in {"PNG", "GIF"}:
        raise PictureMissing(picture.type)
    return paginate(picture.data, picture.width_mm, picture.height_mm)


def _national(seal: SesSeal, certificate: Path | None, key: str) -> "NationalSeal":
    from seals.providers.importing import NationalSeal

    if certificate is not None:
        [signer, *more] = certificates_in([read_within(certificate, _MOST_OF_A_CHAIN)])
    else:
        [signer, *more] = seal.certificates or (b"", b"")
    if more:
        raise click.UsageError("请用 --esl-certificate 指明签名证书 / say with --esl-certificate which one signs")
    return NationalSeal(seal.der, signer, key)


def _examine(house: "House", handed: "HandedOver", now: datetime) -> "Examined":
    """Examine the seal, outside any transaction: its services and authorities are asked."""
    from seals.providers.importing import examine
    from seals.ses.trust import TrustPaths

    return examine(handed, house.seal_providers, TrustPaths(house.trust(now)), now)


def _enter(
    house: "House", session: "Session", seal: "NewSeal", application: UUID | None, keeper: "Actor", now: datetime
) -> "Seal":
    """Enter the seal: by itself, or as what an application was approved for."""
    office = house.seals()
    if application is None:
        return office.custodian.import_seal(session, seal, keeper, now)
    return office.applications.make(session, application, seal, keeper, now)


def _told(row: SealRow, taken: "TakenIn", language: Language) -> Told:
    zh = language == "zh"
    pairs = [
        ("已导入" if zh else "imported", f"{name_of(row)}  {row.name}"),
        ("单位" if zh else "organisation", row.organisation),
        ("类型" if zh else "kind", word(KINDS, row.kind, language)),
        ("期限" if zh else "period", period(row.valid_from, row.valid_until, language)),
        ("密钥" if zh else "key", f"{row.provider}: {row.key_name}"),
        ("国密印章" if zh else "national seal", "-" if row.esl is None else f"{row.provider}: {row.esl_key_name}"),
        *(("未能查询" if zh else "not asked", error.message(language)) for error in taken.failed),
    ]
    answer = seal_json(row) | {"standing": taken.standing, "failed": [one.message("en") for one in taken.failed]}
    return answer, facts(pairs)
