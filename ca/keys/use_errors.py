"""What the counting of key uses refuses.

KeyRefused
├── KeyExhausted    the key has signed as often as it may
└── KeyUsesDamaged  the count cannot be read: no use without one
"""

from dataclasses import dataclass

from ca.errors import KeyRefused


@dataclass(eq=False)
class KeyExhausted(KeyRefused):
    """The key has signed as often as it may."""

    code = "ca.key_exhausted"
    zh = "密钥 {name} 已达到 {limit} 次的使用上限，请更换密钥（为其证书换发新密钥，CA 则举行密钥仪式）"
    en = "the key {name} has reached its limit of {limit} uses: rekey its certificate (for an authority, in a ceremony)"

    name: str
    limit: int


@dataclass(eq=False)
class KeyUsesDamaged(KeyRefused):
    """The file that counts a key's uses cannot be read or written, so the key is not used."""

    code = "ca.key_uses_damaged"
    zh = "无法读写密钥 {name} 的使用计数（{reason}），请从备份恢复 keys/uses，且计数不得变小"
    en = "the count of uses of the key {name} cannot be kept ({reason}): restore keys/uses from a backup, no count smaller"

    name: str
    reason: str
