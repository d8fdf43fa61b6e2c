"""Root of what the repository of licences refuses."""

from ledger.errors import DomainError


class LicenceError(DomainError):
    """Root of what the repository of licences refuses."""

    code = "licences.error"
