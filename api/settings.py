"""Settings: environment variables that begin with ELICENCE_, read once, frozen. `docs/settings.md` is made from here."""

import difflib
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger.errors import DomainError

PREFIX = "ELICENCE_"


@dataclass(eq=False)
class SettingsInvalid(DomainError):
    """The environment sets something that cannot be used; the value itself is never repeated, it may be a secret."""

    code = "settings.invalid"
    zh = "设置有误：{zh_faults}。说明见 docs/settings.md"
    en = "invalid settings: {en_faults}. See docs/settings.md"

    zh_faults: str
    en_faults: str


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:  # ~nobody-of-that-name
        raise ValueError from error


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError
    return value.rstrip("/")


def _database_address(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError
    return value


def _objects_address(value: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9.-]+(/[A-Za-z0-9._-]+)*/?", value):
        raise ValueError
    return value


def _origin(value: str) -> str:
    # C2SP tlog-checkpoint and signed-note: a schema-less URL; a key name holds neither spaces nor a plus sign.
    if not re.fullmatch(r"[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._-]+)*", value):
        raise ValueError
    return value


def _host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?", value):
        raise ValueError
    return value


def _contract(value: str) -> str:
    if not re.fullmatch(r"0x[0-9A-Fa-f]{40}", value):
        raise ValueError
    return value


def _node_address(value: SecretStr) -> SecretStr:
    # A path or query may hold an access key, so that it is a secret as a whole.
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    return value


def _finality(value: str) -> str:
    if not re.fullmatch(r"finalized|0|[1-9][0-9]{0,4}", value):
        raise ValueError
    return value


_T = TypeVar("_T")


def _with_module(value: _T | None, info: ValidationInfo) -> _T | None:
    # A faulty module has its own message and is not among the data.
    module = info.data.get("pkcs11_module", value)
    if (value is None) != (module is None):
        raise ValueError
    return value


def _only_in_tests(value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
    if value and not info.data.get("test_marks", False):
        raise ValueError
    return value


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
WebAddress = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """What an operator can choose. `zh` and the description say what is expected; both appear when it is not met."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, env_ignore_empty=True, extra="forbid", validate_default=True
    )

    home: AbsolutePath = Field(
        Path("var"),
        description="Folder of everything that is kept: `postgres/`, `objects/`, `keys/`. Back it up as a whole.",
        json_schema_extra={"zh": "数据根目录，须为文件夹路径"},
    )
    database_url: Annotated[SecretStr, AfterValidator(_database_address)] | None = Field(
        None,
        description="`postgresql://user:password@host/database` of a PostgreSQL 16 or later. Unset: an embedded server under "
        "the home folder.",
        json_schema_extra={"zh": "PostgreSQL 地址，形如 postgresql://用户:密码@主机/库；不设则使用内置服务器"},
    )
    objects_url: Annotated[str, AfterValidator(_objects_address)] | None = Field(
        None,
        description="`s3://bucket` or `s3://bucket/prefix` for documents and tiles. Unset: the folder `objects/` under home.",
        json_schema_extra={"zh": "对象存储地址，形如 s3://桶名/前缀；不设则使用数据目录下的 objects/"},
    )
    objects_endpoint: WebAddress | None = Field(
        None,
        description="Address of the S3 service when it is not Amazon's: `https://host[:port]`.",
        json_schema_extra={"zh": "S3 服务地址，形如 https://主机:端口"},
    )
    objects_region: str = Field(
        "us-east-1",
        min_length=1,
        description="Region that S3 requests are signed for.",
        json_schema_extra={"zh": "S3 区域名"},
    )
    objects_access_key_id: str | None = Field(
        None,
        description="S3 access key. Unset, with its secret: what the machine offers (AWS environment or instance role).",
        json_schema_extra={"zh": "S3 访问密钥标识"},
    )
    objects_secret_access_key: SecretStr | None = Field(
        None, description="Secret of the S3 access key.", json_schema_extra={"zh": "S3 访问密钥"}
    )
    base_url: WebAddress = Field(
        "http://127.0.0.1:8000",
        description="Public address of this service, `http(s)://host[:port][/path]`: QR codes, issuers and status lists carry "
        "it for as long as the licences live.",
        json_schema_extra={"zh": "本服务对外地址，形如 https://主机；二维码与状态列表长期使用该地址"},
    )
    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Address that `elicence serve` listens on.",
        json_schema_extra={"zh": "监听地址"},
    )
    port: int = Field(
        8000,
        ge=1,
        le=65535,
        description="Port that `elicence serve` listens on, 1 to 65535.",
        json_schema_extra={"zh": "监听端口，1 至 65535"},
    )
    log_origin: Annotated[str, AfterValidator(_origin)] = Field(
        "elicence.test/log",
        description="Origin of the ledger (C2SP tlog-checkpoint): host and path without scheme. It can never change.",
        json_schema_extra={"zh": "账本名称（origin），形如 主机/路径，启用后不得更改"},
    )
    witness_policy_file: AbsolutePath | None = Field(
        None,
        description="File with the witnesses that the ledger asks, and how many are enough (C2SP tlog-policy); it goes into the "
        "trust list too. Unset: no witness is asked, and verification says nothing of witnesses.",
        json_schema_extra={"zh": "账本见证策略文件（C2SP tlog-policy）路径，同时写入信任列表；不设则不请求见证"},
    )
    max_upload_bytes: int = Field(
        32 * 1024 * 1024,
        ge=1024,
        le=1024**3,
        description="Largest upload that is looked at, in bytes, 1,024 to 1,073,741,824; larger ones get a clear answer.",
        json_schema_extra={"zh": "上传文件上限（字节），1024 至 1073741824"},
    )
    pki_rate: int = Field(
        50,
        ge=1,
        le=100_000,
        description="How often one client address may ask for revocation lists, OCSP answers and timestamps, in requests a "
        "second and web process, 1 to 100,000; four seconds' worth of it at once.",
        json_schema_extra={"zh": "每个客户端地址每秒可请求 CRL、OCSP 与时间戳的次数（按网页进程计），1 至 100000"},
    )
    ntp_server: Annotated[str, AfterValidator(_host)] | None = Field(
        None,
        description="`host[:port]` of an NTP server that this machine's clock is compared with before a time is stamped. "
        "Unset: only the database and the monotonic clock are asked.",
        json_schema_extra={"zh": "用于核对系统时钟的 NTP 服务器，形如 主机[:端口]；不设则只与数据库和单调时钟核对"},
    )
    tsa_url: WebAddress | None = Field(
        None,
        description="Address of another, licensed timestamp authority (RFC 3161 over HTTP) for seals; its certificate is taken "
        "in by `elicence ca import-tsa`. Unset: our own stamps them.",
        json_schema_extra={"zh": "外部（有资质的）时间戳服务地址，用于印章；不设则使用本机的时间戳服务"},
    )
    seal_services_file: AbsolutePath | None = Field(
        None,
        description="JSON file with the seal services elsewhere that hold keys of imported seals, "
        '`{"name": {"address": "https://...", "token": "..."}}`; of mode 600 when it holds tokens. Unset: all keys are ours.',
        json_schema_extra={
            "zh": "外部印章服务（如省级印章系统）配置文件路径，含令牌时权限须为 600；不设则密钥均在本机"
        },
    )
    chain_url: Annotated[SecretStr, AfterValidator(_node_address)] | None = Field(
        None,
        description="JSON-RPC address of a node of the Ethereum chain that the ledger is anchored on: Besu, FISCO BCOS 3.9 or "
        "later, any other. Unset: nothing is anchored.",
        json_schema_extra={
            "zh": "账本存证区块链节点的以太坊 JSON-RPC 地址（Besu、FISCO BCOS 3.9 及以上等）；不设则不上链"
        },
    )
    chain_contract: Annotated[str, AfterValidator(_contract)] | None = Field(
        None,
        description="Address of the anchor contract, `0x` and 40 hexadecimal digits, as `elicence anchor deploy` tells it.",
        json_schema_extra={"zh": "存证合约地址，0x 加 40 位十六进制数，见 elicence anchor deploy"},
    )
    chain_first_block: int = Field(
        0,
        ge=0,
        description="Block that the contract was deployed in: no anchor is looked for before it.",
        json_schema_extra={"zh": "合约部署所在区块号，不在其前查找存证"},
    )
    chain_confirmations: Annotated[str, AfterValidator(_finality)] = Field(
        "0",
        description="How many blocks must stand above an anchor before it counts, 0 to 99,999, or `finalized` where the chain "
        "itself says so. `0` is right where blocks are final at once (Besu QBFT, FISCO BCOS).",
        json_schema_extra={
            "zh": "存证生效所需的后续区块数，0 至 99999，或 finalized；区块即时终局的网络（Besu QBFT、FISCO BCOS）用 0"
        },
    )
    chain_interval: int = Field(
        60,
        ge=1,
        le=86_400,
        description="Least time between two anchors, in seconds, 1 to 86,400.",
        json_schema_extra={"zh": "两次上链存证的最短间隔（秒），1 至 86400"},
    )
    chain_fees: Literal["eip1559", "legacy"] = Field(
        "eip1559",
        description="How a transaction pays: `eip1559`, or `legacy` for one gas price (FISCO BCOS, networks without London).",
        json_schema_extra={"zh": "交易计费方式：eip1559 或 legacy（FISCO BCOS 等用 legacy）"},
    )
    chain_gas_price: int | None = Field(
        None,
        ge=0,
        description="Gas price (`legacy`) or tip (`eip1559`) in wei. Unset: the node's gas price, or a tip of one gwei.",
        json_schema_extra={"zh": "gas 价格（legacy）或小费（eip1559），单位 wei；不设则用节点报价或 1 gwei"},
    )
    chain_gas_cap: int = Field(
        500 * 10**9,
        ge=0,
        description="What a unit of gas may never exceed, in wei, however long a transaction waits; `0` on a network without "
        "fees.",
        json_schema_extra={"zh": "每单位 gas 的最高价格（wei）；无手续费的网络设为 0"},
    )
    passphrase_file: AbsolutePath = Field(
        default_factory=lambda data: data["home"] / "keys" / "passphrase",
        description="File with the passphrase that protects the keys at rest; keep it, and its backup, apart from them.",
        json_schema_extra={"zh": "密钥口令文件路径", "default": "`<home>/keys/passphrase`"},
    )
    pkcs11_module: AbsolutePath | None = Field(
        None,
        description="PKCS#11 module of a hardware token or HSM for keys that never leave it: the maker's shared library. "
        "Unset: all keys lie in the encrypted key folder.",
        json_schema_extra={"zh": "密码设备的 PKCS#11 模块（厂商动态库）路径；不设则密钥均存放于加密的密钥文件夹"},
    )
    pkcs11_token: Annotated[str | None, AfterValidator(_with_module)] = Field(
        None,
        min_length=1,
        max_length=32,
        description="Label of the token, 1 to 32 characters; set with `ELICENCE_PKCS11_MODULE` and only with it.",
        json_schema_extra={"zh": "密码设备标签（label），1 至 32 个字符；须与 ELICENCE_PKCS11_MODULE 同时设置"},
    )
    pkcs11_pin_file: Annotated[AbsolutePath | None, AfterValidator(_with_module)] = Field(
        None,
        description="File with the user's PIN of the token, of mode 600; set with `ELICENCE_PKCS11_MODULE` and only with it.",
        json_schema_extra={"zh": "存放设备 PIN 的文件，权限须为 600；须与 ELICENCE_PKCS11_MODULE 同时设置"},
    )
    test_marks: bool = Field(
        True,  # noqa: FBT003 - the positional default is pydantic's way
        description="Whether seals and pages say 测试. Only an operator with a licensed CA and real seals turns it off: `false`.",
        json_schema_extra={"zh": "印章与页面是否标注“测试”，true 或 false"},
    )
    log_add: Annotated[bool, AfterValidator(_only_in_tests)] = Field(
        False,  # noqa: FBT003 - as above
        description="Whether `POST /log/add` takes opaque entries from anybody: for load tests of a log that is thrown away, "
        "and only together with `ELICENCE_TEST_MARKS`.",
        json_schema_extra={
            "zh": "是否开放 POST /log/add（任何人可写入，仅供压力测试，须与测试标记同时启用），true 或 false"
        },
    )
    fonts_dir: AbsolutePath = Field(
        Path(__file__).parent.parent / "node_modules" / "@expo-google-fonts" / "noto-serif-sc",
        description="Folder with Noto Serif SC, the font of pages and seals.",
        json_schema_extra={
            "zh": "宋体字库（Noto Serif SC）目录",
            "default": "`node_modules/@expo-google-fonts/noto-serif-sc` beside the code",
        },
    )
    rare_fonts_dir: AbsolutePath = Field(
        Path("/usr/share/fonts/truetype"),
        description="Folder with the fonts for rare characters (HanaMin, BabelStone Han).",
        json_schema_extra={"zh": "生僻字字库目录"},
    )


def read() -> Settings:
    """Read the settings from the environment, all faults at once. Raises SettingsInvalid."""
    wrong = [fault for name in os.environ if (fault := _misspelt(name)) is not None]
    found = None
    try:
        found = Settings()
    except ValidationError as error:
        # A default that hangs on a faulty field is no fault of its own.
        faults = [fault for fault in error.errors() if fault["type"] != "default_factory_not_called"]
        wrong += [_expectation(str(fault["loc"][0])) for fault in faults]
    if wrong or found is None:
        raise SettingsInvalid(zh_faults="；".join(zh for zh, _ in wrong), en_faults="; ".join(en for _, en in wrong))
    return found


@cache
def settings() -> Settings:
    """Return the settings of this process. Raises SettingsInvalid."""
    return read()


def _misspelt(variable: str) -> tuple[str, str] | None:
    """Return the fault of a variable that is nearly one of ours: silently not obeyed, it would do harm."""
    name = variable.lower()
    known = [f"{PREFIX}{field}".lower() for field in Settings.model_fields]
    if not name.startswith(PREFIX.lower()) or name in known:
        return None
    close = [near.upper() for near in difflib.get_close_matches(name, known, n=1, cutoff=0.9)]
    return (
        (f"没有 {variable}，是否应为 {close[0]}", f"there is no {variable}, did you mean {close[0]}") if close else None
    )


def _expectation(field: str) -> tuple[str, str]:
    found = Settings.model_fields[field]
    variable = f"{PREFIX}{field}".upper()
    return f"{variable} 的值不可用：{_chinese(found)}", f"{variable} cannot be used: {found.description}".rstrip(".")


def _chinese(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["zh"])


def settings_markdown() -> str:
    """Return `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once when a process starts; an empty one counts as unset. This page is made from",
        "`api/settings.py` by `python -m api.settings`.",
        "",
        "| variable | default | meaning | 含义 |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} | {_chinese(field)} |")
    return "\n".join([*lines, "", _ROLES, ""])


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    if "default" in extra:
        return str(extra["default"])
    return "unset" if field.default is None else f"`{field.default}`"


_ROLES = """\
## A PostgreSQL of your own

The tables belong to the role `elicence_owner`; the web processes work as `elicence_app`, which row-level security binds to
the rows of its unit; background work is done as `elicence_worker`. None of them is a superuser. The user in
`ELICENCE_DATABASE_URL` must be able to become each of them. Either that user may make roles (then nothing is to be
prepared), or an administrator prepares the database once:

```sql
CREATE ROLE elicence_owner NOLOGIN;
CREATE ROLE elicence_app NOLOGIN;
CREATE ROLE elicence_worker NOLOGIN;
CREATE ROLE elicence_service LOGIN PASSWORD '...' IN ROLE elicence_owner, elicence_app, elicence_worker;
CREATE DATABASE elicence OWNER elicence_owner ENCODING 'UTF8' TEMPLATE template0;
GRANT CONNECT ON DATABASE elicence TO elicence_service;
```

Nothing personal should reach that server's own log: leave `log_statement` and `log_min_duration_statement` off and set
`log_error_verbosity = terse`, `log_min_error_statement = panic` and `log_parameter_max_length = 0`.

## The embedded PostgreSQL

It starts with its first user and stops with its last, listens on a Unix socket in a folder of its own and nowhere else, and
runs durably (`fsync`, `synchronous_commit`, page checksums). PostgreSQL refuses to run as root: started by root, the server
runs as the owner of its data folder, or else as the system account `elicence` (made when missing), or else as `nobody`;
where that account could not pass through a parent folder, the folder gets `o+x`, and that is said on standard error."""


if __name__ == "__main__":
    print(settings_markdown(), end="")  # noqa: T201 - that is what it is run for
