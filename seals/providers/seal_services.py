"""The file that names the seal services elsewhere, read once.

    {"province": {"address": "https://seals.example.gov.cn/v1", "token": "..."}}

The name is what seals are imported under; `token` may be missing. With tokens, only the owner may read the file, and
only TLS carries them, save on this very machine.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ca.encoding.strict_json import Members, parse, text
from ca.errors import JsonInvalid
from ca.keys import private_files
from ca.outside.http_client import HttpClient, is_web_address
from seals.providers.errors import ServicesUnusable
from seals.providers.providers import LOCAL
from seals.providers.remote_seal_client import LIMITS, RemoteSealService

_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def read_services(path: Path) -> Mapping[str, RemoteSealService]:
    """Return the services of the file by name; raises ServicesUnusable."""
    try:
        data, exposed = path.read_bytes(), private_files.is_exposed(path)
    except OSError as error:
        raise ServicesUnusable(path=str(path), zh_reason="读不到", reason="it cannot be read") from error
    http = HttpClient(LIMITS)
    try:
        found = parse(data)
        if not isinstance(found, dict):
            raise JsonInvalid("the file is not an object")  # noqa: TRY301 - told as every other fault of the form
        services = {text(name, "name"): _service(value, http) for name, value in found.items()}
    except JsonInvalid as error:
        raise ServicesUnusable(path=str(path), zh_reason=error.message("zh"), reason=error.message("en")) from error
    for name, one in services.items():
        fault = _fault(name, one, exposed=exposed)
        if fault is not None:
            raise ServicesUnusable(path=str(path), zh_reason=fault[0], reason=fault[1])
    return services


def _service(value: object, http: HttpClient) -> RemoteSealService:
    members = Members(value, "service")
    address, token = members.take("address", text), members.optional("token", text)
    members.end()
    return RemoteSealService(http, address.rstrip("/"), token)


def _fault(name: str, one: RemoteSealService, *, exposed: bool) -> tuple[str, str] | None:
    """Return what is wrong with a service, in both languages."""
    parts = urlsplit(one.address) if is_web_address(one.address) else None
    addressed = parts is not None and not parts.query
    protected = parts is not None and (parts.scheme == "https" or parts.hostname in _HERE)
    token = one.token is not None
    checks = (
        (name != LOCAL, "名称 local 指本机密钥", "the name local stands for our own keys"),
        (addressed, f"{name} 的地址不可用", f"the address of {name} cannot be used"),
        (
            one.token is None or one.token.isascii(),
            f"{name} 的令牌含非 ASCII 字符",
            f"the token of {name} is not ASCII",
        ),
        (not (token and exposed), "其中有令牌，权限须为 600", "it holds a token, and must be of mode 600"),
        (protected or not token, f"{name} 的令牌只能经 https 发送", f"the token of {name} needs an https address"),
    )
    return next(((zh, en) for passed, zh, en in checks if not passed), None)
