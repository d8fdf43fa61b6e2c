"""The witness policy (c2sp.org/tlog-policy): which logs and witnesses are known, and how many of whom must have cosigned.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>…
    quorum <name>|none

The same file tells a log whom to ask and a verifier what to demand. Whoever may write it decides what counts as witnessed,
so it travels with whatever is trusted already: the operator's settings, or a signed trust list.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from ledger.errors import LedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosignature, CosignerKey, LogKey, cosignatures, parse_log_key
from ledger.formats.notes import NoteSignatureInvalid, NoteUntrusted, SignedNote, VkeyInvalid

MAX_POLICY: Final = 1 << 20
NONE: Final = "none"
_FORBIDDEN: Final = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_SPACES: Final = re.compile("[ \t]+")
_THRESHOLD: Final = re.compile("[1-9][0-9]{0,5}", re.ASCII)


@dataclass(eq=False)
class PolicyUnreadable(LedgerError):
    """The file is no witness policy. line: the first one at fault, counted from 1; 0 means the file as a whole."""

    code = "ledger.policy_unreadable"
    zh = "见证策略文件第 {line} 行有误：{reason}"
    en = "the witness policy is wrong at line {line}: {reason}"

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log whose checkpoints the policy is about; the name of its key is its origin."""

    key: LogKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness: its name in this file, its key, and its submission prefix where it can be asked."""

    name: str
    key: CosignerKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Has witnessed when `threshold` of its members have, each a witness or a group that stands before it."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was read: every name in it is defined once, and before it is used."""

    logs: tuple[KnownLog, ...]
    witnesses: tuple[KnownWitness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a policy; raises PolicyUnreadable.

        Source: c2sp.org/tlog-policy, "Policy file syntax and structure".
        """
        if len(data) > MAX_POLICY:
            raise PolicyUnreadable(line=0, reason="too long")
        reading = _Reading()
        for number, line in enumerate(data.split(b"\n"), 1):
            reading.number = number
            if _FORBIDDEN.search(line):
                raise PolicyUnreadable(line=number, reason="a control character")
            # Names are octets, equal or not; this keeps each of them.
            words = _SPACES.split(line.decode("utf-8", "surrogateescape").strip(" \t"))
            if words[0] and not words[0].startswith("#"):
                reading.read(words)
        return cls(*reading.end())

    @property
    def text(self) -> str:
        """The policy in one canonical form, a line each, without comments."""
        lines: list[tuple[str | None, ...]] = [
            *(("log", one.key.text, one.url) for one in self.logs),
            *(("witness", one.name, one.key.text, one.url) for one in self.witnesses),
            *(("group", one.name, str(one.threshold), *one.members) for one in self.groups),
            ("quorum", self.quorum),
        ]
        return "".join(" ".join(word for word in line if word is not None) + "\n" for line in lines)

    @property
    def wants_witnesses(self) -> bool:
        """Whether any cosignature is demanded at all."""
        return self.quorum != NONE

    def lists_log_of(self, note: SignedNote) -> bool:
        """Tell whether one of the logs has signed this checkpoint; a policy that names none leaves that to others.

        Raises NoteUnreadable.
        """
        if not self.logs:
            return True
        origin = Checkpoint.parse(note.text).origin
        try:
            note.verify([log.key for log in self.logs if log.key.name == origin])
        except (NoteUntrusted, NoteSignatureInvalid):
            return False
        return True

    def is_reached_by(self, names: Collection[str]) -> bool:
        """Tell whether these witnesses are enough, by their names in this file."""
        # Members stand before their group: one pass answers, however deep groups are nested.
        witnessed = {NONE, *names}
        for group in self.groups:
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(group.name)
        return self.quorum in witnessed


def read_policy(path: Path) -> Policy:
    """Read a policy file that a trust list can carry; raises PolicyUnreadable, also for what is not printable text."""
    try:
        policy = Policy.parse(path.read_bytes())
    except OSError as error:
        raise PolicyUnreadable(line=0, reason="the file cannot be read") from error
    # The form allows any octets in a name; who reads the list has to see what it says.
    if not policy.text.replace("\n", "").isprintable():
        raise PolicyUnreadable(line=0, reason="a name or an address is not printable text")
    return policy


@dataclass(frozen=True, slots=True)
class Quorum:
    """Who cosigned a checkpoint, and whether that is enough.

    log_is_listed: whether the policy is about that log at all; missing: names of witnesses that have not cosigned.
    """

    is_reached: bool
    log_is_listed: bool
    cosigned: tuple[tuple[str, Cosignature], ...]
    missing: tuple[str, ...]

    @property
    def at(self) -> datetime | None:
        """When the last of those who cosigned did so."""
        return max((cosignature.at for _, cosignature in self.cosigned), default=None)


def quorum(note: str, policy: Policy, not_after: datetime | None = None) -> Quorum:
    """Judge a checkpoint, a signed note: whether a log that the policy names has signed it, and who has cosigned it.

    Of a policy that names no logs, its log's own signature is judged by whoever knows the log. not_after: cosignatures
    of a later time are not believed. Raises NoteUnreadable, and NoteSignatureInvalid where a known witness's line does
    not hold.
    Source: c2sp.org/tlog-policy, "What is a policy?".
    """
    names = {witness.key: witness.name for witness in policy.witnesses}
    signed = SignedNote.parse(note)
    found = tuple((names[one.key], one) for one in cosignatures(signed, names, not_after))
    cosigned = {name for name, _ in found}
    listed = policy.lists_log_of(signed)
    return Quorum(
        is_reached=listed and policy.is_reached_by(cosigned),
        log_is_listed=listed,
        cosigned=found,
        missing=tuple(witness.name for witness in policy.witnesses if witness.name not in cosigned),
    )


@dataclass(slots=True)
class _Reading:
    """What the lines so far have said. number: of the line that is read."""

    number: int = 0
    logs: list[KnownLog] = field(default_factory=list)
    witnesses: list[KnownWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    keys: set[tuple[object, ...]] = field(default_factory=set)

    def read(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._log(vkey, _first(url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._witness(name, vkey, _first(url))
            case ["group", name, threshold, _, *_]:
                self._group(name, threshold, words[3:])
            case ["quorum", name]:
                self._quorum(name)
            case _:
                raise self._wrong("it is no log, witness, group or quorum line")

    def end(self) -> tuple[tuple[KnownLog, ...], tuple[KnownWitness, ...], tuple[Group, ...], str]:
        if self.quorum is None:
            raise PolicyUnreadable(line=0, reason="it has no quorum line")
        return tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorum

    def _log(self, vkey: str, url: str | None) -> None:
        try:
            key = parse_log_key(vkey)
        except VkeyInvalid as error:
            raise self._wrong("that is no verifier key of a log") from error
        self._once("log", key.public_key)
        self.logs.append(KnownLog(key, url))

    def _witness(self, name: str, vkey: str, url: str | None) -> None:
        try:
            key = CosignerKey.parse(vkey)
        except VkeyInvalid as error:
            raise self._wrong("that is no verifier key of a witness") from error
        # One public key under two names would count twice; and of two that signature lines cannot tell apart, the one
        # would make all of the other's look forged.
        self._once("witness", key.public_key)
        self._once("line", key.name, key.id)
        self._define(name)
        self.witnesses.append(KnownWitness(name, key, url))

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if member not in self.names:
                raise self._wrong("a member that no line before defines")
            # Otherwise one witness could be counted by two ways.
            if member in self.members:
                raise self._wrong("a member that is in a group already")
            self.members.add(member)
        least = {"any": 1, "all": len(members)}.get(threshold)
        if least is None and _THRESHOLD.fullmatch(threshold):
            least = int(threshold)
        if least is None or least > len(members):
            raise self._wrong("the threshold is no number from 1 to that of the members")
        self._define(name)
        self.groups.append(Group(name, least, tuple(members)))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise self._wrong("a second quorum line")
        if name != NONE and name not in self.names:
            raise self._wrong("a quorum that no line before defines")
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NONE or name in self.names:
            raise self._wrong("a name that is taken")
        self.names.add(name)

    def _once(self, *mark: object) -> None:
        if mark in self.keys:
            raise self._wrong("the same key again")
        self.keys.add(mark)

    def _wrong(self, reason: str) -> PolicyUnreadable:
        return PolicyUnreadable(line=self.number, reason=reason)


def _first(items: list[str]) -> str | None:
    return items[0] if items else None
