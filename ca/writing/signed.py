"""The outer shape of certificates, revocation lists and requests: what is signed, with what, and the signature."""

from ca.algorithms.signatures import identifier, verify
from ca.encoding import der
from ca.writing.certificate_errors import SignatureFaulty
from ledger.signing import Signer


def signed(tbs: bytes, signer: Signer) -> bytes:
    """Return the DER of a signed structure; raises SignatureFaulty.

    The signature is verified before it leaves: a faulty one on a nonce-based algorithm can give the key away, and one on
    a certificate would be noticed only by strangers.
    Source: RFC 5280 sections 4.1.1 and 5.1.1, RFC 2986 section 4.2
    """
    signature = signer.sign(tbs)
    algorithm = identifier(signer.algorithm)
    if not verify(signer.public_key, algorithm, tbs, signature):
        raise SignatureFaulty(signer.algorithm)
    return der.sequence(tbs, algorithm, der.bits(signature))
