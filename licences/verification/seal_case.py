"""What the checks of one verification share about one seal: each fact is worked out once, when it is first asked for."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from licences.verification.documents import Signature
from licences.verification.timestamps import BadToken, JudgedStamp, open_token, outlives, path_of

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.judging.trust import TrustList
    from ca.timestamping.token import TimestampToken
    from licences.verification.case import Case
    from licences.verification.sources import Absent, SealStanding, Unavailable
    from seals.ses.steps import SesJudgement


@dataclass(frozen=True, slots=True)
class Existence:
    """The earliest moment at which the seal is proved to have existed (EN 319 102-1 section 5.5, "POE")."""

    at: datetime
    by: Literal["timestamp", "document_timestamp", "record", "ledger"]


class SealCase:
    """One seal of a document. is_first: whether it is the one that makes the document, and by which records know it."""

    def __init__(self, case: "Case", signature: Signature, *, is_first: bool) -> None:
        self.case = case
        self.signature = signature
        self._is_first = is_first

    @property
    def trust(self) -> "TrustList | None":
        """The verifier's trust list, with what the document itself keeps of revocation lists."""
        return self.case.evidence_trust

    @cached_property
    def token(self) -> "TimestampToken | BadToken | None":
        """The seal's own timestamp, if its signature holds and it covers this seal; else why not, or why untold."""
        signature = self.signature
        if signature.token is None:
            return None
        imprints = {"SHA-256": signature.imprint}
        if signature.national_imprint:
            imprints["SM3"] = signature.national_imprint
        return open_token(signature.token, imprints)

    @cached_property
    def token_path(self) -> "PathReport | None":
        """The path of the timestamp authority at the time it names; None without trust list or readable token."""
        token = self.token
        if self.trust is None or token is None or isinstance(token, BadToken):
            return None
        return path_of(token, self.trust, None if self.carried_by is None else self.carried_by.at)

    @property
    def stamps(self) -> tuple[JudgedStamp, ...]:
        """The document timestamps over this seal that hold, oldest first."""
        # Those inside a document say nothing of a seal that was laid beside it, which may be of today.
        if self.signature.beside:
            return ()
        return tuple(one for one in self.case.stamps if one.end > self.signature.end and one.at is not None)

    @property
    def carried_by(self) -> JudgedStamp | None:
        """The document timestamp that proves the greatest age."""
        return min(self.stamps, key=_moment, default=None)

    @property
    def token_aged(self) -> bool:
        """Whether the seal's timestamp stands on nothing but a certificate or an algorithm that has run out.

        A document timestamp that was put on before proves that it is older; so do the record's own digest and an entry
        of the log prove the age of the document.
        """
        token, carried = self.token, self.carried_by
        if self.trust is None or token is None or isinstance(token, BadToken):
            return False
        until = self.case.request.now if carried is None else _moment(carried)
        return not outlives(token, self.trust, until) and not self._recorded and self._logged is None

    @property
    def _recorded(self) -> bool:
        """Whether the issuer's record knows exactly this seal's document, or the file with all its seals."""
        # The record of a file says nothing of a seal that was laid beside it.
        if self.signature.beside:
            return False
        return self.case.file_recorded or (self._is_first and self.case.recorded)

    @property
    def _logged(self) -> datetime | None:
        return self.case.entry.about_this_at if self._is_first and not self.signature.beside else None

    @cached_property
    def existence(self) -> Existence | None:
        """What proves that the seal existed at some time; None when nothing does."""
        if self._stamped_at is not None:
            return Existence(self._stamped_at, "timestamp")
        if self.carried_by is not None:
            return Existence(_moment(self.carried_by), "document_timestamp")
        sealed_at = self.case.sealed_at
        if sealed_at is not None and self._recorded:
            return Existence(sealed_at, "record")
        return None if self._logged is None else Existence(self._logged, "ledger")

    @property
    def proved_late(self) -> bool:
        """Whether nothing but a document timestamp proves that a stranger's seal was there: it may be older by far.

        Ours are stamped when they seal, so that their time is the proven one.
        """
        found = self.existence
        return found is not None and found.by == "document_timestamp" and not self.case.is_licence

    @property
    def _stamped_at(self) -> datetime | None:
        """The time of the seal's own timestamp, where it proves anything."""
        token, path = self.token, self.token_path
        if token is None or isinstance(token, BadToken) or path is None or path.outcome != "passed":
            return None
        from_future = token.gen_time > self.case.request.now + self.case.request.policy.clock_tolerance
        return None if from_future or self.token_aged else token.gen_time

    @property
    def judged_at(self) -> datetime:
        """The moment at which the seal's certificate is judged.

        When the seal is proved to have existed; else when it claims, where it may (`by_claim`); else now.
        """
        if self.existence is not None:
            return self.existence.at
        claimed = self.signature.claimed_at
        return claimed if claimed is not None and self.by_claim else self.case.request.now

    @cached_property
    def by_claim(self) -> bool:
        """Whether the certificate has run out, and the seal rests on its own word that it is older.

        The national standard believes a seal's own time; so do we, of a certificate that was never revoked. Of a revoked
        one a thief could write any time.
        """
        signature = self.signature
        if signature.national is None or signature.claimed_at is None or self.existence is not None:
            return False
        now = self.path_now
        if now is None or now.reason != "expired_no_poe" or now.position != 0:
            return False
        then, last = self._path_at(signature.claimed_at), self.path_last
        return then is not None and last is not None and then.outcome == last.outcome == "passed"

    @cached_property
    def path(self) -> "PathReport | None":
        """The path of the seal's certificate at that moment; None without trust list."""
        return self._path_at(self.judged_at)

    @cached_property
    def path_now(self) -> "PathReport | None":
        """The same path at the present moment."""
        return self._path_at(self.case.request.now)

    @cached_property
    def path_last(self) -> "PathReport | None":
        """The same path at the last moment of the certificate's life: what was said of it since stands there, too."""
        from ca.reading.certificate_reader import read_certificate

        now = self.case.request.now
        ended = read_certificate(self.signature.certificate).not_after
        return self.path_now if ended >= now else self._path_at(ended)

    def _path_at(self, at: datetime) -> "PathReport | None":
        if self.trust is None:
            return None
        from ca.judging.paths import validate_path

        signature = self.signature
        helpers = (*signature.certificates[1:], *self.case.validation.certificates)
        proven = self.existence is not None or at != self.case.request.now
        return validate_path(signature.certificate, helpers, self.trust, at=at, usage="seal", proven=proven)

    @cached_property
    def national(self) -> "SesJudgement | None":
        """The judgement of a national seal in the standard's own order; None without one."""
        found = self.signature.national
        if found is None or found.value is None:
            return None
        from licences.verification.national import judge_value

        return judge_value(found, found.value, self.trust)

    @cached_property
    def standing(self) -> "SealStanding | Absent | Unavailable":
        """What the register of seals says of the one that signed this."""
        return self.case.sources.seal(self.signature.certificate)


def _moment(stamp: JudgedStamp) -> datetime:
    assert stamp.at is not None
    return stamp.at
