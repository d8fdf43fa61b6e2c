"""pyHanko: as a judge of our files, and as the stock maker that ours is measured against."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

from asn1crypto import cms, keys, tsp, x509
from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import async_validate_detached_cms, async_validate_pdf_signature
from pyhanko.sign.validation.ades import ades_basic_validation, ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko.sign.validation.status import PdfSignatureStatus, StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleCertificateStore, SimpleTrustManager

from ca.keys.software_signer import SoftwareSigner
from ca.timestamping.timestamps import TimestampAuthority
from tests.seals.house import Party
from tests.seals.keys import NOW


def judge(data: bytes, root: bytes, moment: datetime) -> PdfSignatureStatus:
    """Return pyHanko's status of the only signature in the file."""
    (status,) = judge_all(data, root, moment)
    return status


def judge_all(data: bytes, root: bytes, moment: datetime) -> list[PdfSignatureStatus]:
    """Return pyHanko's status of each signature in the file, timestamps of the document apart."""
    statuses = []
    for signature in PdfFileReader(BytesIO(data)).embedded_regular_signatures:
        context = ValidationContext(trust_roots=[x509.Certificate.load(root)], moment=moment)
        statuses.append(asyncio.run(async_validate_pdf_signature(signature, context, context)))
    return statuses


def ades_passes(data: bytes, root: bytes, *, with_time: bool) -> tuple[bool, str]:
    """Say whether pyHanko's AdES validation of the level passes for the last seal, and its indication."""
    signature = PdfFileReader(BytesIO(data)).embedded_regular_signatures[-1]
    signature.compute_integrity_info()
    validate = ades_with_time_validation if with_time else ades_basic_validation
    spec = _spec(root, RevocationCheckingRule.NO_CHECK)
    result: Any = asyncio.run(validate(signature.signed_data, spec, raw_digest=signature.compute_digest()))
    return result.ades_subindic == AdESPassed.OK, str(result.ades_subindic)


def judge_detached(value: bytes, content: bytes, root: bytes, moment: datetime) -> StandardCMSSignatureStatus:
    """Return pyHanko's status of a CMS beside its content."""
    context = ValidationContext(trust_roots=[x509.Certificate.load(root)], moment=moment)
    signed_data = cms.ContentInfo.load(value)["content"]
    return asyncio.run(async_validate_detached_cms(content, signed_data, context, context))


def ades_passes_detached(value: bytes, digest: bytes, root: bytes, *, with_time: bool) -> tuple[bool, str]:
    """Say whether pyHanko's AdES validation of the level passes for a CMS over a digest, and its indication."""
    validate = ades_with_time_validation if with_time else ades_basic_validation
    spec = _spec(root, RevocationCheckingRule.NO_CHECK)
    result: Any = asyncio.run(validate(cms.ContentInfo.load(value)["content"], spec, raw_digest=digest))
    return result.ades_subindic == AdESPassed.OK, str(result.ades_subindic)


def lta_passes(data: bytes, root: bytes, moment: datetime) -> tuple[bool, str]:
    """Say whether pyHanko's validation of the archival level passes, with the document's own revocation data."""
    signature = PdfFileReader(BytesIO(data)).embedded_regular_signatures[0]
    spec = PdfSignatureValidationSpec(_spec(root, RevocationCheckingRule.CRL_REQUIRED))
    timing = ValidationTimingInfo(validation_time=moment, best_signature_time=moment, point_in_time_validation=False)
    result: Any = asyncio.run(ades_lta_validation(signature, spec, timing_info=timing))
    return result.ades_subindic == AdESPassed.OK, str(result.ades_subindic)


def _spec(root: bytes, rule: RevocationCheckingRule) -> SignatureValidationSpec:
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build([x509.Certificate.load(root)]),
            revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
        )
    )


class _OwnTimeStamper(TimeStamper):
    """Lets pyHanko ask a timestamp authority of this process."""

    def __init__(self, authority: TimestampAuthority, now: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._authority = authority
        self._now = now

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._authority.respond(req.dump(), self._now))


@dataclass(frozen=True, slots=True)
class PrivateParty:
    """Whom pyHanko signs for: the PKCS#8 of the key, and certificates, the signer's first."""

    key: bytes
    chain: tuple[bytes, ...]


@cache
def rsa_party() -> PrivateParty:
    """A signer of another maker's kind: RSA, self-signed."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    name = cryptography_x509.Name([cryptography_x509.NameAttribute(NameOID.COMMON_NAME, "another maker")])
    certificate = (
        cryptography_x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return PrivateParty(_pkcs8(key), (certificate.public_bytes(Encoding.DER),))


def _pkcs8(key: Any) -> bytes:
    data: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return data


def stock_sealer(
    party: Party | PrivateParty,
    authority: TimestampAuthority | None,
    now: datetime,
    *,
    pades: bool = True,
    certify: bool = True,
    visible: bool = True,
) -> Callable[[bytes], bytes]:
    """Return stock pyHanko sealing the same way: certified P=2, CAdES, B-T if there is a timestamp authority.

    This is the reference row of the seal benchmark.
    """
    certificates = [x509.Certificate.load(one) for one in party.chain]
    if isinstance(party, PrivateParty):
        key = party.key
    else:
        assert isinstance(party.signer, SoftwareSigner)
        key = _pkcs8(party.signer._key)
    signer = SimpleSigner(
        signing_cert=certificates[0],
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore.from_certs(certificates),  # type: ignore[no-untyped-call]
    )
    name = "Seal1" if certify else "Seal2"
    metadata = PdfSignatureMetadata(
        field_name=name,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES if pades else SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    pdf_signer = PdfSigner(
        metadata,
        signer,
        timestamper=None if authority is None else _OwnTimeStamper(authority, now),
        new_field_spec=SigFieldSpec(name, on_page=0, box=(400, 200, 519, 319) if visible else None),
    )

    def seal(pdf: bytes) -> bytes:
        out = pdf_signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
        assert isinstance(out, BytesIO)
        return out.getvalue()

    return seal
