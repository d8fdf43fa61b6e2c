"""The keys and certificates that a plan wants, as one list: issuers first, each with everything that makes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ca.ceremonies import names as key_names
from ca.ceremonies.names import ISSUING_ROLES, Hierarchy, KeyName
from ca.ceremonies.plan import CeremonyPlan, KeyGroup, KeyStore, NamedPlan, NationalPlan, NationalRootPlan, SealPlan
from ca.writing import profiles
from ca.writing.certificates import DistinguishedName
from ca.writing.profiles import Profile
from ledger.signing import SignatureAlgorithm

_RESPONDER: Final = " OCSP"
_MAKER: Final = KeyName.of(key_names.SEAL_MAKER).base
# What signs licences, times and answers stays on P-256 whatever the authorities use: every reader has it.
_SERVICE: Final[dict[Hierarchy, SignatureAlgorithm]] = {"international": "ES256", "national": "SM2"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key and its certificate.

    issuer: the key name of its authority, its own for a root; group: the kind of key, None for a root's, which lies
    apart; seal: what the plan says of it, for a seal's.
    """

    key_name: str
    profile: Profile
    issuer: str
    hierarchy: Hierarchy
    algorithm: SignatureAlgorithm
    subject: DistinguishedName
    years: int
    group: KeyGroup | None
    seal: SealPlan | None = None

    @property
    def is_root(self) -> bool:
        """Whether it signs itself."""
        return self.issuer == self.key_name


def wanted(plan: CeremonyPlan) -> tuple[Wanted, ...]:
    """Return everything that the first ceremony makes, the log's key apart, which has no certificate."""
    national = () if plan.national is None else tuple(_hierarchy(plan, "national"))
    return (*_hierarchy(plan, "international"), *_services(plan), *_seals(plan, "international"), *national)


def place(plan: CeremonyPlan, one: Wanted) -> KeyStore:
    """Return where a key is kept; no PKCS#11 token that we could prove it on knows SM2."""
    if one.group is None or one.hierarchy == "national":
        return "folder"
    return plan.keys.place(one.group)


def limit(plan: CeremonyPlan, one: Wanted) -> int | None:
    """Return how many signatures a key may make."""
    return None if one.group is None else plan.keys.limit(one.group)


def root(plan: CeremonyPlan, hierarchy: Hierarchy) -> Wanted:
    """Return a hierarchy's root."""
    named = root_plan(plan, hierarchy)
    algorithm: SignatureAlgorithm = "SM2" if hierarchy == "national" else plan.root.algorithm
    return _wanted(plan, "root", "root", profiles.ROOT, named, hierarchy, algorithm, None)


def issuing(plan: CeremonyPlan, role: key_names.Role, hierarchy: Hierarchy) -> Wanted:
    """Return one of a hierarchy's issuing authorities."""
    algorithm: SignatureAlgorithm
    if hierarchy == "national":
        named: NamedPlan = getattr(_national(plan).authorities, role)
        algorithm = "SM2"
    else:
        chosen = getattr(plan.authorities, role)
        named, algorithm = chosen, chosen.algorithm or plan.root.algorithm
    return _wanted(plan, f"issuing-{role}", "root", profiles.ISSUING, named, hierarchy, algorithm, "authorities")


def responder(plan: CeremonyPlan, authority: Wanted) -> Wanted:
    """Return the responder of an authority, named after it."""
    return Wanted(
        key_name=key_names.responder(authority.key_name),
        profile=profiles.OCSP,
        issuer=authority.key_name,
        hierarchy=authority.hierarchy,
        algorithm=_SERVICE[authority.hierarchy],
        subject=DistinguishedName(authority.subject.common_name + _RESPONDER, plan.organisation),
        years=plan.ocsp.years,
        group="ocsp",
    )


def _hierarchy(plan: CeremonyPlan, hierarchy: Hierarchy) -> Iterator[Wanted]:
    authorities = (root(plan, hierarchy), *(issuing(plan, role, hierarchy) for role in ISSUING_ROLES))
    yield from authorities
    tsa = plan.tsa if hierarchy == "international" else _national(plan).tsa
    yield _service(plan, key_names.TIMESTAMP, "root", profiles.TIMESTAMP, tsa, hierarchy, "timestamp")
    yield from (responder(plan, authority) for authority in authorities)
    if hierarchy == "national":
        maker = _national(plan).seal_maker
        yield _service(plan, _MAKER, "issuing-seals", profiles.SEAL_MAKER, maker, hierarchy, "seal_maker")
        yield from _seals(plan, hierarchy)


def _services(plan: CeremonyPlan) -> Iterator[Wanted]:
    """Yield what exists once: who signs trust lists, status lists and receipts."""
    yield _service(plan, key_names.TRUST, "root", profiles.TRUST, plan.trust, "international", "trust")
    systems = "issuing-systems"
    yield _service(plan, key_names.STATUS, systems, profiles.STATUS, plan.status, "international", "status")
    yield _service(plan, key_names.RECEIPT, systems, profiles.RECEIPT, plan.receipt, "international", "receipt")


def _seals(plan: CeremonyPlan, hierarchy: Hierarchy) -> Iterator[Wanted]:
    """Yield the seals, their subjects as in government seals: CN the code, O the USCC and the unit's name."""
    for seal in plan.seals:
        yield Wanted(
            key_name=key_names.seal(seal.id, hierarchy),
            profile=profiles.SEAL,
            issuer=key_names.authority("seals", hierarchy),
            hierarchy=hierarchy,
            algorithm=_SERVICE[hierarchy],
            subject=DistinguishedName(seal.code, seal.uscc + seal.organisation),
            years=seal.years,
            group="seals",
            seal=seal,
        )


def _service(
    plan: CeremonyPlan,
    base: str,
    issuer: str,
    profile: Profile,
    named: NamedPlan,
    hierarchy: Hierarchy,
    group: KeyGroup,
) -> Wanted:
    return _wanted(plan, base, issuer, profile, named, hierarchy, _SERVICE[hierarchy], group)


def _wanted(
    plan: CeremonyPlan,
    base: str,
    issuer: str,
    profile: Profile,
    named: NamedPlan,
    hierarchy: Hierarchy,
    algorithm: SignatureAlgorithm,
    group: KeyGroup | None,
) -> Wanted:
    return Wanted(
        key_name=key_names.KeyName(hierarchy, base).text,
        profile=profile,
        issuer=key_names.KeyName(hierarchy, issuer).text,
        hierarchy=hierarchy,
        algorithm=algorithm,
        subject=DistinguishedName(named.name, plan.organisation),
        years=named.years,
        group=group,
    )


def root_plan(plan: CeremonyPlan, hierarchy: Hierarchy) -> NationalRootPlan:
    """Return what the plan says of a hierarchy's root."""
    return _national(plan).root if hierarchy == "national" else plan.root


def _national(plan: CeremonyPlan) -> NationalPlan:
    if plan.national is None:
        raise ValueError("the plan has no national hierarchy")
    return plan.national
