"""A national seal's signature (SES V4) over a document, beside the raw SM2 signature of the same key."""

from datetime import datetime

from ca.algorithms.digests import compute
from ledger.signing import Signer
from seals.ses.writer import SesSealer
from tools.bench.row import Row, paired_rates

_PATH = "/Doc_0/Signs/Sign_0/Signature.xml"


def row(sealer: SesSealer, signer: Signer, document: bytes, now: datetime, seconds: float) -> Row:
    """Measure digest, structure and signature of a document. signer: the key that the sealer seals with."""
    digest = compute("SM3", document)
    ours, reference = paired_rates(
        lambda: sealer.sign(compute("SM3", document), _PATH, now), lambda: signer.sign(digest), seconds=seconds
    )
    extra = (("document_kb", round(len(document) / 1024, 1)),)
    return Row("ses-v4", ours, "seals/s", "raw SM2 signature", reference, extra)
