"""A PAdES B-T seal by our own writer and by stock pyHanko: same page, same key, same timestamp authority."""

import io
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from api.house import House
from api.schema import Role
from licences.licence_type import LicenceType
from seals.appearance import SealAppearance
from seals.pades import PdfSealer
from seals.pdf_placement import Placement
from tools.bench.row import Row, paired_rates


def rows(house: House, page: bytes, kind: LicenceType, seal_id: str) -> Iterator[Row]:
    """Measure sealing one page of a licence."""
    ours = our_seal(house, page, kind, seal_id)
    reference = stock_seal(house, page, seal_id)
    mine, theirs = paired_rates(ours, reference, seconds=10.0)
    yield Row("seal", mine, "1/s", "stock pyHanko B-T", theirs, (("page_kb", round(len(page) / 1024, 1)),))


def our_seal(house: House, page: bytes, kind: LicenceType, seal_id: str) -> Callable[[], bytes]:
    """Return the act of sealing the page our way."""
    credential = house.ceremony.seals[seal_id]
    with house.database.engine(Role.WORKER).connect() as connection:
        picture = connection.exec_driver_sql(
            "SELECT appearance FROM seals.seals WHERE code = %s", (credential.plan.code,)
        ).scalar_one()
    sealer = PdfSealer(
        house.keys.signer(credential.key_name),
        house.ceremony.chain(credential),
        SealAppearance.from_bytes(bytes(picture)),
        house.timestamps.stamp,
        credential.plan.seal_name,
        kind.name.zh,
    )
    place = Placement(kind.seal.page, kind.seal.x_mm, kind.seal.y_mm)
    return lambda: sealer.seal(page, place, datetime.now(UTC)).data


def stock_seal(house: House, page: bytes, seal_id: str) -> Callable[[], bytes]:
    """Return the act of sealing the page with pyHanko as its documentation shows it, timestamps by our authority."""
    from asn1crypto import cms, tsp, x509
    from pyhanko.keys import load_private_key_from_pemder_data
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers
    from pyhanko.sign.timestamps import TimeStamper
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    credential = house.ceremony.seals[seal_id]
    authority = house.timestamps

    class InProcess(TimeStamper):  # type: ignore[misc]
        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            token = authority.stamp(
                req["message_imprint"]["hashed_message"].native, datetime.now(UTC), req["nonce"].native
            )
            return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)})

    chain = [x509.Certificate.load(der) for der in house.ceremony.chain(credential)]
    store = SimpleCertificateStore()
    store.register_multiple(chain[1:])
    passphrase = secrets.token_bytes(16)
    key = load_private_key_from_pemder_data(house.keys.signer(credential.key_name).to_pkcs8(passphrase), passphrase)
    signer = signers.SimpleSigner(signing_cert=chain[0], signing_key=key, cert_registry=store)
    stamper = InProcess()

    def seal() -> bytes:
        writer = IncrementalPdfFileWriter(io.BytesIO(page + b"\n"))
        meta = signers.PdfSignatureMetadata(
            field_name="seal" + secrets.token_hex(2),
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.FILL_FORMS,
        )
        out: bytes = signers.PdfSigner(meta, signer=signer, timestamper=stamper).sign_pdf(writer).getvalue()
        return out

    return seal
