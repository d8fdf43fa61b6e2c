"""The error tree.

DomainError                  every refusal this project makes on purpose
└── LedgerError              this package's root; the other packages have one each (CAError, SealError, LicenceError)
    └── FatalLedgerError     our own log contradicts itself: stop, alarm, repair nothing
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

Language = Literal["zh", "en"]


@dataclass(eq=False)
class DomainError(Exception):
    """A refusal with a stable code and a message in Chinese and in English.

    A subclass is a `@dataclass(eq=False)` with typed fields and fills `code`, `zh` and `en`; the two messages are
    format strings over the fields and say what to do next. No message ever carries personal data or a secret.
    """

    code: ClassVar[str] = "error"
    zh: ClassVar[str] = "出现错误"
    en: ClassVar[str] = "an error occurred"

    def message(self, language: Language = "en") -> str:
        """Return the message in one language, its fields filled in."""
        return getattr(self, language).format(**self.spoken(language))  # type: ignore[no-any-return]

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the fields as a message shows them: where a stable word says little to people, in theirs."""
        del language
        return self.details()

    def details(self) -> dict[str, object]:
        """Return the typed fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __str__(self) -> str:
        return f"{self.code}: {self.message('en')}"

    def __reduce__(self) -> tuple[type["DomainError"], tuple[object, ...]]:
        # Exceptions cross process borders by pickling, and a dataclass made with keywords leaves `args` empty.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))


class LedgerError(DomainError):
    """Root of what the ledger refuses."""

    code = "ledger.error"


@dataclass(eq=False)
class FatalLedgerError(LedgerError):
    """The log contradicts itself; nothing may be repaired silently."""

    code = "ledger.fatal"
    zh = "账本自相矛盾，已停止写入：{reason}。请保留现场并联系管理员"
    en = "the log contradicts itself and has stopped: {reason}. Keep everything as it is and call the operator"

    reason: str
