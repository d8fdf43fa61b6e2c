"""What a ceremony does: makes keys, certificates and revocation lists, and writes each act down."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ca.ceremonies import transcript
from ca.ceremonies import wanted as ceremony_wanted
from ca.ceremonies.credentials import Credential, SealCertificate
from ca.ceremonies.errors import RolloverRefused
from ca.ceremonies.names import LOG_KEY, KeyName
from ca.ceremonies.plan import CeremonyPlan
from ca.ceremonies.transcript import Act, ActKind
from ca.ceremonies.wanted import Wanted
from ca.encoding import strict_json
from ca.errors import KeyExists
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.locations import Locations
from ca.writing.revocation import make_crl
from ledger.formats.notes import Vkey
from ledger.signing import SignatureAlgorithm, Signer

_OFFLINE: Final = "offline"


@dataclass(slots=True)
class Acts:
    """The things made so far. begin: the moment of the ceremony, to the second.

    resumes: whether keys that stand, but in no transcript, are taken: a ceremony that was cut off left them, and no
    certificate of them was ever handed out. authorities: opened, by key name; lists: authority -> its newest list.
    """

    plan: CeremonyPlan
    ring: KeyRing
    offline: KeyFolder
    begin: datetime
    resumes: bool = False
    authorities: dict[str, Authority] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    links: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)
    done: list[Act] = field(default_factory=list)

    def certify(self, one: Wanted) -> None:
        """Make a key and its certificate."""
        self._certify(one, self._key(one))

    def renew(self, credential: Credential, years: int) -> None:
        """Give a key that stands another certificate: the same words, a new period."""
        signer = self.ring.signer(credential.key_name)
        self._certify(
            Wanted(
                key_name=credential.key_name,
                profile=credential.profile,
                issuer=credential.issuer,
                hierarchy=credential.hierarchy,
                algorithm=signer.algorithm,
                subject=DistinguishedName.read(read_certificate(credential.cert_der).subject),
                years=years,
                group=None,
            ),
            signer,
        )

    def _certify(self, one: Wanted, signer: Signer) -> None:
        end = years_after(self.begin, one.years)
        if one.is_root:
            certificate = issue_root(one.profile, one.subject, signer, self.begin, end)
        else:
            above = self.authorities[one.issuer]
            end = min(end, read_certificate(above.certificate).not_after)
            locations = Locations.of(self.plan.base_url, one.issuer)
            certificate = issue(one.profile, one.subject, signer.public_key, above, self.begin, end, locations)
        if one.profile.is_ca:
            self.authorities[one.key_name] = Authority(certificate, signer)
        details = {"profile": one.profile.name, "issuer": one.issuer, "hierarchy": one.hierarchy}
        self._note_certificate("certificate", one.key_name, certificate, details)
        self.credentials[one.key_name] = _credential(one, certificate)

    def link(self, of: str, by: str) -> None:
        """Let one root vouch for another generation of itself, for verifiers that know only the one, while both live.

        of, by: key names. Source: RFC 4210 section 4.4
        """
        subject, issuer = self.authorities[of].read(), self.authorities[by].read()
        begin = max(self.begin, subject.not_before, issuer.not_before)
        end = min(subject.not_after, issuer.not_after)
        if end - begin < timedelta(days=1):
            return  # one of the two has run out: nobody goes by it
        name = DistinguishedName.read(subject.subject)
        above = self.authorities[by]
        certificate = issue(profiles.ROOT, name, subject.public_key, above, begin, end)
        self.links[file := f"{of}-by-{by}"] = certificate
        details = {"profile": profiles.ROOT.name, "issuer": by, "hierarchy": KeyName.of(of).hierarchy}
        self._note_certificate("link", file, certificate, details)

    def revocation_list(self, authority: str, number: int, until: datetime, revoked: Iterable[Revoked] = ()) -> None:
        """Make an authority's revocation list."""
        crl = make_crl(self.authorities[authority], number, revoked, self.begin, until)
        self._note("crl", authority, crl, {"number": str(number), "next_update": _time(until)})
        self.lists[authority] = crl

    def root_list(self, root: str, number: int, revoked: Iterable[Revoked] = ()) -> None:
        """Make a root's revocation list, which lasts until the ceremony after the next, and is also the published one."""
        plan = ceremony_wanted.root_plan(self.plan, KeyName.of(root).hierarchy)
        self.revocation_list(root, number, self.begin + timedelta(days=plan.crl_days), revoked)

    def log_key(self) -> str:
        """Make the log's key, which has no certificate; return it as a verifier key (C2SP signed-note)."""
        signer = self.ring.create(LOG_KEY, "Ed25519")
        self._note_key(LOG_KEY, signer, "folder")
        return Vkey.of(self.plan.log.origin, signer).text

    def note_trust(self, file: bytes) -> None:
        """Write down that a trust list was signed."""
        self._note("trust", self.plan.name, file, {})

    def _key(self, one: Wanted) -> Signer:
        place = _OFFLINE if one.is_root else ceremony_wanted.place(self.plan, one)
        try:
            signer = self._new_key(one)
        except KeyExists:
            if not self.resumes:
                raise
            signer = (self.offline if one.is_root else self.ring).signer(one.key_name)
            self._check_left(one, signer, place)
        self._note_key(one.key_name, signer, place)
        return signer

    def _check_left(self, one: Wanted, signer: Signer, place: str) -> None:
        """Refuse a key that no ceremony can have left: it would be certified for what it is not."""
        if signer.algorithm != one.algorithm or (not one.is_root and self.ring.place(one.key_name) != place):
            raise RolloverRefused(
                one.key_name,
                "已有同名密钥，算法或存放位置不符",
                "there is a key of that name, of another algorithm or place",
            )

    def _new_key(self, one: Wanted) -> Signer:
        if one.is_root:
            return self.offline.create(one.key_name, one.algorithm)
        place, limit = ceremony_wanted.place(self.plan, one), ceremony_wanted.limit(self.plan, one)
        return self.ring.create(one.key_name, one.algorithm, place=place, limit=limit)

    def _note_key(self, name: str, signer: Signer, place: str) -> None:
        algorithm: SignatureAlgorithm = signer.algorithm
        self._note("key", name, signer.public_key, {"algorithm": algorithm, "place": place})

    def _note_certificate(self, kind: ActKind, name: str, der: bytes, details: dict[str, str]) -> None:
        certificate = read_certificate(der)
        found = {"serial_number": f"{certificate.serial_number:040x}", "not_after": _time(certificate.not_after)}
        self._note(kind, name, der, details | found)

    def _note(self, kind: ActKind, name: str, data: bytes, details: dict[str, str]) -> None:
        self.done.append(Act(kind, self.begin, name, transcript.sha256(data), details))


def _credential(one: Wanted, certificate: bytes) -> Credential:
    members = (one.profile, certificate, one.key_name, one.issuer, one.hierarchy)
    return Credential(*members) if one.seal is None else SealCertificate(*members, one.seal)


def _time(moment: datetime) -> str:
    return moment.strftime(strict_json.TIME_FORM)


def years_after(moment: datetime, years: int) -> datetime:
    """Return the same day some years later; the 28th for the 29th of February."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)


def is_root(name: str) -> bool:
    """Say whether a key is a root's."""
    parsed = KeyName.parse(name)
    return parsed is not None and parsed.role == "root"
