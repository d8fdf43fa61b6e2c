"""What a key ceremony does, in its order: keys and certificates from the root down, then the trust list."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ca import profiles
from ca.ceremony_plan import CeremonyPlan, NamedPlan, SealPlan
from ca.certificate_reader import read_certificate
from ca.certificates import Authority, DistinguishedName, issue, issue_root
from ca.keys import KeyFolder
from ca.profiles import Profile
from ca.revocation import make_crl
from ca.trust import AllowedAlgorithm, TrustList, sign_trust
from ledger.notes import Vkey

LOG_KEY: Final = "log"
BELOW_ISSUING: Final = frozenset({profiles.SEAL, profiles.STATUS, profiles.RECEIPT})
_FIRST_CRL: Final = 1


def seal_key(seal_id: str) -> str:
    """Return the name of a seal's key."""
    return f"seal-{seal_id}"


def certificate_names(plan: CeremonyPlan) -> tuple[str, ...]:
    """Return the names of the certificates that a plan makes, issuers first."""
    ours = (profiles.ROOT, profiles.ISSUING, profiles.TIMESTAMP, profiles.STATUS, profiles.RECEIPT)
    return (*(profile.name for profile in ours), *(seal_key(seal.id) for seal in plan.seals))


def hold(plan: CeremonyPlan, folder: KeyFolder, now: datetime) -> tuple[dict[str, bytes], bytes]:
    """Make every key and certificate; return the certificates (DER by name) and the trust list's file."""
    making = _Making(plan, folder, now.replace(microsecond=0))
    root = making.root()
    issuing = making.certify(profiles.ISSUING, plan.issuing, root)
    making.certify(profiles.TIMESTAMP, plan.tsa, root)
    making.certify(profiles.STATUS, plan.status, issuing)
    making.certify(profiles.RECEIPT, plan.receipt, issuing)
    for seal in plan.seals:
        making.certify_seal(seal, issuing)
    log_key = Vkey.of(plan.log.origin, folder.create(LOG_KEY, "Ed25519")).text
    folder.create_wrapper(now)
    trust = _trust_list(plan, making.certificates, (root, issuing), log_key, making.begin)
    return making.certificates, sign_trust(trust, root.certificate, root.signer)


@dataclass(frozen=True, slots=True)
class _Making:
    """The certificates made so far, by the name of their keys."""

    plan: CeremonyPlan
    folder: KeyFolder
    begin: datetime
    certificates: dict[str, bytes] = field(default_factory=dict)

    def root(self) -> Authority:
        """Make the root's key and its self-signed certificate."""
        name = profiles.ROOT.name
        signer = self.folder.create(name, "ES256")
        subject = DistinguishedName(self.plan.root.name, self.plan.organisation)
        end = _years_after(self.begin, self.plan.root.years)
        self.certificates[name] = issue_root(profiles.ROOT, subject, signer, self.begin, end)
        return Authority(self.certificates[name], signer)

    def certify(self, profile: Profile, named: NamedPlan, authority: Authority) -> Authority:
        """Make one of the organisation's own keys and its certificate."""
        subject = DistinguishedName(named.name, self.plan.organisation)
        return self._certify(profile, profile.name, subject, authority, named.years)

    def certify_seal(self, seal: SealPlan, authority: Authority) -> Authority:
        """Make a seal's key and certificate, its subject as in government seals: CN the code, O USCC and unit name."""
        subject = DistinguishedName(seal.code, seal.uscc + seal.organisation)
        return self._certify(profiles.SEAL, seal_key(seal.id), subject, authority, seal.years)

    def _certify(
        self, profile: Profile, name: str, subject: DistinguishedName, authority: Authority, years: int
    ) -> Authority:
        signer = self.folder.create(name, "ES256")
        end = min(_years_after(self.begin, years), read_certificate(authority.certificate).not_after)
        self.certificates[name] = issue(profile, subject, signer.public_key, authority, self.begin, end)
        return Authority(self.certificates[name], signer)


def _trust_list(
    plan: CeremonyPlan,
    certificates: dict[str, bytes],
    authorities: tuple[Authority, Authority],
    log_key: str,
    begin: datetime,
) -> TrustList:
    until = begin + timedelta(days=plan.trust.days)
    return TrustList(
        name=plan.name,
        anchors=(certificates[profiles.ROOT.name],),
        intermediates=(certificates[profiles.ISSUING.name],),
        # The lists travel inside the trust list, so they are good for as long as it is.
        crls=tuple(make_crl(authority, _FIRST_CRL, (), begin, until) for authority in authorities),
        tsa=(certificates[profiles.TIMESTAMP.name],),
        log_keys={plan.log.origin: log_key},
        status_keys=(certificates[profiles.STATUS.name],),
        receipt_keys=(certificates[profiles.RECEIPT.name],),
        algorithms=tuple(AllowedAlgorithm(name, until) for name, until in profiles.ALGORITHMS.items()),
        valid_from=begin,
        valid_until=until,
    )


def _years_after(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + years, day=28)
