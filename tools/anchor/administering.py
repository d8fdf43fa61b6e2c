"""`elicence anchor deploy`, `publisher` and `administrator`: the administrator's acts, which are rare."""

from typing import TYPE_CHECKING

import click

from api.anchoring import anchor_chain, chain_node, fee_policy, open_account
from api.house import require_house
from api.settings import Settings, settings
from ledger.anchor.accounts import ChainAccount
from ledger.errors import Language
from tools.ca.answering import answering, facts, language_of, tell

if TYPE_CHECKING:
    from ledger.anchor.chain import Receipt


def _checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return an address in its checksummed form; a mixed-case one that was mistyped is refused (EIP-55)."""
    if value is None:
        return None
    from web3 import Web3

    if not Web3.is_address(value):
        raise click.BadParameter("不是有效的链上地址 / that is not an address")
    return str(Web3.to_checksum_address(value))


@click.command()
@click.option("--origin", help="Origin of the log; default: the house's own. 账本名称，默认本机账本")
@answering
def deploy(lang: Language | None, *, origin: str | None, as_json: bool) -> None:
    """Put the contract on the chain and name the publisher of our log; both accounts must be there.

    部署合约并指定发布账户。It prints the two settings that go with it.
    """
    from ledger.anchor.administration import deploy as deploy_contract
    from ledger.anchor.administration import set_publisher

    chosen = settings()
    administrator, publisher = open_account(chosen, "administrator"), open_account(chosen, "publisher")
    node, fees, name = chain_node(chosen), fee_policy(chosen), origin or _origin(chosen)
    chain, receipt = deploy_contract(node, administrator, fees)
    # Said at once: were the next transaction to fail, this one has happened.
    click.echo(f"ELICENCE_CHAIN_CONTRACT={chain.address}", err=True)
    set_publisher(chain, administrator, name, publisher.address, fees)
    answer = {
        "chain": chain.id,
        "contract": chain.address,
        "first_block": receipt.block_number,
        "gas_used": receipt.gas_used,
        "origin": name,
        "publisher": publisher.address,
    }
    zh = language_of(lang) == "zh"
    lines = facts(
        [
            ("合约" if zh else "contract", chain.address),
            ("账本" if zh else "log", name),
            ("发布账户" if zh else "publisher", publisher.address),
            ("设置" if zh else "settings", f"ELICENCE_CHAIN_CONTRACT={chain.address}"),
            ("", f"ELICENCE_CHAIN_FIRST_BLOCK={receipt.block_number}"),
        ]
    )
    tell(answer, lines, as_json=as_json)


@click.command()
@click.argument("address", required=False, callback=_checked)
@click.option("--none", "nobody", is_flag=True, help="Nobody: stops a publisher whose key is lost. 停用发布账户")
@click.option("--origin", help="Origin of the log; default: the house's own. 账本名称，默认本机账本")
@answering
def publisher(lang: Language | None, address: str | None, *, nobody: bool, origin: str | None, as_json: bool) -> None:
    """Name ADDRESS as the one that may anchor a log, or nobody. What was anchored stays.

    指定或停用账本的发布账户；已存证的内容不变。
    """
    from ledger.anchor.administration import set_publisher

    if (address is None) != nobody:
        raise click.UsageError("请给出 ADDRESS 或 --none 之一 / give ADDRESS or --none")
    chosen = settings()
    name = origin or _origin(chosen)
    receipt = set_publisher(
        anchor_chain(chosen), open_account(chosen, "administrator"), name, address, fee_policy(chosen)
    )
    answer = {"origin": name, "publisher": address, "block": receipt.block_number}
    zh = language_of(lang) == "zh"
    tell(answer, facts([(name, address or ("（无）" if zh else "(nobody)"))]), as_json=as_json)


@click.command()
@click.option("--offer", metavar="ADDRESS", callback=_checked, help="Offer it to another account. 移交给另一账户")
@click.option("--accept", is_flag=True, help="Accept it with our administrator's key. 以本机管理账户接受")
@answering
def administrator(lang: Language | None, *, offer: str | None, accept: bool, as_json: bool) -> None:
    """Show who administers the contract; offer it to another account, or accept it.

    查看、移交或接受合约管理。Two steps, so that it never goes to an address of which nobody has the key.
    """
    if offer is not None and accept:
        raise click.UsageError("--offer 与 --accept 不能同时使用 / --offer and --accept do not go together")
    chosen = settings()
    chain = anchor_chain(chosen)
    if offer is not None:
        _act(chosen, open_account(chosen, "administrator"), "offer_administration", offer)
    if accept:
        _act(chosen, open_account(chosen, "administrator"), "accept_administration")
    answer = {"administrator": str(chain.view("administrator")), "offered_to": _address(chain.view("offered_to"))}
    zh = language_of(lang) == "zh"
    lines = facts(
        [
            ("管理账户" if zh else "administrator", str(answer["administrator"])),
            ("待接受" if zh else "offered to", answer["offered_to"] or "-"),
        ]
    )
    tell(answer, lines, as_json=as_json)


def _act(chosen: Settings, account: ChainAccount, function: str, *arguments: object) -> "Receipt":
    from ledger.anchor.administration import administer

    return administer(anchor_chain(chosen), account, function, arguments, fee_policy(chosen))


def _address(value: object) -> str | None:
    from ledger.anchor.web3_client import NOBODY

    return None if value == NOBODY else str(value)


def _origin(chosen: Settings) -> str:
    from ca.ceremonies.files import open_ceremony

    require_house(chosen)
    return open_ceremony(chosen.home / "keys").plan.log.origin
