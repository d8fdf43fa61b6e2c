"""A PAdES B-T seal by our own writer and by stock pyHanko: same page, same key, same timestamp authority."""

import io
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.house import House
from api.schema import Role
from ca.ceremonies.ceremony import SealCertificate
from licences.licence_type import LicenceType
from seals.life.choosing import usable_seal
from seals.pdf.placement import Placement
from tools.bench.errors import BenchmarkNeedsPyhanko
from tools.bench.row import Row, paired_rates
from tools.demo.service import approval_system

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.timestamps import TimeStamper


def require_reference() -> None:
    """Raise BenchmarkNeedsPyhanko where the reference is not installed."""
    try:
        import pyhanko.sign  # noqa: F401
    except ImportError as error:
        raise BenchmarkNeedsPyhanko from error


def row(house: House, page: bytes, kind: LicenceType, seconds: float) -> Row:
    """Measure sealing one page of a licence."""
    credential = next(seal for seal in house.ceremony.seals.values() if kind.slug in seal.plan.licence_types)
    ours, reference = paired_rates(
        our_seal(house, page, kind, credential), stock_seal(house, page, credential), seconds=seconds
    )
    return Row("seal", ours, "seals/s", "stock pyHanko B-T", reference, (("page_kb", round(len(page) / 1024, 1)),))


def our_seal(house: House, page: bytes, kind: LicenceType, credential: SealCertificate) -> Callable[[], bytes]:
    """Return the act of sealing the page our way: the seal visible, its picture included."""
    with house.database.session(Role.WORKER) as session:
        chosen = usable_seal(
            session,
            organisation=credential.plan.uscc,
            licence_type=kind.code,
            kind=kind.seal.kind,
            actor=approval_system(house).actor_for(credential.plan.uscc),
            now=datetime.now(UTC),
        )
    sealer = house.sealing_tools(chosen.seal).pdf
    place = Placement(kind.seal.page, kind.seal.x_mm, kind.seal.y_mm)
    return lambda: sealer.seal(page, place, datetime.now(UTC)).data


def stock_seal(house: House, page: bytes, credential: SealCertificate) -> Callable[[], bytes]:
    """Return the act of sealing the page with pyHanko as its documentation shows it, timestamps by our authority.

    Its seal is invisible: it does less.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    signer, stamper = _signer(house, credential), _stamper(house)

    def seal() -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(page + b"\n"))
        meta = signers.PdfSignatureMetadata(
            field_name="Seal1",
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.FILL_FORMS,
        )
        out: bytes = signers.PdfSigner(meta, signer=signer, timestamper=stamper).sign_pdf(writer).getvalue()
        return out

    return seal


def _signer(house: House, credential: SealCertificate) -> "SimpleSigner":
    from asn1crypto import x509
    from pyhanko.keys import load_private_key_from_pemder_data
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    chain = [x509.Certificate.load(der) for der in house.ceremony.chain(credential)]
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(chain[1:])
    passphrase = secrets.token_bytes(16)
    key = load_private_key_from_pemder_data(
        house.keys.folder.signer(credential.key_name).to_pkcs8(passphrase), passphrase
    )
    return signers.SimpleSigner(signing_cert=chain[0], signing_key=key, cert_registry=store)


def _stamper(house: House) -> "TimeStamper":
    from asn1crypto import cms, tsp
    from pyhanko.sign.timestamps import TimeStamper

    authority = house.timestamps

    class InProcess(TimeStamper):
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            imprint, nonce = req["message_imprint"]["hashed_message"].native, req["nonce"].native
            token = cms.ContentInfo.load(authority.stamp(imprint, datetime.now(UTC), nonce))
            return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})

    return InProcess()  # type: ignore[no-untyped-call]
