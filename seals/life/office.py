"""The use cases on seals that the command line and the HTTP door call, put together."""

from dataclasses import dataclass
from functools import cached_property

from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from seals.life.applications import SealApplications
from seals.life.authorisations import StandingAuthorisations
from seals.life.registry import SealCustodian
from seals.life.registry_stops import SealStops
from seals.life.uses import UseBook


@dataclass(frozen=True)
class SealOffice:
    """Everything that is done about seals; each method works in the caller's transaction, and the caller commits.

    Every one takes the actor, and refuses whom no role lets through. Reading is `use_register.py`.
    """

    wrapper: KeyWrapper
    promiser: Promiser

    @cached_property
    def custodian(self) -> SealCustodian:
        """Brings seals in, grants, takes grants back."""
        return SealCustodian(self.wrapper, self.promiser)

    @cached_property
    def stops(self) -> SealStops:
        """Suspends, resumes, cancels."""
        return SealStops(self.wrapper, self.promiser)

    @cached_property
    def applications(self) -> SealApplications:
        """Takes a seal from the application to the delivery."""
        return SealApplications(self.wrapper, self.promiser)

    @cached_property
    def authorisations(self) -> StandingAuthorisations:
        """Lets systems seal by themselves."""
        return StandingAuthorisations(self.wrapper, self.promiser)

    @cached_property
    def uses(self) -> UseBook:
        """Keeps the record of uses."""
        return UseBook(self.wrapper, self.promiser)
