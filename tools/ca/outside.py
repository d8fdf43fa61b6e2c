"""`elicence ca request`, `import`, `import-tsa`, `import-seal-maker`, `foreign`: certificates of other authorities."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

import click

from api.house import key_ring
from api.settings import settings
from ca.encoding import pem
from ca.outside.foreign_chain import ForeignChain, ForeignUse, certificates_in, examine_chain
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import DistinguishedName
from ca.writing.pkcs10 import LABEL, make_pkcs10
from ledger.errors import Language
from ledger.signing import SignatureAlgorithm
from tools.ca.answering import Answer, answering, facts, language_of, table, tell, told, written
from tools.ca.office import OFFICER
from tools.ca.own_keys import ALGORITHMS, own_key
from tools.opening import opened_house
from tools.whole_files import write_whole

if TYPE_CHECKING:
    from api.house import House

T = TypeVar("T")

_STANDINGS = {"good": "有效", "revoked": "已吊销", "on_hold": "暂停", "unknown": "无法判断"}


@click.command()
@click.argument("key")
@click.option("--cn", required=True, metavar="TEXT", help="Name that is asked for. 申请的主体名称")
@click.option("--o", "organisation", required=True, metavar="TEXT", help="Organisation. 申请的主体单位")
@click.option("--country", default="CN", show_default=True, metavar="CODE", help="Two letters. 国家代码")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Of a new key; default: ES256. 新密钥的算法")
@click.option("--token", "on_token", is_flag=True, help="Make a new key on the token. 新密钥存放于密码设备")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Into a file. 写入文件")
@answering
def request(
    key: str,
    cn: str,
    organisation: str,
    country: str,
    algorithm: SignatureAlgorithm | None,
    output: Path | None,
    lang: Language | None,
    *,
    on_token: bool,
    as_json: bool,
) -> None:
    """Write a certificate request (PKCS #10) for KEY, which is made if there is none, to send to another authority.

    为本机密钥生成证书申请（PKCS #10），提交给有资质的外部机构。The private key stays here. Without -o the PEM is printed.
    """
    signer = own_key(key_ring(settings()), key, algorithm, on_token=on_token)
    text = pem.encode(LABEL, make_pkcs10(signer, DistinguishedName(cn, organisation, country)))
    if output is not None:
        write_whole(output, text)
    zh = language_of(lang) == "zh"
    done = facts([("申请" if zh else "request", str(output)), ("密钥" if zh else "key", f"{key} ({signer.algorithm})")])
    lines = [text.decode("ascii").rstrip()] if output is None else done
    tell({"key": key, "algorithm": signer.algorithm, "request": text.decode("ascii")}, lines, as_json=as_json)


def _chain(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command the chain that it takes: its files, and the fingerprint of the root."""
    files = click.argument(
        "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
    )
    root = click.option(
        "--root-sha256",
        required=True,
        metavar="HEX",
        help="Fingerprint of the root, as its authority publishes it. 根证书的 SHA-256 指纹",
    )
    return files(root(command))


@click.command("import")
@click.argument("key")
@_chain
@click.option(
    "--for",
    "use",
    default="seal",
    show_default=True,
    type=click.Choice([use for use in get_args(ForeignUse) if use not in {"timestamp", "seal-maker"}]),
    help="What it is used for. 用途",
)
@answering
def import_(
    key: str, files: tuple[Path, ...], root_sha256: str, use: ForeignUse, lang: Language | None, *, as_json: bool
) -> None:
    """Take in what another authority issued for KEY: the certificate and those above it, root included, from FILES.

    导入外部机构为本机密钥签发的证书及其各级上级证书（含根证书），顺序不限。An earlier one stays for what it has signed.
    """
    public_key = key_ring(settings()).signer(key).public_key
    _take_in(use, public_key, key, files, root_sha256, lang, as_json=as_json)


@click.command("import-tsa")
@_chain
@answering
def import_tsa(files: tuple[Path, ...], root_sha256: str, lang: Language | None, *, as_json: bool) -> None:
    """Take in the certificate of another timestamp authority and those above it, root included, from FILES.

    导入外部时间戳机构的证书及其各级上级证书（含根证书），顺序不限。ELICENCE_TSA_URL says where it answers.
    """
    _take_in("timestamp", None, None, files, root_sha256, lang, as_json=as_json)


@click.command("import-seal-maker")
@_chain
@answering
def import_seal_maker(files: tuple[Path, ...], root_sha256: str, lang: Language | None, *, as_json: bool) -> None:
    """Believe another maker of national seals (SES): its certificate and those above it, root included, from FILES.

    信任外部电子印章制作者（制章人）：导入其 SM2 证书及各级上级证书（含根证书），顺序不限。Seals by makers that nobody took in are
    refused, whoever certified them. The next trust list names it.
    """
    _take_in("seal-maker", None, None, files, root_sha256, lang, as_json=as_json)


@click.command()
@answering
def foreign(lang: Language | None, *, as_json: bool) -> None:
    """List the certificates of other authorities, and what these say of them.

    列出外部机构签发的证书及其吊销状态。
    """
    now = datetime.now(UTC)
    with opened_house() as house:
        found = house.foreign_desk().listed(now)
    zh = language_of(lang) == "zh"
    heads = ("用途", "密钥", "状态", "到期", "主体") if zh else ("use", "key", "standing", "ends", "subject")
    leaves = [read_certificate(one.chain[0]) for one in found]
    rows = [
        (one.use, one.key_name or "-", _standing(one.standing, zh=zh), told(leaf.not_after), leaf.subject_text)
        for one, leaf in zip(found, leaves, strict=True)
    ]
    answer = [
        {
            "use": one.use,
            "key": one.key_name,
            "standing": one.standing,
            "imported_at": written(one.imported_at),
            "chain": [_certificate(der) for der in one.chain],
        }
        for one in found
    ]
    tell(answer, table(heads, rows), as_json=as_json)


def _take_in(
    use: ForeignUse,
    public_key: bytes | None,
    key: str | None,
    files: tuple[Path, ...],
    fingerprint: str,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    now = datetime.now(UTC)
    certificates = certificates_in(path.read_bytes() for path in files)
    chain = examine_chain(use, public_key, certificates, fingerprint, now)
    with opened_house() as house:
        _tell_taken_in(house, chain, key, lang, now, as_json=as_json)


def _tell_taken_in(
    house: "House", chain: ForeignChain, key: str | None, lang: Language | None, now: datetime, *, as_json: bool
) -> None:
    taken = house.foreign_desk().take_in(chain, key, OFFICER, now)
    language = language_of(lang)
    zh = language == "zh"
    certificates = [(one.subject_text, told(one.not_after)) for one in chain.certificates]
    lines = facts(
        [
            ("已导入" if zh else "taken in", ("新证书" if zh else "new") if taken.new else ("已有" if zh else "known")),
            *(("证书" if zh else "certificate", f"{name}  – {end}") for name, end in certificates),
            ("吊销状态" if zh else "standing", _standing(taken.standing, zh=zh)),
            *(("未能查询" if zh else "not asked", error.message(language)) for error in taken.failed),
        ]
    )
    answer = {
        "use": chain.use,
        "key": key,
        "new": taken.new,
        "standing": taken.standing,
        "failed": [error.message("en") for error in taken.failed],
        "chain": [_certificate(one.der) for one in chain.certificates],
    }
    tell(answer, lines, as_json=as_json)


def _standing(standing: str, *, zh: bool) -> str:
    return _STANDINGS[standing] if zh else standing


def _certificate(der: bytes) -> Answer:
    one = read_certificate(der)
    return {
        "subject": one.subject_text,
        "serial_number": f"{one.serial_number:x}",
        "not_after": written(one.not_after),
    }
