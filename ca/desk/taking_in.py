"""After a restore: revocations that were published since the backup are taken back in from a list that we signed.

Without it the next list would call good what the world was told is revoked. The list itself is kept, too, under its
number, so that none before it is published any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from ca.desk.asking import require_officer
from ca.desk.issuance import Sessions
from ca.desk.life_errors import ListRefused
from ca.desk.publishing import LIFETIME
from ca.desk.told_revocations import Recorder, enter_told
from ca.judging.revocation_crls import list_signed_by
from ca.models import AuthorityRow
from ca.reading import names
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import RevocationList, read_crl
from ca.store import issued as rows
from ca.store import lists, revocations
from ledger.actor import Actor
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper

_CLOCK_TOLERANCE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TakenInList:
    """What came of it; serial numbers are 40 hexadecimal digits.

    revoked: entered now; lost: likewise, of certificates that the register does not hold any more; held: on hold here, and
    not in this later list, so that somebody had released them: to be released again, by whom they concern.
    """

    authority: str
    number: int
    entries: int
    revoked: tuple[str, ...]
    lost: tuple[str, ...]
    held: tuple[str, ...]


class PublishedLists:
    """Takes lists back in. ceremony_lists: the roots' newest lists (DER) as their ceremonies left them, by authority."""

    def __init__(
        self, sessions: Sessions, wrapper: KeyWrapper, promiser: Promiser, ceremony_lists: Mapping[str, bytes]
    ) -> None:
        self._sessions = sessions
        self._wrapper, self._promiser = wrapper, promiser
        self._ceremony_lists = ceremony_lists

    def take_in(self, der: bytes, actor: Actor, now: datetime) -> TakenInList:
        """Enter what a list tells and the register has lost; the same again changes nothing.

        der: a full list that one of our authorities signed, however old. Raises RoleMissing, ListRefused, CrlInvalid,
        NationalUnavailable.
        """
        require_officer(actor)
        crl = read_crl(der)
        number, next_update = _check_form(crl, now)
        with self._sessions() as session:
            authority = _signer(session, crl)
            self._check_root(authority, number)
            recorder = Recorder(self._wrapper, self._promiser, actor)
            entered = enter_told(session, authority.id, crl.entries, recorder, now)
            locked = rows.lock_authority(session, authority.id)
            assert locked is not None
            if entered.any:
                rows.raise_revision(session, {authority.id})
                session.refresh(locked)
            root = locked.role == "root"
            # What was made to travel in a trust list is not given to those who fetch lists: they would keep it as long.
            public = root or next_update - crl.this_update <= LIFETIME
            lists.register_crl(
                session,
                authority.id,
                crl.der,
                audience="everybody" if public else "trust-list",
                revision=locked.revision if _tells_all(session, authority.id, crl) else -1,
            )
            held = revocations.holds_since(session, authority.id, crl.this_update)
            released = tuple(one for one in held if int(one, 16) not in crl.entries)
            return TakenInList(authority.id, number, len(crl.entries), entered.revoked, entered.lost, released)

    def _check_root(self, authority: AuthorityRow, number: int) -> None:
        """Refuse a root's list of a ceremony that the key folder has forgotten: the next one would repeat its number."""
        if authority.role != "root":
            return
        known = read_crl(self._ceremony_lists[authority.id]).number if authority.id in self._ceremony_lists else None
        if known is None or known < number:
            raise ListRefused(
                "密钥目录早于签发该列表的密钥仪式，请恢复该仪式之后的密钥目录",
                "the key folder is older than the ceremony of this list: restore the folder as that ceremony left it",
            )


def _check_form(crl: RevocationList, now: datetime) -> tuple[int, datetime]:
    """Return number and end of a list of ours: full, of its issuer's certificates alone, and not from the future."""
    plain = crl.understood and crl.delta_base is None and not crl.indirect and crl.issuing_distribution_point is None
    if not plain or crl.number is None or crl.next_update is None:
        raise ListRefused("不是本机构发布的完整列表", "it is no full list such as we publish")
    if crl.this_update > now + _CLOCK_TOLERANCE:
        raise ListRefused(
            "其时间晚于本机时钟，请先校正时钟", "it is later than this machine's clock: set that right first"
        )
    return crl.number, crl.next_update


def _signer(session: Session, crl: RevocationList) -> AuthorityRow:
    for authority in rows.authorities(session):
        certificate = rows.authority_certificate(session, authority.id)
        if certificate is None or certificate.der is None:
            continue
        found = read_certificate(certificate.der)
        if names.same(found.subject, crl.issuer) and list_signed_by(crl.der, found.public_key):
            if authority.state == "ended":
                raise ListRefused(
                    "签发该列表的机构密钥已失密，其列表不可信", "others know the key that signed it: it proves nothing"
                )
            return authority
    raise ListRefused("没有任何本机构的密钥签发过该列表", "no authority of ours has signed it")


def _tells_all(session: Session, authority: str, crl: RevocationList) -> bool:
    """Say whether the list tells everything that the register knows, so that no other is needed before its time."""
    told = {(serial, entry.reason or "unspecified") for serial, entry in crl.entries.items()}
    return {(one.serial_number, one.reason) for one in revocations.revoked_of(session, authority)} <= told
