"""What is refused in a seal's life, from the application to the stop.

SealError
└── CustodyRefused
    ├── RoleWanted                  the actor has none of the roles that may do this
    ├── UnitRefused                 the seal belongs to another unit
    ├── FourEyesWanted              the same person has taken the step before
    ├── StopRefused                 a reason or a date that cannot be
    ├── StateRefused                not in this state
    ├── ApplicationUnknown          there is no such application
    ├── ApplicationRefused          what is applied for cannot be
    ├── MaterialDiffers             the seal that was made is not the one that was approved
    ├── GrantUnknown                there is no such grant
    ├── GrantRefused                a grant that cannot be
    ├── AuthorisationUnknown        there is no such standing authorisation
    ├── AuthorisationRefused        a standing authorisation that cannot be
    ├── MatterRefused               what a file is sealed for cannot be entered
    └── RegisterUnprintable         no font has a character of the register
"""

from dataclasses import dataclass

from ledger.errors import Language
from seals.errors import SealError
from seals.words import state_words


class CustodyRefused(SealError):
    """Something was not done to a seal, or about it."""

    code = "seals.custody_refused"


@dataclass(eq=False)
class RoleWanted(CustodyRefused):
    """The actor has no role that may do this."""

    code = "seals.role_wanted"
    zh = "该操作需要角色 {roles}"
    en = "this wants one of the roles {roles}"

    roles: str


@dataclass(eq=False)
class UnitRefused(CustodyRefused):
    """The actor does not act for the unit that owns the seal."""

    code = "seals.unit_refused"
    zh = "印章属于机构 {organisation}，您不代表该机构"
    en = "the seal belongs to {organisation}, and you do not act for it"

    organisation: str


@dataclass(eq=False)
class FourEyesWanted(CustodyRefused):
    """Nobody approves his own application."""

    code = "seals.four_eyes_wanted"
    zh = "申请人与审批人不得为同一人，请由另一人审批"
    en = "who applied cannot decide: another person must"


@dataclass(eq=False)
class StopRefused(CustodyRefused):
    """The reason does not lead to that state, or the date is missing, too much, or in the future."""

    code = "seals.stop_refused"
    zh = "印章 {seal} 不能停用：{reason} 不合规"
    en = "seal {seal} cannot be stopped: its {reason} is not valid"

    seal: str
    reason: str


@dataclass(eq=False)
class StateRefused(CustodyRefused):
    """What is in this state does not allow the act."""

    code = "seals.state_refused"
    zh = "{what} 当前状态为 {state}，不能执行该操作"
    en = "{what} is {state}, which does not allow this"

    what: str
    state: str

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the fields, the state in words."""
        return self.details() | {"state": state_words(self.state, language)}


@dataclass(eq=False)
class ApplicationUnknown(CustodyRefused):
    """There is no such application, or it is another unit's."""

    code = "seals.application_unknown"
    zh = "没有制章申请 {application}"
    en = "there is no application {application}"

    application: str


@dataclass(eq=False)
class ApplicationRefused(CustodyRefused):
    """What is applied for cannot be; `reason` is the member that is wrong."""

    code = "seals.application_refused"
    zh = "制章申请的 {reason} 不合规"
    en = "the {reason} of the application is not valid"

    reason: str


@dataclass(eq=False)
class MaterialDiffers(CustodyRefused):
    """The seal that was made is not the one that was approved."""

    code = "seals.material_differs"
    zh = "制作的印章与批准的申请不符：{member}"
    en = "the seal that was made differs from what was approved: {member}"

    member: str


@dataclass(eq=False)
class GrantUnknown(CustodyRefused):
    """There is no such grant, or it is another unit's."""

    code = "seals.grant_unknown"
    zh = "没有用章授权 {grant}"
    en = "there is no grant {grant}"

    grant: str


@dataclass(eq=False)
class GrantRefused(CustodyRefused):
    """A grant that cannot be; `reason` is the member that is wrong."""

    code = "seals.grant_refused"
    zh = "用章授权的 {reason} 不合规"
    en = "the {reason} of the grant is not valid"

    reason: str


@dataclass(eq=False)
class AuthorisationUnknown(CustodyRefused):
    """There is no such standing authorisation, or it is another unit's."""

    code = "seals.authorisation_unknown"
    zh = "没有自动用章授权 {authorisation}"
    en = "there is no standing authorisation {authorisation}"

    authorisation: str


@dataclass(eq=False)
class AuthorisationRefused(CustodyRefused):
    """A standing authorisation that cannot be; `reason` is the member that is wrong."""

    code = "seals.authorisation_refused"
    zh = "自动用章授权的 {reason} 不合规"
    en = "the {reason} of the standing authorisation is not valid"

    reason: str


@dataclass(eq=False)
class MatterRefused(CustodyRefused):
    """What a file is sealed for cannot be entered; `reason` is the member that is wrong."""

    code = "seals.matter_refused"
    zh = "用印事项的 {reason} 不合规"
    en = "the {reason} of what is sealed is not valid"

    reason: str


@dataclass(eq=False)
class RegisterUnprintable(CustodyRefused):
    """The register of uses cannot be set as pages."""

    code = "seals.register_unprintable"
    zh = "用印登记无法排版：{reason}"
    en = "the register of uses cannot be printed: {reason}"

    reason: str
