"""Keep a trust list up to date, as every counterpart does: only forwards, and only within the house that was chosen.

The first list is believed because somebody compared the fingerprint of its root with a published one. Each further list
must stand under an anchor of the list before it, and bear a higher number: a list of yesterday knows nothing of today's
revocations, and is good in itself until it runs out.
"""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256

from ca.judging.revocation_status import revocation_status
from ca.judging.trust import TrustList, anchor_of, load_trust
from ca.judging.trust_errors import TrustListOlder, TrustListStrange
from ca.reading.certificate_reader import read_certificate


def first(offered: bytes, fingerprints: Collection[str], now: datetime) -> TrustList:
    """Judge the first list that is kept; raises TrustListInvalid, TrustListStrange.

    fingerprints: SHA-256 in hexadecimal of the roots that were published, colons or not; the root of the list's signer
    must be among them.
    """
    trust = load_trust(offered, now)
    anchor = anchor_of(read_certificate(trust.signer), trust)
    known = {one.replace(":", "").replace(" ", "").lower() for one in fingerprints}
    if anchor is None or sha256(anchor.der).hexdigest() not in known:
        raise TrustListStrange(
            zh_reason="签名所依据的根证书与所给指纹不符", reason="its signer's root has none of the fingerprints given"
        )
    return trust


def next_after(kept: bytes, offered: bytes, now: datetime) -> TrustList:
    """Judge a list that is offered in the place of one that is kept; the same one again is no fault.

    kept: may have run out, which takes nothing from what it says of anchors and numbers. Raises TrustListInvalid,
    TrustListOlder, TrustListStrange.
    """
    before, after = load_trust(kept, now), load_trust(offered, now)
    if after.digest == before.digest:
        return after
    _check_signer(before, after)
    if _place(after) == _place(before):
        raise TrustListStrange(
            zh_reason="编号相同而内容不同，请向发布单位核实",
            reason="it has the same number and says something else: ask who publishes it",
        )
    if _place(after) < _place(before):
        raise TrustListOlder(reason="older", kept=before.number, offered=after.number)
    return after


def _place(trust: TrustList) -> tuple[int, float]:
    """Return where a list stands among others; of an earlier release's, which bear no number, the later one counts."""
    return trust.number, 0 if trust.number else trust.valid_from.timestamp()


def _check_signer(before: TrustList, after: TrustList) -> None:
    """Check that somebody signed whom an anchor of the kept list has charged, and that it does not call revoked."""
    signer = read_certificate(after.signer)
    anchor = anchor_of(signer, before)
    if anchor is None:
        raise TrustListStrange(
            zh_reason="签名者不属于现有信任列表中的任何根证书",
            reason="no anchor of the list that is kept has certified its signer",
        )
    # Whoever has taken a revoked key makes a list in which it is not revoked, or that begins before it was.
    moment = max(before.valid_from, after.valid_from)
    if revocation_status(signer, anchor, before.crls, moment).verdict in {"revoked", "on_hold"}:
        raise TrustListStrange(
            zh_reason="现有信任列表表明签名者已被吊销", reason="the list that is kept says that its signer was revoked"
        )
