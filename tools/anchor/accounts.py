"""`elicence anchor accounts`: the two accounts of the chain, and their key files."""

from typing import Final, get_args

import click

from api.anchoring import AccountMissing, AccountName, account_file, create_account, open_account
from api.settings import settings
from ledger.errors import Language
from tools.ca.answering import answering, language_of, table, tell

_NEW: Final = "Make the accounts that are missing. 建立缺少的账户"
_ROLES: Final[dict[AccountName, tuple[str, str]]] = {
    "publisher": ("发布账户：提交存证", "publisher: anchors, and nothing else"),
    "administrator": (
        "管理账户：部署合约、指定发布账户；不得提交存证",
        "administrator: deploys, names publishers, never anchors",
    ),
}


@click.command()
@click.option("--new", is_flag=True, help=_NEW)
@answering
def accounts(lang: Language | None, *, new: bool, as_json: bool) -> None:
    """Show the publisher's and the administrator's address; with --new make what is missing.

    查看或建立链上账户。Key files are Web3 Secret Storage, encrypted like all keys of the house. The administrator's lies in
    keys/chain-administrator/: carry that folder away, it is needed only for deploy, publisher and administrator.
    """
    chosen = settings()
    found: dict[AccountName, str | None] = {}
    for name in get_args(AccountName):
        try:
            found[name] = (create_account if new else open_account)(chosen, name).address
        except AccountMissing:
            found[name] = None
    zh = language_of(lang) == "zh"
    rows = [
        (name, address or "-", str(account_file(chosen, name)), _ROLES[name][0 if zh else 1])
        for name, address in found.items()
    ]
    heads = ("账户", "地址", "密钥文件", "职责") if zh else ("account", "address", "key file", "what it does")
    tell(found, table(heads, rows), as_json=as_json)
