"""What a key ceremony shall make, as one YAML file says it."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ca.ceremonies import fields, plan_yaml
from ca.ceremonies import relations as ceremony_relations
from ca.errors import PlanFault, PlanInvalid
from ca.writing import profiles

DEFAULT_TSA_POLICY: Final = "2.999.3161.1"
"""In the arc that ITU-T X.660 keeps for examples: fit for tests; an operator puts one of his own."""

KeyStore = Literal["folder", "token"]
KeyGroup = Literal["authorities", "timestamp", "trust", "ocsp", "status", "receipt", "seals", "seal_maker"]
AuthorityAlgorithm = Literal["ES256", "ES384", "RS256"]

_Days = Annotated[fields.Number, Field(ge=1, le=1830)]
_Uses = Annotated[fields.Number, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NamedPlan(_Part):
    """One of the organisation's own certificates: its common name and how many years it is valid."""

    name: fields.Name
    years: int


class NationalRootPlan(NamedPlan):
    """A root authority; its revocation list is made in ceremonies only and lasts `crl_days`."""

    name: fields.AuthorityName
    years: Annotated[fields.Number, Field(ge=1, le=profiles.ROOT.max_years)]
    crl_days: _Days = 732


class RootPlan(NationalRootPlan):
    """The international root. Its algorithm is also that of the authorities below, unless they name another."""

    algorithm: AuthorityAlgorithm = "ES256"


class NationalIssuingPlan(NamedPlan):
    """An authority that issues end entities' certificates."""

    name: fields.AuthorityName
    years: Annotated[fields.Number, Field(ge=1, le=profiles.ISSUING.max_years)]


class IssuingPlan(NationalIssuingPlan):
    """An authority of the international hierarchy."""

    algorithm: AuthorityAlgorithm | None = None


class AuthoritiesPlan(_Part):
    """The issuing authorities: for seals, for persons, and for systems, among them our own status and receipt keys."""

    seals: IssuingPlan
    persons: IssuingPlan
    systems: IssuingPlan


class NationalAuthoritiesPlan(_Part):
    """The same three of the national hierarchy."""

    seals: NationalIssuingPlan
    persons: NationalIssuingPlan
    systems: NationalIssuingPlan


class TsaPlan(NamedPlan):
    """The timestamp authority; `policy` is the dotted OID of its time-stamping policy."""

    years: Annotated[fields.Number, Field(ge=1, le=profiles.TIMESTAMP.max_years)]
    policy: fields.Policy = DEFAULT_TSA_POLICY


class SealMakerPlan(NamedPlan):
    """Who makes the national seals (制章人): its key signs nothing else. Plans of earlier releases did not name it."""

    name: fields.AuthorityName = "电子印章制作 M1"
    years: Annotated[fields.Number, Field(ge=1, le=profiles.SEAL_MAKER.max_years)] = 10


class NationalPlan(_Part):
    """The hierarchy of SM2 keys: every seal of the plan has a certificate in it, too, and a national seal (SES)."""

    root: NationalRootPlan
    authorities: NationalAuthoritiesPlan
    tsa: TsaPlan
    seal_maker: SealMakerPlan = SealMakerPlan()


class OcspPlan(_Part):
    """How long the responders' certificates are valid, which nobody can ask about."""

    years: Annotated[fields.Number, Field(ge=1, le=profiles.OCSP.max_years)] = 2


class KeyPlan(NamedPlan):
    """A key that signs status lists or receipts."""

    years: Annotated[fields.Number, Field(ge=1, le=profiles.STATUS.max_years)] = 10


class LimitsPlan(_Part):
    """How many signatures a key of each kind may make; no limit where none is named."""

    authorities: _Uses | None = None
    timestamp: _Uses | None = None
    trust: _Uses | None = None
    ocsp: _Uses | None = None
    status: _Uses | None = None
    receipt: _Uses | None = None
    seals: _Uses | None = None
    seal_maker: _Uses | None = None


class KeysPlan(_Part):
    """Where keys are kept: in the encrypted folder or on the PKCS#11 token; `store` holds where a kind names none.

    Root keys lie in their own folder that is carried away; national keys and the log's always lie in the folder.
    """

    store: KeyStore = "folder"
    authorities: KeyStore | None = None
    timestamp: KeyStore | None = None
    trust: KeyStore | None = None
    ocsp: KeyStore | None = None
    status: KeyStore | None = None
    receipt: KeyStore | None = None
    seals: KeyStore | None = None
    limits: LimitsPlan = LimitsPlan()

    def place(self, group: KeyGroup) -> KeyStore:
        """Return where the keys of a kind are kept."""
        named: KeyStore | None = getattr(self, group)
        return named or self.store

    def limit(self, group: KeyGroup) -> int | None:
        """Return how many signatures a key of a kind may make."""
        limit: int | None = getattr(self.limits, group)
        return limit


class SealPlan(_Part):
    """One seal: its 14-digit code, its unit, what stands on it and which licence types it may seal.

    ring_text: the name on the seal where it is not the unit's: an approved short form, or the person of a name seal (5).
    diameter_mm: of a round seal, where it is not the usual one of its kind.
    """

    id: fields.Slug
    code: fields.SealCode
    uscc: fields.UsccText
    organisation: fields.UnitName
    kind: Annotated[fields.Number, AfterValidator(fields.check_kind)]
    seal_name: fields.Name
    bottom_text: fields.Name | None = None
    ring_text: fields.Name | None = None
    diameter_mm: Annotated[fields.Number, AfterValidator(fields.check_diameter)] | None = None
    licence_types: Annotated[tuple[fields.Slug, ...], Field(strict=False), AfterValidator(fields.check_some)]
    years: Annotated[fields.Number, Field(ge=1, le=profiles.SEAL.max_years)]


class LogPlan(_Part):
    """The ledger: its origin is a URL without scheme (C2SP tlog-checkpoint)."""

    origin: fields.Origin


class TrustPlan(NamedPlan):
    """Who signs trust lists, and how long a list and the revocation lists in it may be used before a new one is needed."""

    name: fields.Name = "信任列表签名"
    years: Annotated[fields.Number, Field(ge=1, le=profiles.TRUST.max_years)] = 10
    days: Annotated[fields.Number, Field(ge=1, le=1100)] = 366


class CeremonyPlan(_Part):
    """Everything a ceremony makes. `name` is the trust list's; `organisation` runs the authorities.

    `witnesses` are named in the transcript. Without `national` there is no national hierarchy.
    """

    name: fields.Name
    organisation: fields.Name
    base_url: fields.BaseUrl
    witnesses: Annotated[tuple[fields.Name, ...], Field(strict=False)] = ()
    root: RootPlan
    authorities: AuthoritiesPlan
    tsa: TsaPlan
    national: NationalPlan | None = None
    ocsp: OcspPlan = OcspPlan()
    status: KeyPlan = KeyPlan(name="证照状态签名")
    receipt: KeyPlan = KeyPlan(name="核验回执签名")
    log: LogPlan
    trust: TrustPlan = TrustPlan()
    keys: KeysPlan = KeysPlan()
    seals: Annotated[tuple[SealPlan, ...], Field(strict=False), AfterValidator(fields.check_some)]


def load_plan(text: str) -> CeremonyPlan:
    """Read a plan from YAML; raises PlanInvalid with every fault, its line and field."""
    located = plan_yaml.load(text)
    faults = list(ceremony_relations.faults(located))
    try:
        plan = CeremonyPlan.model_validate(located.value)
    except ValidationError as error:
        faults.extend(_fault(details, located) for details in error.errors(include_input=False, include_url=False))
    if faults:
        raise PlanInvalid(tuple(sorted(faults, key=lambda fault: (fault.line, fault.field))))
    return plan


_MESSAGES: Final = {
    "missing": ("缺少此项", "is missing"),
    "extra_forbidden": ("没有这一项，请检查拼写", "there is no such member: check the spelling"),
    "string_type": ("应为一段文字", "a text is wanted"),
    "model_type": ("应为一组“名称: 值”", "a group of `name: value` is wanted"),
    "tuple_type": ("应为列表", "a list is wanted"),
    "literal_error": ("应为 {expected} 之一", "must be one of {expected}"),
    "string_too_long": ("最多 {max_length} 个字符", "at most {max_length} characters"),
    "greater_than_equal": ("不得小于 {ge}", "must be at least {ge}"),
    "less_than_equal": ("不得大于 {le}", "must be at most {le}"),
}


def _fault(details: ErrorDetails, located: plan_yaml.Located) -> PlanFault:
    context: dict[str, Any] = details.get("ctx", {})
    location = details["loc"]
    zh, en = _MESSAGES.get(details["type"], ("不符合要求", "does not fit"))
    zh, en = context.get("zh", zh).format(**context), context.get("en", en).format(**context)
    return PlanFault(located.line(location), plan_yaml.dotted(location), zh, en)
