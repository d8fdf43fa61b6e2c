"""Anchoring as the settings name it: the node, the contract, the accounts and their key files, the anchorer."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from api.house import House, passphrase_of
from api.schema import Role
from api.settings import Settings
from ca.ceremonies.names import LOG_KEY
from ca.keys import private_files
from ca.keys.folder import KeyFolder
from ledger.anchor.accounts import KeyAccount
from ledger.anchor.errors import AccountUnusable
from ledger.anchor.fees import FeePolicy
from ledger.errors import DomainError
from ledger.formats.notes import Vkey

if TYPE_CHECKING:
    from ledger.anchor.anchorer import Anchorer, AnchorPolicy
    from ledger.anchor.chain import Finality
    from ledger.anchor.web3_client import Web3Chain, Web3Node

AccountName = Literal["publisher", "administrator"]

_FOLDERS: Final[dict[AccountName, Path]] = {
    "publisher": Path(),
    # A folder of its own, so that it can be carried away: it is needed when a contract is made or a publisher named.
    "administrator": Path("chain-administrator"),
}


@dataclass(eq=False)
class ChainNotSet(DomainError):
    """Settings are missing that say which chain, or which contract."""

    code = "chain.not_set"
    zh = "尚未设置 {variable}：见 docs/anchoring.md"
    en = "{variable} is not set: see docs/anchoring.md"

    variable: str


@dataclass(eq=False)
class AccountMissing(DomainError):
    """The key file of an account is not there."""

    code = "chain.account_missing"
    zh = "没有链上账户 {name} 的密钥文件：请先运行 elicence anchor accounts --new；管理账户密钥可能已移至离线介质"
    en = "there is no key of the chain account {name}: run `elicence anchor accounts --new`, or bring it back from where it is kept"

    name: str


def chain_node(settings: Settings) -> "Web3Node":
    """Return a connection to the node; raises ChainNotSet."""
    from ledger.anchor.web3_client import Web3Node

    if settings.chain_url is None:
        raise ChainNotSet("ELICENCE_CHAIN_URL")
    return Web3Node.at(settings.chain_url.get_secret_value())


def anchor_chain(settings: Settings) -> "Web3Chain":
    """Return the chain with the contract; raises ChainNotSet."""
    from ledger.anchor.web3_client import Web3Chain

    node = chain_node(settings)
    if settings.chain_contract is None:
        raise ChainNotSet("ELICENCE_CHAIN_CONTRACT")
    return Web3Chain(node, settings.chain_contract)


def is_anchored(settings: Settings) -> bool:
    """Tell whether the settings name a chain and a contract."""
    return settings.chain_url is not None and settings.chain_contract is not None


def fee_policy(settings: Settings) -> FeePolicy:
    """Return how much is paid."""
    return FeePolicy(settings.chain_fees, settings.chain_gas_price, settings.chain_gas_cap)


def finality(settings: Settings) -> "Finality":
    """Return which blocks are believed."""
    return "finalized" if settings.chain_confirmations == "finalized" else int(settings.chain_confirmations)


def anchor_policy(settings: Settings) -> "AnchorPolicy":
    """Return how the chain is used."""
    from ledger.anchor.anchorer import AnchorPolicy

    return AnchorPolicy(
        finality=finality(settings),
        every=timedelta(seconds=settings.chain_interval),
        fees=fee_policy(settings),
        first_block=settings.chain_first_block,
    )


def account_file(settings: Settings, name: AccountName) -> Path:
    """Return where an account's key file is kept."""
    return _folder(settings, name).path / f"{_key_name(name)}.json"


def open_account(settings: Settings, name: AccountName) -> KeyAccount:
    """Open an account; raises AccountMissing, AccountUnusable, PassphraseUnusable."""
    path = account_file(settings, name)
    try:
        if private_files.is_exposed(path):
            raise AccountUnusable(path.name, "其他账户可读，请改为 600", "others may read it: make its mode 600")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise AccountMissing(name) from error
    except OSError as error:
        raise AccountUnusable(path.name, "读不到", "it cannot be read") from error
    return KeyAccount.open(data, _folder(settings, name).passphrase_for(_key_name(name)), path.name)


def create_account(settings: Settings, name: AccountName) -> KeyAccount:
    """Make and keep an account; one that is there already is opened. Raises AccountUnusable, PassphraseUnusable."""
    account = KeyAccount.create()
    passphrase = _folder(settings, name).passphrase_for(_key_name(name), new=True)
    try:
        private_files.write_new(account_file(settings, name), account.to_file(passphrase))
    except FileExistsError:
        return open_account(settings, name)
    return account


def _folder(settings: Settings, name: AccountName) -> KeyFolder:
    return KeyFolder(settings.home / "keys" / _FOLDERS[name], passphrase_of(settings))


def _key_name(name: AccountName) -> str:
    return f"chain-{name}"


def log_vkey(house: House) -> Vkey:
    """Return the key that verifies our own log's checkpoints."""
    return Vkey.of(house.ceremony.plan.log.origin, house.keys.signer(LOG_KEY))


def build_anchorer(house: House) -> "Anchorer":
    """Return an anchorer of our own log; any number may run. Raises ChainNotSet, AccountMissing, AccountUnusable."""
    from ledger.anchor.anchorer import Anchorer

    settings = house.settings
    return Anchorer(
        sessions=lambda: house.database.session(Role.WORKER),
        objects=house.objects,
        vkey=log_vkey(house),
        chain=anchor_chain(settings),
        account=open_account(settings, "publisher"),
        policy=anchor_policy(settings),
    )
