"""What a node answers, before it is believed: its errors become ours, its numbers and hashes are such as a chain has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from eth_abi.exceptions import DecodingError
from requests import RequestException
from web3.exceptions import ContractLogicError, RequestTimedOut, Web3Exception, Web3RPCError

from ledger.anchor.errors import ChainAnswerInvalid, ChainRefused, ChainUnavailable
from ledger.anchor.libraries import put_limit_back

put_limit_back()  # whatever of the libraries was imported before

_LONGEST_WORDS: Final = 200


def number(value: object) -> int:
    """Return a number that any of our rows can hold; raises ValueError: sizes, blocks, nonces and chains are below 2^63."""
    if not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise ValueError("no number of a chain")
    return value


def hash32(value: bytes) -> bytes:
    """Return 32 bytes; raises ValueError."""
    data = bytes(value)
    if len(data) != 32:
        raise ValueError("no hash")
    return data


@contextmanager
def asking(method: str, *, refusals: bool = False) -> Iterator[None]:
    """Turn what the libraries raise into our errors. refusals: an error of the node is its answer about a transaction.

    What was raised is not shown behind them: in its words is the node's address, and with it an access key.
    """
    try:
        yield
    except ContractLogicError as error:
        raise ChainRefused(_words(error.message)) from None
    except (RequestException, RequestTimedOut, TimeoutError, ConnectionError) as error:
        raise ChainUnavailable(type(error).__name__) from None
    except Web3RPCError as error:
        if refusals:
            raise ChainRefused(_words(error.message)) from None
        raise ChainAnswerInvalid(method) from None
    except (Web3Exception, DecodingError, ValueError, TypeError, KeyError, AttributeError):
        raise ChainAnswerInvalid(method) from None


def _words(text: object) -> str:
    """Return a stranger's words on one short line."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))[:_LONGEST_WORDS]
