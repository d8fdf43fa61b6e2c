"""What ceremonies made, as one value: certificates by the names of their keys, and how they hang together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ca.algorithms import signatures
from ca.ceremonies import names as key_names
from ca.ceremonies.names import Hierarchy, KeyName, Role
from ca.ceremonies.plan import CeremonyPlan, SealPlan
from ca.errors import CertificateInvalid, KeyMissing
from ca.reading.certificate_reader import read_certificate
from ca.timekeeping.clock import Clock
from ca.timestamping.timestamps import TimestampAuthority
from ca.writing.profiles import Profile
from ledger.signing import Signer


class Signers(Protocol):
    """Where keys are opened by name: a key ring, or a folder."""

    def signer(self, name: str) -> Signer:
        """Open a key."""
        ...


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate (DER), the name of its key, and the key name of its issuer, which for a root is its own."""

    profile: Profile
    cert_der: bytes
    key_name: str
    issuer: str
    hierarchy: Hierarchy


@dataclass(frozen=True, slots=True)
class SealCertificate(Credential):
    """A seal's certificate, with what the plan says of the seal."""

    plan: SealPlan


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What the ceremonies of a folder made.

    certificates: by key name, issuers before what they issued; links: certificates (DER) by which one root vouches for
    another, by file name; crls: authority -> the list that the last ceremony made for it (DER): for a root the one to be
    published, for an authority on line one that lasts as long as a trust list and goes there; trust: the first trust
    list as a file; transcript: the file.
    """

    plan: CeremonyPlan
    certificates: Mapping[str, Credential]
    links: Mapping[str, bytes]
    crls: Mapping[str, bytes]
    trust: bytes
    transcript: bytes

    def credentials(self) -> tuple[Credential, ...]:
        """Return all of them, issuers first."""
        return tuple(self.certificates.values())

    def authorities(self) -> tuple[Credential, ...]:
        """Return those that issue others, of all generations."""
        return tuple(one for one in self.certificates.values() if one.profile.is_ca)

    @property
    def hierarchies(self) -> tuple[Hierarchy, ...]:
        """The hierarchies there are, the international one first."""
        return tuple(one for one in key_names.HIERARCHIES if key_names.authority("root", one) in self.certificates)

    @property
    def seals(self) -> Mapping[str, SealCertificate]:
        """The seals' certificates of the international hierarchy, by their ids in the plan."""
        return self._seals("international")

    @property
    def national_seals(self) -> Mapping[str, SealCertificate]:
        """The seals' certificates of the national hierarchy, by their ids in the plan; none where there is no such."""
        return self._seals("national")

    @property
    def root(self) -> Credential:
        """The international root, the newest one."""
        return self.authority("root")

    @property
    def tsa(self) -> Credential:
        """The international timestamp authority, the newest one."""
        return self.current(key_names.TIMESTAMP)

    @property
    def status(self) -> Credential:
        """What signs status lists, the newest one."""
        return self.current(key_names.STATUS)

    @property
    def receipt(self) -> Credential:
        """What signs receipts, the newest one."""
        return self.current(key_names.RECEIPT)

    @property
    def trust_signer(self) -> Credential:
        """What signs trust lists, the newest one: it is believed for the root's sake, not by name."""
        return self.current(key_names.TRUST)

    def seal_maker(self, now: datetime) -> Credential | None:
        """Return what makes national seals now, None where there is no national hierarchy or it has none yet."""
        return self.in_use(key_names.SEAL_MAKER, now) if self.generations(key_names.SEAL_MAKER) else None

    def authority(self, role: Role, hierarchy: Hierarchy = "international") -> Credential:
        """Return the newest authority of a role; raises KeyMissing where the hierarchy is not there."""
        return self.current(key_names.authority(role, hierarchy))

    def current(self, line: str) -> Credential:
        """Return the newest generation of a key; raises KeyMissing. line: the name of the first generation."""
        *_, newest = self.generations(line) or (None,)
        if newest is None:
            raise KeyMissing(line)
        return newest

    def in_use(self, line: str, now: datetime) -> Credential:
        """Return the newest generation of a key that every trust list in use knows, or the first; raises KeyMissing.

        Roots, timestamp authorities and what signs status lists and receipts are believed by name: who has a list of
        before would take for forged what a newcomer makes, until that list has run out.
        """
        settled = now - timedelta(days=self.plan.trust.days)
        first, *others = self.generations(line) or (self.current(line),)
        known = [one for one in others if read_certificate(one.cert_der).not_before <= settled]
        return known[-1] if known else first

    def generations(self, line: str) -> tuple[Credential, ...]:
        """Return all generations of a key, the first first."""
        found = []
        for name, credential in self.certificates.items():
            parsed = KeyName.parse(name)
            if parsed is not None and parsed.line == line:
                found.append((parsed.generation, credential))
        return tuple(credential for _, credential in sorted(found, key=lambda pair: pair[0]))

    def issuer(self, credential: Credential) -> Credential:
        """Return whose signature a certificate carries."""
        return self.certificates[credential.issuer]

    def chain(self, credential: Credential) -> tuple[bytes, ...]:
        """Return the certificates from this one up to and including the root, as DER."""
        return tuple(one.cert_der for one in self._line(credential))

    def chain_of(self, certificate: bytes) -> tuple[bytes, ...]:
        """Return the certificates from any one that our authorities issued up to and including the root.

        certificate: DER. Raises CertificateInvalid if it is not ours.
        """
        known = next((one for one in self.certificates.values() if one.cert_der == certificate), None)
        if known is not None:
            return self.chain(known)
        leaf = read_certificate(certificate)
        for one in self.authorities():
            above = read_certificate(one.cert_der)
            # Two generations of a root share a name, so that the name does not tell.
            if leaf.issuer == above.subject and signatures.verify(
                above.public_key, leaf.signature_algorithm, leaf.tbs, leaf.signature
            ):
                return (certificate, *self.chain(one))
        raise CertificateInvalid("it was issued by none of our authorities")

    def timestamp_authority(
        self,
        keys: Signers,
        hierarchy: Hierarchy = "international",
        clock: Clock | None = None,
        credential: Credential | None = None,
    ) -> TimestampAuthority:
        """Open a hierarchy's timestamp authority; raises what `signer` does, KeyMissing where the hierarchy is not there.

        clock: vouches for the times that it stamps; credential: the generation that signs, without it the newest.
        """
        credential = credential or self.current(key_names.timestamp(hierarchy))
        national = self.plan.national
        policy = self.plan.tsa.policy if hierarchy == "international" or national is None else national.tsa.policy
        return TimestampAuthority(keys.signer(credential.key_name), self.chain(credential), policy, clock)

    def _line(self, credential: Credential) -> Iterator[Credential]:
        yield credential
        while credential.issuer != credential.key_name:
            credential = self.certificates[credential.issuer]
            yield credential

    def _seals(self, hierarchy: Hierarchy) -> Mapping[str, SealCertificate]:
        return {
            one.plan.id: one
            for one in self.certificates.values()
            if isinstance(one, SealCertificate) and one.hierarchy == hierarchy
        }
