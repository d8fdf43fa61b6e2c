"""Who acts on seals at the command line, in which role, and which seal is meant.

Accounts of persons come with their log-in. Until then whoever can run this command, with the passphrase of the keys, says
with --actor whose act it is: two names, four eyes. The role is the command's own.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar
from uuid import UUID

import click

from ledger.actor import Actor, Uscc
from seals import store
from seals.models import SealRow
from seals.store import browsing
from tools.seals.errors import SealMissing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.house import House
    from licences.catalogue import Catalogue

P = ParamSpec("P")
T = TypeVar("T")

OPERATOR: Final = "operator"
_ACCOUNT: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,64}")
_CODE: Final = re.compile(r"([0-9]{14})(?:-([1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts. unit: on whose behalf, None for the unit that owns the seal."""

    account: str
    unit: Uscc | None

    def as_(self, role: str | None, owner: str) -> Actor:
        """Return the actor in a role, for the owner of what he acts on unless another unit was named."""
        unit, roles = self.unit or Uscc(owner), frozenset({role} if role else ())
        return Actor(kind="person", id=self.account, operator_unit=unit, on_behalf_of=unit, roles=roles)


class _Account(click.ParamType[str]):
    """A parameter that is somebody's account: what the register and the ledger name, so it is no person's name."""

    name = "account"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the account, or fail in the terminal's words."""
        text = str(value)
        if not (_ACCOUNT.fullmatch(text) and text.isprintable()):
            self.fail("账号为 1 至 64 个字符，不含空格 / an account has 1 to 64 characters and no space", param, ctx)
        return text


class _Unit(click.ParamType[Uscc]):
    """A parameter that is a unified social credit code."""

    name = "uscc"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Uscc:
        """Return the code if its check character is right, or fail in the terminal's words."""
        from seals.errors import OrganisationRefused
        from seals.life.organisations import check_uscc

        try:
            return check_uscc(str(value))
        except OrganisationRefused:
            self.fail("统一社会信用代码不正确 / not a unified social credit code", param, ctx)


class _Id(click.ParamType[UUID]):
    """A parameter that is the id of an application, a grant or an authorisation."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> UUID:
        """Return the id, or fail in the terminal's words."""
        if isinstance(value, UUID):
            return value
        try:
            return UUID(str(value))
        except ValueError:
            self.fail("应为编号（UUID）/ an id (UUID) is wanted", param, ctx)


class _File(click.Path):
    """A parameter that is a file that can be read to its end: no folder, no device."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or fail in the terminal's words."""
        path = Path(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not path.is_file():
            self.fail(f"不是普通文件 / not an ordinary file: {path}", param, ctx)
        return path


def read_within(path: Path, most: int) -> bytes:
    """Return a file's content; of one that is larger one byte more than that, which its reader refuses.

    Raises click.FileError.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise click.FileError(str(path), f"无法读取 / it cannot be read: {reason}") from error


FILE: Final = _File()
ACCOUNT: Final = _Account()
UNIT: Final = _Unit()
ID: Final = _Id()


def acting(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the options of who acts, `actor` and `unit`, for `acting_as`."""
    actor = click.option(
        "--actor", type=ACCOUNT, default=OPERATOR, show_default=True, metavar="ACCOUNT", help="Who does it. 操作人账号"
    )
    unit = click.option(
        "--unit",
        type=UNIT,
        metavar="USCC",
        help="For which unit; default: the seal's own. 代表的单位，默认印章所属单位",
    )
    return actor(unit(command))


def type_code(catalogue: "Catalogue", name: str) -> str:
    """Return a licence type's code by its short name or code; `*` and `documents` stand for themselves.

    Raises TypeUnknown.
    """
    from seals.life.grants import ANY, DOCUMENTS

    return name if name in {ANY, DOCUMENTS} else catalogue.type(name).code


def now_utc() -> datetime:
    """Return the present, at the edge where it is asked for."""
    return datetime.now(UTC)


def worker_session(house: "House") -> AbstractContextManager["Session"]:
    """Return a session that sees every unit's seals; one transaction, committed at the end of its block."""
    from api.schema import Role

    return house.database.session(Role.WORKER)


def find(session: "Session", name: str) -> SealRow:
    """Return the seal that is meant: by its number, its number and generation (`99010100000001-2`), or its id.

    A number alone means the seal that was handed out last, or what lies in the drawer if none was. Raises SealMissing.
    """
    found = _CODE.fullmatch(name)
    if found is not None and found[2] is not None:
        row = browsing.seal_generation(session, found[1], int(found[2]))
    elif found is not None:
        row = store.seal_by_code(session, name) or store.newest_by_code(session, name)
    else:
        row = _by_id(session, name)
    if row is None:
        raise SealMissing(name)
    return row


def _by_id(session: "Session", name: str) -> SealRow | None:
    try:
        return store.seal_by_id(session, UUID(name))
    except ValueError:
        return None
