"""A key of ours under another authority: the chain that it issued, checked and kept beside the keys.

CAError
└── ChainUnusable          the certificates do not fit the key, or each other
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ca import pem, private_files, signatures
from ca.certificate_reader import Certificate, read_certificate
from ca.errors import CAError, CertificateInvalid, DerInvalid

_FOLDER: Final = "outside"
_LABEL: Final = "CERTIFICATE"
_LONGEST: Final = 8
_MAX_SIZE: Final = 1024 * 1024


@dataclass(eq=False)
class ChainUnusable(CAError):
    """The certificates of another authority do not fit the key, or each other."""

    code = "ca.chain_unusable"
    zh = "无法使用外部机构的证书链：{zh_reason}"
    en = "the other authority's chain cannot be used: {reason}"

    zh_reason: str
    reason: str


def certificates_in(files: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the certificates (DER) of PEM or DER files; raises ChainUnusable."""
    found: list[bytes] = []
    for data in files:
        if len(data) > _MAX_SIZE:
            raise ChainUnusable("文件超过 1 MB", "a file is over 1 MB")
        try:
            blocks = pem.blocks(data) if pem.is_pem(data) else ((_LABEL, data),)
            found += [read_certificate(der).der for label, der in blocks if label == _LABEL]
        except DerInvalid as error:
            raise ChainUnusable(error.message("zh"), error.message("en")) from error
    return tuple(found)


def chain_for(public_key: bytes, certificates: Sequence[bytes], now: datetime) -> tuple[bytes, ...]:
    """Return the chain of a key: its certificate first, then each one's issuer as far as they are given.

    public_key: DER of SubjectPublicKeyInfo; certificates: DER, in any order. What the authority's own profile is worth
    is not judged here: path validation does that, against a trust list. Raises ChainUnusable, NationalUnavailable.
    """
    pool = [read_certificate(der) for der in certificates]
    ours = [one for one in pool if one.public_key == public_key and not one.is_ca]
    if len(ours) != 1:
        raise ChainUnusable("其中没有（或不止一张）本密钥的证书", "it holds no certificate of the key, or several")
    chain = [ours[0]]
    while (above := _issuer(chain[-1], pool)) is not None and above not in chain:
        chain.append(above)
        if len(chain) > _LONGEST:
            raise ChainUnusable("层级过多", "it is too long")
    if len(chain) == 1:
        raise ChainUnusable("缺少签发机构的证书", "the issuer's certificate is missing")
    for one in chain:
        if not one.not_before <= now <= one.not_after:
            name = one.subject_text
            raise ChainUnusable(f"{name} 当前不在有效期内", f"{name} is not valid at present")
    return tuple(one.der for one in chain)


def keep_chain(folder: Path, key_name: str, chain: Iterable[bytes]) -> Path:
    """Keep the chain of a key in the key folder, in place of an earlier one; return the file."""
    place = folder / _FOLDER
    private_files.make_folder(place)
    path = _file(folder, key_name)
    private_files.write(path, b"".join(pem.encode(_LABEL, der) for der in chain))
    return path


def kept_chain(folder: Path, key_name: str) -> tuple[bytes, ...]:
    """Return the chain of a key as it was kept, nothing if there is none; raises ChainUnusable."""
    try:
        data = _file(folder, key_name).read_bytes()
    except FileNotFoundError:
        return ()
    return certificates_in([data])


def _file(folder: Path, key_name: str) -> Path:
    return folder / _FOLDER / f"{key_name}.pem"


def _issuer(certificate: Certificate, pool: Sequence[Certificate]) -> Certificate | None:
    return next((one for one in pool if _issued(one, certificate)), None)


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        return (
            issuer.is_ca
            and issuer.subject == certificate.issuer
            and signatures.verify(
                issuer.public_key, certificate.signature_algorithm, certificate.tbs, certificate.signature
            )
        )
    except CertificateInvalid:
        return False
