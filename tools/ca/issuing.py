"""`elicence ca issue`, `renew` and `rekey`: certificates by request."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, ParamSpec, TypeVar, cast

import click

from api.house import House
from api.schema import Role
from ca import store
from ca.ceremonies.names import Role as AuthorityRole
from ca.encoding import pem
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import DistinguishedName
from ca.writing.certificate_request import CertificateRequest
from ca.writing.pkcs10 import SigningRequest, read_pkcs10
from ca.writing.profiles import ProfileName
from ledger.errors import Language
from ledger.signing import SignatureAlgorithm
from tools.ca.answering import Answer, answering, facts, language_of, tell, told
from tools.ca.certificate_telling import certificate_json
from tools.ca.errors import SubjectMissing
from tools.ca.office import OFFICER, active_authority, desk, end_of, find, validity
from tools.ca.own_keys import ALGORITHMS, own_key, require_free, require_purpose
from tools.opening import opened_house
from tools.sequencing import Sequencing
from tools.whole_files import write_whole

P = ParamSpec("P")
T = TypeVar("T")

_ROLES: Final = MappingProxyType[str, AuthorityRole](
    {
        "seal": "seals",
        "person": "persons",
        "client": "systems",
        "status": "systems",
        "receipt": "systems",
        "log": "systems",
    }
)
_REQUEST: Final = click.argument(
    "request", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
_OUTPUT: Final = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The certificate as PEM into a file. 写入文件",
)
_ID: Final = click.option(
    "--id", "request_id", metavar="TEXT", help="Id of the request: once used, it gives the same certificate. 申请编号"
)


def _keys(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the options of a key that is ours: `key`, `algorithm`, `on_token`."""
    for option in (
        click.option("--token", "on_token", is_flag=True, help="Make a new --key on the token. 新密钥存放于密码设备"),
        click.option(
            "--algorithm",
            type=click.Choice(ALGORITHMS),
            help="Of a new --key; default: ES256. 新密钥的算法",
        ),
        click.option("--key", metavar="NAME", help="For a key of ours, made if there is none. 使用本机密钥"),
    ):
        command = option(command)
    return command


@click.command()
@_REQUEST
@click.option("--profile", required=True, type=click.Choice(sorted(_ROLES)), help="Kind of certificate. 证书类别")
@click.option("--authority", metavar="NAME", help="Who issues; default: the active one for the profile. 签发机构")
@click.option("--cn", metavar="TEXT", help="Name, in place of the request's. 主体名称")
@click.option("--o", "organisation", metavar="TEXT", help="Organisation, in place of the request's. 主体单位")
@_keys
@validity
@_ID
@_OUTPUT
@answering
def issue(
    request: Path | None,
    profile: str,
    authority: str | None,
    cn: str | None,
    organisation: str | None,
    key: str | None,
    algorithm: SignatureAlgorithm | None,
    days: int | None,
    until: datetime | None,
    request_id: str | None,
    output: Path | None,
    lang: Language | None,
    *,
    on_token: bool,
    as_json: bool,
) -> None:
    """Issue a certificate for the key of REQUEST (PKCS #10, PEM or DER), or for a --key of ours.

    按 PKCS #10 申请签发证书，或为本机密钥签发。What the request asks for is not believed: the profile says what stands
    in the certificate. The same command again gives the same certificate; --id NEW asks for another one.

    \b
    A seal's certificate has the seal code as --cn, and USCC and name of the unit as --o.
    印章证书：--cn 为印章编码，--o 为统一社会信用代码加单位名称。
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    now = datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        _require_purpose(house, key, profile)
        public_key, asked = _key_of(house, request, key, algorithm, on_token=on_token)
        subject = _subject(asked, cn, organisation)
        issuer = authority or active_authority(house, _ROLES[profile], public_key)
        wanted = CertificateRequest(cast("ProfileName", profile), subject, public_key, now, end_of(now, days, until))
        name = request_id or _request_id(profile, issuer, subject, public_key)
        der = desk(house).issue(wanted, issuer, name, OFFICER, now, key_name=key)
        answer = _issued(house, der, now)
    _tell(answer, der, output, language_of(lang), as_json=as_json)


@click.command()
@click.argument("certificate")
@validity
@_ID
@_OUTPUT
@answering
def renew(
    certificate: str,
    days: int | None,
    until: datetime | None,
    request_id: str | None,
    output: Path | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> None:
    """Issue a successor of CERTIFICATE: the same subject and key, valid from now.

    为同一密钥续期。The predecessor stays good until it ends or is revoked. Each certificate has one successor.
    """
    now = datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        serial, _ = _predecessor(house, certificate)
        name = request_id or f"renew-{serial:040x}"
        der = desk(house).renew(serial, name, end_of(now, days, until), OFFICER, now)
        answer = _issued(house, der, now)
    _tell(answer, der, output, language_of(lang), as_json=as_json)


@click.command()
@click.argument("certificate")
@_REQUEST
@_keys
@validity
@_ID
@_OUTPUT
@answering
def rekey(
    certificate: str,
    request: Path | None,
    key: str | None,
    algorithm: SignatureAlgorithm | None,
    days: int | None,
    until: datetime | None,
    request_id: str | None,
    output: Path | None,
    lang: Language | None,
    *,
    on_token: bool,
    as_json: bool,
) -> None:
    """Issue a successor of CERTIFICATE for another key: that of REQUEST (PKCS #10), or a --key of ours.

    为新密钥换发证书，主体不变。Of the request only the key counts. Revoke the predecessor if its key is lost.
    """
    now = datetime.now(UTC)
    with opened_house() as house, Sequencing(house.sequencer()):
        serial, profile = _predecessor(house, certificate)
        _require_purpose(house, key, profile)
        public_key, _ = _key_of(house, request, key, algorithm, on_token=on_token)
        name = request_id or f"rekey-{serial:040x}"
        until_when = end_of(now, days, until)
        der = desk(house).rekey(serial, public_key, name, until_when, OFFICER, now, key_name=key)
        answer = _issued(house, der, now)
    _tell(answer, der, output, language_of(lang), as_json=as_json)


def _key_of(
    house: House, request: Path | None, key: str | None, algorithm: SignatureAlgorithm | None, *, on_token: bool
) -> tuple[bytes, SigningRequest | None]:
    """Return the public key that a certificate is wanted for, and the request that proves who holds it."""
    if (request is None) == (key is None):
        raise click.UsageError("请给出 REQUEST 或 --key 之一 / give either REQUEST or --key")
    if request is not None:
        asked = read_pkcs10(request.read_bytes())
        return asked.public_key, asked
    assert key is not None
    return own_key(house.keys, key, algorithm, on_token=on_token).public_key, None


def _subject(asked: SigningRequest | None, cn: str | None, organisation: str | None) -> DistinguishedName:
    if cn is not None and organisation is not None:
        return DistinguishedName(cn, organisation)
    if asked is None:
        raise SubjectMissing
    named = asked.distinguished_name()
    return DistinguishedName(cn or named.common_name, organisation or named.organisation, named.country)


def _request_id(profile: str, authority: str, subject: DistinguishedName, public_key: bytes) -> str:
    """Return the id of whoever asks for the same again."""
    asked = b"\0".join((profile.encode(), authority.encode(), subject.encode(), public_key))
    return f"cli-{hashlib.sha256(asked).hexdigest()[:32]}"


def _require_purpose(house: House, key: str | None, profile: str) -> None:
    if key is not None:
        require_free(key)
        with house.database.session(Role.WORKER) as session:
            require_purpose(session, key, profile)


def _predecessor(house: House, certificate: str) -> tuple[int, str]:
    """Return the serial number and the profile of what is to have a successor."""
    with house.database.session(Role.WORKER) as session:
        row = find(session, certificate)
        if row.key_name is not None:
            require_free(row.key_name, renewing=True)
        return int(row.serial_number, 16), row.profile


def _issued(house: House, der: bytes, now: datetime) -> Answer:
    serial = read_certificate(der).serial_number
    with house.database.session(Role.WORKER) as session:
        row = store.certificate_by_serial(session, serial)
        assert row is not None
        standing = store.standing(session, [row.serial_number]).get(row.serial_number)
        answer = certificate_json(row, standing, now)
        # The same request gave the same certificate before.
        return answer | {"new": row.requested_at == now, "until": told(row.not_after)}


def _tell(answer: Answer, der: bytes, output: Path | None, language: Language, *, as_json: bool) -> None:
    if output is not None:
        write_whole(output, pem.encode("CERTIFICATE", der))
    zh = language == "zh"
    until = answer.pop("until")
    done = ("已签发" if zh else "issued") if answer["new"] else ("此前已签发" if zh else "issued before")
    pairs = [
        (done, str(answer["serial_number"])),
        ("主体" if zh else "subject", str(answer["subject"])),
        ("签发机构" if zh else "authority", str(answer["authority"])),
        ("有效期至" if zh else "until", str(until)),
        *([("文件" if zh else "file", str(output))] if output is not None else []),
    ]
    tell(answer, facts(pairs), as_json=as_json)
