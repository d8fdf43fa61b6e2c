"""Certificates of another, licensed authority: the chain that is taken in, up to a root that the operator names."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

from ca.algorithms import signatures
from ca.algorithms.public_keys import key_kind
from ca.encoding import oids, pem
from ca.errors import CertificateInvalid, DerInvalid
from ca.judging.path_building import Bag
from ca.judging.path_reasons import REASONS
from ca.judging.path_validation import Question, validate
from ca.judging.paths import PathReport, report, validate_path
from ca.judging.trust import AllowedAlgorithm, SealMaker, TrustList, algorithm_allowed
from ca.outside.foreign_errors import AnchorMismatch, ChainUnusable
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.names import seal_holder
from ca.writing.profiles import ALGORITHMS

ForeignUse = Literal["seal", "timestamp", "client", "seal-maker"]
"""For our seals; of a timestamp authority; for our requests to other systems; of who makes national seals."""

_LABEL: Final = "CERTIFICATE"
_LONGEST: Final = 8
_MAX_SIZE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ForeignChain:
    """A chain that was examined (only `examine_chain` makes one): the end entity first, the anchor last."""

    use: ForeignUse
    certificates: tuple[Certificate, ...]

    @property
    def leaf(self) -> Certificate:
        """The certificate that is used."""
        return self.certificates[0]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the leaf's DER."""
        return hashlib.sha256(self.leaf.der).digest()


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


def examine_chain(
    use: ForeignUse, public_key: bytes | None, certificates: Sequence[bytes], fingerprint: str, now: datetime
) -> ForeignChain:
    """Judge what another authority sent, as a verifier will: the key, the chain, the profile, the root.

    public_key: DER of our SubjectPublicKeyInfo, None for the key of a timestamp authority or a maker of seals;
    certificates: DER, in any order; fingerprint: SHA-256 of the root in hexadecimal, as the authority publishes it. What
    is revoked is not looked at. Raises ChainUnusable, AnchorMismatch, NationalUnavailable.
    """
    chain = _chain(certificates, _is_ours(public_key) if public_key is not None else _STRANGERS[use])
    _check_anchor(chain[-1], fingerprint)
    _check_profile(use, chain[0])
    found = _judged(use, chain, now)
    if found.reason not in {"good", "revocation_unknown"}:
        text = REASONS[found.reason]
        raise ChainUnusable(f"{found.certificate}：{text.zh}", f"{found.certificate}: {text.en}")
    return ForeignChain(use, chain)


def _is_ours(public_key: bytes) -> Callable[[Certificate], bool]:
    return lambda one: one.public_key == public_key


def _stamps(certificate: Certificate) -> bool:
    return certificate.extended_key_usage == (oids.TIME_STAMPING,)


_STRANGERS: Final[Mapping[ForeignUse, Callable[[Certificate], bool]]] = MappingProxyType(
    # Nothing in a maker's certificate tells what it is: it is the only one of the files that is no authority's.
    {"timestamp": _stamps, "seal-maker": lambda _one: True}
)


def _chain(certificates: Sequence[bytes], wanted: Callable[[Certificate], bool]) -> tuple[Certificate, ...]:
    pool = [read_certificate(der) for der in dict.fromkeys(certificates)]
    leaves = [one for one in pool if not one.is_ca and wanted(one)]
    if len(leaves) != 1:
        raise ChainUnusable("其中没有（或不止一张）所需的证书", "it does not hold exactly one certificate that fits")
    chain = leaves
    while (above := next((one for one in pool if _issued(one, chain[-1])), None)) is not None and above not in chain:
        chain.append(above)
        if len(chain) > _LONGEST:
            raise ChainUnusable("层级过多", "it is too long")
    if len(chain) == 1 or not _issued(chain[-1], chain[-1]):
        raise ChainUnusable("缺少签发机构或根证书", "an issuer's certificate, or the root, is missing")
    return tuple(chain)


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


def _check_anchor(anchor: Certificate, fingerprint: str) -> None:
    found = hashlib.sha256(anchor.der).hexdigest()
    if fingerprint.replace(":", "").replace(" ", "").lower() != found:
        raise AnchorMismatch(found)


def _check_profile(use: ForeignUse, leaf: Certificate) -> None:
    """Refuse what every verifier would refuse later, whoever issued it."""
    if use == "seal" and seal_holder(leaf.subject) is None:
        raise ChainUnusable(
            "印章证书主体须为 CN=印章编码、O=统一社会信用代码加单位名称",
            "a seal certificate's subject has the seal code as CN, and USCC and name of the unit as O",
        )
    if use == "seal-maker" and (key_kind(leaf.public_key) != ("SM2", 256) or not leaf.subject_text):
        raise ChainUnusable("制章者证书须有名称，密钥须为 SM2", "a maker of seals has a name and an SM2 key")
    purposes = leaf.extended_key_usage
    if use == "client" and purposes is not None and oids.CLIENT_AUTH not in purposes:
        raise ChainUnusable("证书不能用于客户端身份认证", "the certificate is not for clients")


def _judged(use: ForeignUse, chain: tuple[Certificate, ...], now: datetime) -> PathReport:
    """Judge the path by the trust list that would hold nothing but this chain."""
    leaf, *above = (one.der for one in chain)
    trust = TrustList(
        name=chain[-1].subject_text,
        anchors=(),
        intermediates=tuple(above[:-1]),
        crls=(),
        tsa=(leaf,),
        log_keys={},
        status_keys=(),
        receipt_keys=(),
        algorithms=tuple(AllowedAlgorithm(name, until) for name, until in ALGORITHMS.items()),
        valid_from=now,
        valid_until=now + timedelta(days=1),
        foreign_anchors=tuple(above[-1:]),
        foreign_seals=(leaf,),
        seal_makers=(SealMaker.of(leaf),) if use == "seal-maker" else (),
    )
    # No moment but this one is in question, so that "expired" may be said plainly.
    if use != "client":
        return validate_path(leaf, above, trust, at=now, usage=use, proven=True)
    bag = Bag.of(trust.foreign_anchors, trust.intermediates)
    return report(validate(chain[0], bag, Question(now, partial(algorithm_allowed, trust, at=now))), chain[0])
