"""Ceremonies after the first: with the roots' keys at hand, keys are followed by others and lists are made anew.

Nothing that stands is taken away: an authority that was followed by another still says what it has revoked, and an
earlier root stays an anchor, so that there is no day on which a document cannot be verified. Every such ceremony makes
the roots' revocation lists anew and renews the responders' certificates, which are short-lived; what it made counts
once the transcript names it. One that was cut off is held again and takes up the keys that it finds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ca.algorithms import sm2
from ca.ceremonies import files, transcript
from ca.ceremonies import names as key_names
from ca.ceremonies import wanted as ceremony_wanted
from ca.ceremonies.acts import Acts, is_root
from ca.ceremonies.credentials import Ceremony
from ca.ceremonies.errors import CeremonyTooEarly, RolloverRefused
from ca.ceremonies.names import Hierarchy, KeyName
from ca.ceremonies.transcript import Session, read_transcript, sign_session, write_transcript
from ca.ceremonies.trust_making import trust_end
from ca.ceremonies.wanted import Wanted
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked, read_crl
from ca.writing import profiles
from ca.writing.certificates import Authority

RevokedByRoot = Mapping[str, Iterable[Revoked]]
"""What each root has revoked, by its key name."""

NOTHING: Final[RevokedByRoot] = {}
_YEARLY: Final = "yearly"
_DAY: Final = timedelta(days=1)


def renew(ring: KeyRing, offline: KeyFolder, now: datetime, revoked: RevokedByRoot = NOTHING) -> Ceremony:
    """Hold the yearly ceremony: the roots' revocation lists and the responders' certificates, and no new key.

    revoked: beside what stands in the lists already. Raises CeremonyMissing, CeremonyDamaged, CeremonyRunning, KeyMissing
    where a root's key is not at hand, KeyMismatch where another house's is, CeremonyTooEarly, NationalUnavailable.
    """
    return _hold(ring, offline, now, revoked, _YEARLY, _nothing_more)


def follow(
    ring: KeyRing,
    offline: KeyFolder,
    line: str,
    now: datetime,
    name: str | None = None,
    revoked: RevokedByRoot = NOTHING,
) -> Ceremony:
    """Let an issuing authority or a service be followed by its next generation, with a key and a name of its own.

    line: the key name of the first generation; name: the new common name, by default the plan's with `G2`, `G3`, …. What
    the plan wants and no ceremony has made yet, because an earlier release did not know it, is made for the first time. A new
    root issues nothing before the trust lists that do not know it have run out: until then the earlier one does, or who
    has not fetched the new list yet would take genuine documents for forged. Raises RolloverRefused, ProfileViolated for
    a name that cannot stand in a certificate, and as `renew`.
    """

    def act(acts: Acts, ceremony: Ceremony) -> None:
        one = _successor(ceremony, line, name, acts.begin)
        acts.certify(one)
        if one.profile.is_ca:
            acts.certify(ceremony_wanted.responder(acts.plan, one))
            acts.revocation_list(one.key_name, 1, trust_end(acts.plan, _root_lists(acts), acts.begin))

    return _hold(ring, offline, now, revoked, line, act)


def follow_root(
    ring: KeyRing, offline: KeyFolder, hierarchy: Hierarchy, now: datetime, revoked: RevokedByRoot = NOTHING
) -> Ceremony:
    """Let a root be followed by another key of the same name; each vouches for the other. Raises as `renew`.

    Source: RFC 4210 section 4.4
    """
    line = key_names.authority("root", hierarchy)

    def act(acts: Acts, ceremony: Ceremony) -> None:
        old = ceremony.current(line).key_name
        new = _next(old)
        one = replace(ceremony_wanted.root(acts.plan, hierarchy), key_name=new, issuer=new)
        acts.certify(one)
        acts.certify(ceremony_wanted.responder(acts.plan, one))
        acts.root_list(new, 1)
        acts.link(new, old)
        acts.link(old, new)

    return _hold(ring, offline, now, revoked, line, act)


def _hold(
    ring: KeyRing,
    offline: KeyFolder,
    now: datetime,
    revoked: RevokedByRoot,
    purpose: str,
    act: Callable[[Acts, Ceremony], None],
) -> Ceremony:
    folder = ring.path
    with ring.locked():
        files.settle(folder)
        before = files.open_ceremony(folder)
        _check_clock(before, now)
        if "national" in before.hierarchies:
            sm2.require()
        acts = _opened(before, ring, offline, now)
        signing = _newest_roots(before)
        _renew_lists(acts, before, revoked)
        _renew_responders(acts, before)
        act(acts, before)
        signing += [name for name in acts.authorities if is_root(name) and name not in before.certificates]
        record = _continued(before, acts, purpose, signing)
        made = {name: one.cert_der for name, one in acts.credentials.items()} | acts.links
        files.commit(folder, made, acts.lists, record)
        return files.open_ceremony(folder)


def _check_clock(ceremony: Ceremony, now: datetime) -> None:
    """Refuse a clock that stands before the last ceremony: lists made by it would be older than those they follow."""
    last = read_transcript(ceremony.transcript)[-1].held_at
    if now.replace(microsecond=0) < last:
        raise CeremonyTooEarly(last)


def _nothing_more(_acts: Acts, _ceremony: Ceremony) -> None:
    """Do what every ceremony does, and no more."""


def _opened(ceremony: Ceremony, ring: KeyRing, offline: KeyFolder, now: datetime) -> Acts:
    """Open the keys of all authorities that still live, the roots' from their own folder; the newest roots in any case."""
    acts = Acts(ceremony.plan, ring, offline, now.replace(microsecond=0), resumes=True)
    newest = _newest_roots(ceremony)
    for one in ceremony.authorities():
        if one.key_name in newest or read_certificate(one.cert_der).not_after > acts.begin:
            keys = offline if one.profile == profiles.ROOT else ring
            acts.authorities[one.key_name] = Authority(one.cert_der, keys.signer(one.key_name))
    return acts


def _newest_roots(ceremony: Ceremony) -> list[str]:
    return [ceremony.authority("root", hierarchy).key_name for hierarchy in ceremony.hierarchies]


def _renew_lists(acts: Acts, ceremony: Ceremony, revoked: RevokedByRoot) -> None:
    for name in filter(is_root, acts.authorities):
        last = read_crl(ceremony.crls[name])
        entries = {entry.serial_number: entry for entry in (*last.entries.values(), *revoked.get(name, ()))}
        acts.root_list(name, (last.number or 0) + 1, entries.values())


def _root_lists(acts: Acts) -> list[bytes]:
    return [crl for name, crl in acts.lists.items() if is_root(name)]


def _renew_responders(acts: Acts, ceremony: Ceremony) -> None:
    for authority, held in list(acts.authorities.items()):
        if read_certificate(held.certificate).not_after - acts.begin < _DAY:
            continue  # it can issue no more
        acts.renew(ceremony.certificates[key_names.responder(authority)], acts.plan.ocsp.years)


def _successor(ceremony: Ceremony, line: str, name: str | None, now: datetime) -> Wanted:
    first = next((one for one in ceremony_wanted.wanted(ceremony.plan) if one.key_name == line), None)
    if first is None or KeyName.parse(line) is None:
        raise RolloverRefused(line, "密钥仪式没有这样的密钥", "no ceremony made such a key")
    if first.is_root or first.profile == profiles.OCSP:
        raise RolloverRefused(
            line,
            "它只能随其机构更替",
            "it is followed in another way: a root by a root, a responder with its authority",
        )
    if first.seal is not None:
        raise RolloverRefused(line, "印章证书由签发机构换发", "a seal's certificate is renewed by its authority")
    # None where a later release wants what the ceremonies before did not make.
    known = ceremony.generations(line)
    successor = KeyName.of(known[-1].key_name).next() if known else KeyName.of(line)
    common_name = name or (
        f"{first.subject.common_name} G{successor.generation}" if known else first.subject.common_name
    )
    below_root = KeyName.of(first.issuer).role == "root"
    issuer = ceremony.in_use(first.issuer, now) if below_root else ceremony.current(first.issuer)
    return replace(
        first, key_name=successor.text, issuer=issuer.key_name, subject=replace(first.subject, common_name=common_name)
    )


def _next(root: str) -> str:
    return KeyName.of(root).next().text


def _continued(ceremony: Ceremony, acts: Acts, purpose: str, signing: Iterable[str]) -> bytes:
    sessions = read_transcript(ceremony.transcript)
    session = Session(
        number=len(sessions) + 1,
        purpose=purpose,
        held_at=acts.begin,
        organisation=acts.plan.organisation,
        witnesses=acts.plan.witnesses,
        plan_sha256=sessions[-1].plan_sha256,  # the file as it was: a later release may write a plan otherwise
        previous_sha256=transcript.sha256(sessions[-1].contents),
        acts=tuple(acts.done),
    )
    signed = sign_session(session, {name: acts.authorities[name].signer for name in signing})
    return write_transcript([*sessions, signed])
