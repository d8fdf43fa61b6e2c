"""The reference of sealing: stock pyHanko, used as its documentation shows it. Its seal is invisible: it does less."""

import io
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ca.keys.software_signer import SoftwareSigner
from seals.cms.sealer import Timestamper
from seals.pdf.extension import ValidationMaterial
from tools.bench.errors import BenchmarkNeedsPyhanko

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.timestamps import TimeStamper


def require_reference() -> None:
    """Raise BenchmarkNeedsPyhanko where the reference is not installed."""
    try:
        import pyhanko.sign  # noqa: F401
    except ImportError as error:
        raise BenchmarkNeedsPyhanko from error


def stock_seal(
    pages: Iterator[bytes], signer: SoftwareSigner, chain: Sequence[bytes], timestamper: Timestamper | None
) -> Callable[[], bytes]:
    """Return the act of sealing the next page, certifying it, timestamped by our authority if there is a timestamper.

    chain: DER, the seal's own certificate first.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    simple, stamper = _signer(signer, chain), None if timestamper is None else _stamper(timestamper)

    def seal() -> bytes:
        # typst ends a file without the end of the line that pyHanko counts on
        writer = IncrementalPdfFileWriter(io.BytesIO(next(pages) + b"\n"))
        meta = signers.PdfSignatureMetadata(
            field_name="Seal1",
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.FILL_FORMS,
        )
        out: bytes = signers.PdfSigner(meta, signer=simple, timestamper=stamper).sign_pdf(writer).getvalue()
        return out

    return seal


def stock_extension(
    documents: Iterator[bytes], material: ValidationMaterial, timestamper: Timestamper
) -> Callable[[], bytes]:
    """Return the act of extending the next document to B-LTA: validation data, then a document timestamp."""
    from asn1crypto import x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
    from pyhanko.sign.validation import add_validation_info
    from pyhanko_certvalidator import ValidationContext

    anchors, others = (
        [x509.Certificate.load(one) for one in group] for group in (material.anchors, material.certificates)
    )

    def extend() -> bytes:
        context = ValidationContext(
            trust_roots=anchors,
            other_certs=others,
            crls=material.crls,
            allow_fetching=False,
            revocation_mode="require",
        )
        (signature,) = PdfFileReader(io.BytesIO(next(documents))).embedded_regular_signatures
        with_data = io.BytesIO()
        add_validation_info(signature, context, output=with_data)
        stamper = PdfTimeStamper(_stamper(timestamper))
        out: bytes = stamper.timestamp_pdf(IncrementalPdfFileWriter(with_data), "sha256", context).getvalue()
        return out

    return extend


def _signer(signer: SoftwareSigner, chain: Sequence[bytes]) -> "SimpleSigner":
    from asn1crypto import x509
    from pyhanko.keys import load_private_key_from_pemder_data
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    certificates = [x509.Certificate.load(der) for der in chain]
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(certificates[1:])
    passphrase = secrets.token_bytes(16)
    key = load_private_key_from_pemder_data(signer.to_pkcs8(passphrase), passphrase)
    return signers.SimpleSigner(signing_cert=certificates[0], signing_key=key, cert_registry=store)


def _stamper(timestamper: Timestamper) -> "TimeStamper":
    from asn1crypto import cms, tsp
    from pyhanko.sign.timestamps import TimeStamper

    class InProcess(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            token = cms.ContentInfo.load(
                timestamper(req["message_imprint"]["hashed_message"].native, datetime.now(UTC))
            )
            return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})

    return InProcess(include_nonce=False)  # type: ignore[no-untyped-call]
