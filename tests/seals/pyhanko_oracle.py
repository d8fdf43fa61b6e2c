"""pyHanko: as a judge of our files, and as the stock maker that ours is measured against."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.ades import ades_basic_validation, ades_with_time_validation
from pyhanko.sign.validation.policy_decl import SignatureValidationSpec
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleCertificateStore, SimpleTrustManager

from ca.timestamps import TimestampAuthority
from tests.seals.house import Party


def judge(data: bytes, root: bytes, moment: datetime) -> PdfSignatureStatus:
    """Return pyHanko's status of the only signature in the file."""
    (signature,) = PdfFileReader(BytesIO(data)).embedded_signatures
    context = ValidationContext(trust_roots=[x509.Certificate.load(root)], moment=moment)
    return asyncio.run(async_validate_pdf_signature(signature, context, context))


def ades_passes(data: bytes, root: bytes, *, with_time: bool) -> tuple[bool, str]:
    """Say whether pyHanko's AdES validation of the level passes, and its indication."""
    (signature,) = PdfFileReader(BytesIO(data)).embedded_signatures
    signature.compute_integrity_info()
    rule = RevocationCheckingRule.NO_CHECK
    spec = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build([x509.Certificate.load(root)]),
            revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
        )
    )
    validate = ades_with_time_validation if with_time else ades_basic_validation
    result: Any = asyncio.run(validate(signature.signed_data, spec, raw_digest=signature.compute_digest()))
    return result.ades_subindic == AdESPassed.OK, str(result.ades_subindic)


class _OwnTimeStamper(TimeStamper):
    """Lets pyHanko ask a timestamp authority of this process."""

    def __init__(self, authority: TimestampAuthority, now: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._authority = authority
        self._now = now

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._authority.respond(req.dump(), self._now))


def stock_sealer(party: Party, authority: TimestampAuthority | None, now: datetime) -> Callable[[bytes], bytes]:
    """Return stock pyHanko sealing the same way: certified P=2, CAdES, B-T if there is a timestamp authority.

    This is the reference row of the seal benchmark.
    """
    certificates = [x509.Certificate.load(one) for one in party.chain]
    key = party.signer._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(
        signing_cert=certificates[0],
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore.from_certs(certificates),  # type: ignore[no-untyped-call]
    )
    metadata = PdfSignatureMetadata(
        field_name="Seal1",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    pdf_signer = PdfSigner(
        metadata,
        signer,
        timestamper=None if authority is None else _OwnTimeStamper(authority, now),
        new_field_spec=SigFieldSpec("Seal1", on_page=0, box=(400, 200, 519, 319)),
    )

    def seal(pdf: bytes) -> bytes:
        out = pdf_signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
        assert isinstance(out, BytesIO)
        return out.getvalue()

    return seal
