"""The keys of logs out of a trust list, for those who check with no access to a house."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from ledger.formats.notes import Vkey

_MOST: Final = 64 * 1024 * 1024


def log_keys(trust: Path) -> "Mapping[str, Vkey]":
    """Return the key of each log that a trust list names; of one that has run out, none. Raises MaterialUnreadable."""
    from ca.errors import TrustListInvalid
    from ca.judging.trust import load_trust
    from ledger.formats.notes import Vkey, VkeyInvalid
    from licences.verification.errors import MaterialUnreadable

    now = datetime.now(UTC)
    try:
        with trust.open("rb") as stream:
            loaded = load_trust(stream.read(_MOST), now)
    except OSError as error:
        raise MaterialUnreadable(name=str(trust), reason=error.strerror or type(error).__name__) from error
    except TrustListInvalid as error:
        raise MaterialUnreadable(name="trust list", reason=error.reason) from error
    if not loaded.is_current(now):
        click.echo("信任列表已过期，不予采用 / the trust list has run out and is not used", err=True)
        return {}
    found = {}
    for origin, text in loaded.log_keys.items():
        try:
            found[origin] = Vkey.parse(text)
        except VkeyInvalid:
            continue  # a key of a kind that we do not know yet makes its log unknown
    return found
