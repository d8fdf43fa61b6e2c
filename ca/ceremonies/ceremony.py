"""The key ceremony: from a plan to keys, certificates, revocation lists and the trust list, in one act.

Everything is written into one folder, but for the roots' keys, which lie in a folder of their own that is carried away
afterwards: nothing but the next ceremony needs them. A mark is set before the first key and taken away after the last
file: a ceremony that was cut off has its mark, nobody can have used its keys, and the next run begins again. One
without its mark is finished and is never written over.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from ca.algorithms import sm2
from ca.ceremonies import files, transcript
from ca.ceremonies import wanted as ceremony_wanted
from ca.ceremonies.acts import Acts, is_root
from ca.ceremonies.credentials import Ceremony, Credential, SealCertificate
from ca.ceremonies.files import open_ceremony
from ca.ceremonies.plan import CeremonyPlan
from ca.ceremonies.transcript import Session, sign_session, write_transcript
from ca.ceremonies.trust_making import make_trust, trust_end
from ca.errors import CeremonyDone
from ca.keys import private_files
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ledger.signing import Signer

__all__ = ["Ceremony", "Credential", "SealCertificate", "open_ceremony", "perform"]

_FOUNDING: Final = "founding"


def perform(plan: CeremonyPlan, ring: KeyRing, offline: KeyFolder, now: datetime) -> Ceremony:
    """Hold the first ceremony; raises CeremonyDone, CeremonyRunning, PassphraseWrong, ProfileViolated.

    ring: the keys that stay on line, in whose folder all files go; offline: the folder of the roots' keys. A plan with a
    national hierarchy needs SM2: raises NationalUnavailable before anything is made.
    """
    if plan.national is not None:
        sm2.require()
    folder = ring.path
    with ring.locked():
        mark = folder / files.MARK
        if mark.exists():
            ring.forget()
            offline.forget()
            files.forget(folder)
        elif ring.folder.names() or offline.names() or (folder / files.TRUST).exists():
            raise CeremonyDone(str(folder))
        private_files.write(mark, b"This key ceremony was not finished; the next run begins again.\n")
        ceremony = _hold(Acts(plan, ring, offline, now.replace(microsecond=0)))
        ring.create_wrapper(now)
        files.write_ceremony(folder, ceremony)
        private_files.remove(mark)
    return ceremony


def _hold(acts: Acts) -> Ceremony:
    """Make every key and certificate, then the lists, then the transcript."""
    plan, begin = acts.plan, acts.begin
    for one in ceremony_wanted.wanted(plan):
        acts.certify(one)
    log_key = acts.log_key()
    ceremony = Ceremony(plan, acts.credentials, {}, {}, b"", b"")
    until = _make_lists(acts)
    signer = acts.ring.signer(ceremony.trust_signer.key_name)
    trust = make_trust(ceremony, acts.lists.values(), {plan.log.origin: log_key}, signer, (begin, until))
    acts.note_trust(trust)
    roots = {name: authority.signer for name, authority in acts.authorities.items() if is_root(name)}
    record = write_transcript([_session(acts, roots)])
    return replace(ceremony, crls=acts.lists, trust=trust, transcript=record)


def _make_lists(acts: Acts) -> datetime:
    """Make the first revocation lists, the roots' first; return until when the trust list that holds them is good."""
    for name in acts.authorities:
        if is_root(name):
            acts.root_list(name, 1)
    until = trust_end(acts.plan, acts.lists.values(), acts.begin)
    for name in acts.authorities:
        if not is_root(name):
            acts.revocation_list(name, 1, until)
    return until


def _session(acts: Acts, roots: Mapping[str, Signer]) -> Session:
    plan = acts.plan
    session = Session(
        number=1,
        purpose=_FOUNDING,
        held_at=acts.begin,
        organisation=plan.organisation,
        witnesses=plan.witnesses,
        plan_sha256=transcript.sha256(files.plan_file(plan)),
        previous_sha256=None,
        acts=tuple(acts.done),
    )
    return sign_session(session, roots)
