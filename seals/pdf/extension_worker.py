"""The process that lets pyHanko extend documents: one line of JSON in, one or more out, until the input ends.

pyHanko's habits that would break PDF/A or our rule are switched off: it rewrites no metadata and no version.
"""

import asyncio
import json
import logging
import resource
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from asn1crypto import cms, ocsp, tsp, x509
from asn1crypto import crl as asn1_crl
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError
from pyhanko_certvalidator.path import ValidationPath

from ca.timestamping.token import read_token
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.revisions import respell, revisions_after

_MEMORY: Final = 2 << 30  # bytes
_CPU: Final = 60  # seconds a document
_FILES: Final = 64
_MAX_REASON: Final = 300  # characters of somebody else's message
_HASH: Final = "sha256"


class _Writer(IncrementalPdfFileWriter):
    def _update_meta(self) -> None:
        """Leave information and XMP as they were signed."""

    def ensure_output_version(self, version: object) -> None:
        """Leave the version as it was signed: validation data are an extension of it."""


class _Stamper(TimeStamper):
    """Asks the parent, whose keys stay where they are."""

    def __init__(self, ask: Callable[[bytes], bytes]) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]
        self._ask = ask

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        token = cms.ContentInfo.load(self._ask(req["message_imprint"]["hashed_message"].native))
        return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})


class _Extension:
    """One document and the material for it."""

    def __init__(self, request: dict[str, Any], ask: Callable[[bytes], bytes]) -> None:
        self._data = b64decode(request["data"])
        self._now = datetime.fromtimestamp(request["now"], UTC)
        self._material = {
            key: [b64decode(one) for one in request[key]] for key in ("anchors", "certificates", "crls", "ocsp")
        }
        self._ask = ask

    async def extend(self, level: str) -> bytes:
        """Return the document at the level."""
        data = await self._with_validation_data(self._data)
        return data if level == "B-LT" else await self._stamped(data)

    def _context(self, moment: datetime) -> ValidationContext:
        # A list of today says of a certificate that has run out since whether it was revoked before.
        return ValidationContext(
            trust_roots=[x509.Certificate.load(one) for one in self._material["anchors"]],
            other_certs=[x509.Certificate.load(one) for one in self._material["certificates"]],
            crls=self._material["crls"],
            ocsps=self._material["ocsp"],
            moment=moment,
            allow_fetching=False,
            revocation_mode="require",
            retroactive_revinfo=True,
        )

    async def _with_validation_data(self, data: bytes) -> bytes:
        """Add what proves the certificates of each seal and each timestamp, once each."""
        reader = PdfFileReader(BytesIO(data))
        evidence = read_pdf(data)
        stamps = [one.stamp.gen_time for one in evidence.document_timestamps]
        first = min(stamps, default=self._now)
        paths = []
        for seal in reader.embedded_regular_signatures:
            token = next(one.token for one in evidence.signatures if one.field_name == seal.field_name)
            assert token is not None
            # The seal had to be good when it was set; since then its certificate may have ended, or been replaced.
            paths.append(await _path(seal.signed_data, self._context(read_token(token).gen_time)))
            stamps_of_seal = extract_tst_data_iter(seal.signer_info, signed=False)
            paths += [await _path(stamp, self._context(first)) for stamp in stamps_of_seal]
        for number, archived in enumerate(reader.embedded_timestamp_signatures, 1):
            at = stamps[number] if number < len(stamps) else self._now
            paths.append(await _path(archived.signed_data, self._context(at)))
        writer = _Writer(BytesIO(data))
        if not self._supply(writer, paths):
            return data
        writer.register_extension(ESIC_EXTENSION_1)
        out = BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]
        return _respelt(data, out.getvalue())

    async def _stamped(self, data: bytes) -> bytes:
        authority = _Stamper(self._ask)
        # Its own chain goes below the timestamp, too: whoever renews it finds there what proves it.
        paths = [path async for path in authority.validation_paths(self._context(self._now))]  # type: ignore[no-untyped-call]
        writer = _Writer(BytesIO(data))
        self._supply(writer, paths)
        out = await PdfTimeStamper(authority, readable_field_name="文件时间戳").async_timestamp_pdf(writer, _HASH)
        stamped: bytes = out.getvalue()
        return stamped

    def _supply(self, writer: _Writer, paths: Sequence[ValidationPath]) -> bool:
        """Put what proves these paths into the document's store; return whether anything was new."""
        certificates = [one for path in paths for one in path.iter_certs(include_root=True)]
        crls, answers = self._proof_of(certificates)
        store = DocumentSecurityStore.supply_dss_in_writer(writer, None, paths=paths, crls=crls, ocsps=answers)
        return bool(store.modified)

    def _proof_of(
        self, certificates: Sequence[x509.Certificate]
    ) -> tuple[list[asn1_crl.CertificateList], list[ocsp.OCSPResponse]]:
        """Return the lists and answers that speak of these certificates: a house has many more, and lists grow long."""
        crls = (asn1_crl.CertificateList.load(one) for one in self._material["crls"])
        answers = (ocsp.OCSPResponse.load(one) for one in self._material["ocsp"])
        numbers = {one.serial_number for one in certificates}
        return (
            [one for one in crls if any(_signs(certificate, one) for certificate in certificates)],
            [one for one in answers if numbers & _numbers(one)],
        )


def _signs(certificate: x509.Certificate, crl: asn1_crl.CertificateList) -> bool:
    """Say whether a certificate is that of a list's issuer; two authorities may have one name, and not one key."""
    named, key = crl.authority_key_identifier, certificate.key_identifier
    same_key = named is None or key is None or named == key
    return bool(certificate.subject == crl.issuer and same_key)


def _numbers(answer: ocsp.OCSPResponse) -> set[int]:
    """Return the serial numbers that an OCSP answer speaks of."""
    told = answer.basic_ocsp_response["tbs_response_data"]["responses"]
    return {one["cert_id"]["serial_number"].native for one in told}


async def _path(signed_data: cms.SignedData, context: ValidationContext) -> ValidationPath:
    """Return the path of who signed; raises PathBuildingError, PathValidationError."""
    found = extract_certificate_info(signed_data)
    validator = CertificateValidator(
        found.signer_cert, intermediate_certs=found.other_certs, validation_context=context
    )
    path: ValidationPath = await validator.async_validate_usage(key_usage=set())  # type: ignore[no-untyped-call]
    return path


def _respelt(data: bytes, extended: bytes) -> bytes:
    """Write pyHanko's revision in our one spelling: at B-LT no signature covers it."""
    after = PdfFile(extended)
    (revision,) = revisions_after(after, len(data))
    return respell(PdfFile(data), after, revision)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_next() -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime) + _CPU
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(message: dict[str, str]) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.flush()


def _ask(imprint: bytes) -> bytes:
    _answer({"stamp": b64encode(imprint).decode("ascii")})
    token: str = json.loads(sys.stdin.buffer.readline())["token"]
    return b64decode(token)


def main() -> None:
    """Extend one document after the other; ends by itself only when the input does."""
    logging.disable()
    _limit()
    while line := sys.stdin.buffer.readline():
        _limit_next()
        request = json.loads(line)
        try:
            data = asyncio.run(_Extension(request, _ask).extend(request["level"]))
        except (PathBuildingError, PathValidationError) as error:
            _answer({"refused": f"certificates: {error}"[:_MAX_REASON]})
        except Exception as error:  # noqa: BLE001 - pyHanko raises anything at all on odd files, and all of it ends here
            _answer({"refused": f"{type(error).__name__}: {error}"[:_MAX_REASON]})
        else:
            _answer({"data": b64encode(data).decode("ascii")})


if __name__ == "__main__":
    main()
