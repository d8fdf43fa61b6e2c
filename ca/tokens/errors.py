"""What a hardware token, or the way to it, refuses.

KeyRefused
└── TokenUnusable            the token cannot do what was asked
    ├── TokenModuleUnusable  its PKCS#11 module cannot be loaded or started
    ├── TokenNotConfigured   a key is kept on a token, and no token is set up
    ├── TokenMissing         the token is not plugged in
    ├── TokenPinWrong        the token refused the PIN: never tried twice
    ├── TokenPinLocked       the PIN is locked, or one wrong try away from it
    ├── TokenLacks           it has no keys of that algorithm
    ├── TokenKeyExposed      a key on it could be taken out of it
    └── TokenRefused         it answered something else
"""

from dataclasses import dataclass

from ca.errors import KeyRefused


class TokenUnusable(KeyRefused):
    """The token cannot do what was asked."""

    code = "ca.token_unusable"
    zh = "密码设备无法使用"
    en = "the token cannot be used"


@dataclass(eq=False)
class TokenModuleUnusable(TokenUnusable):
    """The maker's PKCS#11 module cannot be loaded or started."""

    code = "ca.token_module_unusable"
    zh = "无法启动 PKCS#11 模块 {module}（{reason}），请检查 ELICENCE_PKCS11_MODULE 及该设备的驱动与配置"
    en = "the PKCS#11 module {module} cannot be started ({reason}): check ELICENCE_PKCS11_MODULE and the maker's set-up"

    module: str
    reason: str


@dataclass(eq=False)
class TokenNotConfigured(TokenUnusable):
    """The key is kept on a token, and none is set up here."""

    code = "ca.token_not_configured"
    zh = (
        "密钥 {name} 存放于密码设备，但未设置 ELICENCE_PKCS11_MODULE、ELICENCE_PKCS11_TOKEN 和 ELICENCE_PKCS11_PIN_FILE"
    )
    en = (
        "the key {name} is kept on a token: set ELICENCE_PKCS11_MODULE, ELICENCE_PKCS11_TOKEN, ELICENCE_PKCS11_PIN_FILE"
    )

    name: str


@dataclass(eq=False)
class TokenMissing(TokenUnusable):
    """The token is not there; once it is plugged in again the next call works."""

    code = "ca.token_missing"
    zh = "未找到密码设备 {token}，请插入后重试"
    en = "the token {token} is not there: plug it in and try again"

    token: str


@dataclass(eq=False)
class TokenPinWrong(TokenUnusable):
    """The token refused the PIN; the same one is not tried again, or the token would lock itself.

    mark: the file that remembers it.
    """

    code = "ca.token_pin_wrong"
    zh = (
        "密码设备 {token} 的 PIN 不正确；为避免设备锁死，同一 PIN 不会再次尝试，重启也不会。请更正 PIN 文件；"
        "若改的是设备上的 PIN，请删除标记文件 {mark}"
    )
    en = (
        "the PIN of the token {token} is wrong, and is not tried again, not even after a restart, lest the token lock "
        "itself: correct the PIN file, or, having changed the PIN on the token, remove the mark {mark}"
    )

    token: str
    mark: str


@dataclass(eq=False)
class TokenPinLocked(TokenUnusable):
    """The PIN is locked, or one wrong try would lock it: that try is left to a person."""

    code = "ca.token_pin_locked"
    zh = "密码设备 {token} 的 PIN 已锁定或仅剩最后一次尝试，请先用厂商工具解锁或登录一次"
    en = "the PIN of the token {token} is locked or on its last try: unlock it, or log in once, with its maker's tool"

    token: str


@dataclass(eq=False)
class TokenLacks(TokenUnusable):
    """The token has no keys of that algorithm."""

    code = "ca.token_lacks"
    zh = "密码设备 {token} 不支持 {algorithm} 密钥，请为该密钥选择其他算法，或存放于密钥文件夹"
    en = "the token {token} has no {algorithm} keys: choose another algorithm, or keep this key in the key folder"

    token: str
    algorithm: str


@dataclass(eq=False)
class TokenKeyExposed(TokenUnusable):
    """A key on the token is not bound to it: it can be read or taken out."""

    code = "ca.token_key_exposed"
    zh = "密码设备上的密钥 {name} 可被导出，拒绝使用；请在设备内重新生成"
    en = "the key {name} could be taken out of its token and is not used: make a new one inside the token"

    name: str


@dataclass(eq=False)
class TokenRefused(TokenUnusable):
    """The token answered with an error of its own."""

    code = "ca.token_refused"
    zh = "密码设备 {token} 拒绝了操作（{reason}）"
    en = "the token {token} refused ({reason})"

    token: str
    reason: str
