"""Make trust lists: what a verifier needs, put together from the ceremonies' certificates and from revocation lists."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ca.ceremonies import names as key_names
from ca.ceremonies.credentials import Ceremony
from ca.ceremonies.plan import CeremonyPlan
from ca.judging.trust import AllowedAlgorithm, SealMaker, TrustList, sign_trust
from ca.outside.foreign_trust import NOTHING_FOREIGN, ForeignTrust
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from ca.writing import profiles
from ledger.signing import Signer


def trust_end(plan: CeremonyPlan, root_lists: Iterable[bytes], begin: datetime) -> datetime:
    """Return until when a trust list can be good that begins now.

    root_lists: the roots' revocation lists (DER), made in ceremonies only, which the trust list must not outlive.
    """
    ends = [begin + timedelta(days=plan.trust.days)]
    ends.extend(until for crl in root_lists if (until := read_crl(crl).next_update) is not None)
    return min(ends).replace(microsecond=0)


def lasting_roots(ceremony: Ceremony, now: datetime) -> tuple[str, ...]:
    """Return the key names of the roots that have not ended: their lists are made anew, and bound the trust list's life.

    An earlier root's last list stays as it is: everything that it says something about has ended with the root.
    """
    roots = [one for one in ceremony.authorities() if one.profile == profiles.ROOT]
    return tuple(one.key_name for one in roots if read_certificate(one.cert_der).not_after > now)


def next_number(begin: datetime, last: int = 0) -> int:
    """Return the number of a trust list that begins now and follows on another, 0 for none.

    Its second, or the next one that is free: a database restored from its backup has forgotten the last numbers, the
    world has not.
    """
    return max(last + 1, int(begin.timestamp()))


def make_trust(
    ceremony: Ceremony,
    crls: Iterable[bytes],
    log_keys: Mapping[str, str],
    signer: Signer,
    validity: tuple[datetime, datetime],
    foreign: ForeignTrust = NOTHING_FOREIGN,
    number: int | None = None,
    witness_policy: str = "",
) -> bytes:
    """Return a signed trust list as a file; raises KeyMismatch.

    crls: DER, one of every authority, good to the list's end, so that the list is enough by itself for its whole life;
    log_keys: verifier keys by origin; signer: of the newest `trust` key; validity: from, until, but never longer than the
    signer's own certificate; foreign: what other authorities add; number: rises with every list, by default the one of
    the first list that begins then; witness_policy: whose cosignatures verifiers look for (C2SP tlog-policy).
    """
    begin, end = validity
    end = min(end, *_ends(ceremony))
    trust = TrustList(
        name=ceremony.plan.name,
        anchors=_anchors(ceremony),
        intermediates=(*_intermediates(ceremony), *foreign.intermediates),
        crls=(*crls, *foreign.crls),
        tsa=(*_of_profile(ceremony, profiles.TIMESTAMP), *foreign.tsa),
        log_keys=dict(log_keys),
        status_keys=_of_profile(ceremony, profiles.STATUS),
        receipt_keys=_of_profile(ceremony, profiles.RECEIPT),
        algorithms=tuple(AllowedAlgorithm(name, until) for name, until in profiles.ALGORITHMS.items()),
        valid_from=begin.replace(microsecond=0),
        valid_until=end,
        foreign_anchors=foreign.anchors,
        foreign_seals=foreign.seals,
        ocsp=foreign.ocsp,
        number=next_number(begin) if number is None else number,
        seal_makers=(*_seal_makers(ceremony), *foreign.seal_makers),
        witness_policy=witness_policy,
    )
    return sign_trust(trust, ceremony.trust_signer.cert_der, signer)


def _ends(ceremony: Ceremony) -> tuple[datetime, ...]:
    """Return when who signs a trust list ends, and the root above."""
    return tuple(read_certificate(der).not_after for der in ceremony.chain(ceremony.trust_signer))


def _anchors(ceremony: Ceremony) -> tuple[bytes, ...]:
    """Return every generation of every root: what an earlier one issued is good for as long as it is."""
    lines = (key_names.authority("root", hierarchy) for hierarchy in ceremony.hierarchies)
    return tuple(one.cert_der for line in lines for one in ceremony.generations(line))


def _intermediates(ceremony: Ceremony) -> tuple[bytes, ...]:
    issuing = [one.cert_der for one in ceremony.authorities() if one.profile == profiles.ISSUING]
    return (*issuing, *ceremony.links.values())


def _seal_makers(ceremony: Ceremony) -> tuple[SealMaker, ...]:
    """Return every generation of ours: what an earlier one made is good for as long as it says."""
    return tuple(SealMaker.of(one.cert_der) for one in ceremony.generations(key_names.SEAL_MAKER))


def _of_profile(ceremony: Ceremony, profile: profiles.Profile) -> tuple[bytes, ...]:
    return tuple(one.cert_der for one in ceremony.certificates.values() if one.profile == profile)
