"""What is wrong between the members of a ceremony's plan, each of which may be right by itself."""

from collections.abc import Iterator
from typing import Final

from ca.ceremonies import plan_yaml
from ca.ceremonies.fields import NUMBER_FORM
from ca.ceremonies.names import ISSUING_ROLES, KeyName, seal
from ca.ceremonies.plan_yaml import Located, Location
from ca.errors import PlanFault

_NAME_SEAL: Final = "5"


def faults(located: Located) -> Iterator[PlanFault]:
    """Find them in the raw values, so that they are told together with everything else."""
    seals = _at(located.value, ("seals",))
    count = len(seals) if isinstance(seals, list) else 0
    yield from _repeated(located, count)
    yield from _reserved(located, count)
    yield from _nameless(located, count)
    told: set[Location] = set()
    for lower, upper in _limits(count):
        years, limit = _number(_at(located.value, lower)), _number(_at(located.value, upper))
        if years is not None and limit is not None and years > limit and lower not in told:
            told.add(lower)
            name = plan_yaml.dotted(upper)
            yield _fault(located, lower, f"不得超过 {name}", f"must not exceed {name}")


def _repeated(located: Located, count: int) -> Iterator[PlanFault]:
    for key in ("id", "code"):
        seen: list[object] = [None]
        for index in range(count):
            location: Location = ("seals", index, key)
            if _at(located.value, location) in seen:
                yield _fault(located, location, "与另一枚印章相同", "is the same as another seal's")
            seen.append(_at(located.value, location))


def _reserved(located: Located, count: int) -> Iterator[PlanFault]:
    """Find seals whose key would have the name of the key that makes seals."""
    for index in range(count):
        location: Location = ("seals", index, "id")
        if KeyName.parse(seal(str(_at(located.value, location)))) is not None:
            yield _fault(located, location, "此标识留作他用，请另取", "is kept for another use: choose another")


def _nameless(located: Located, count: int) -> Iterator[PlanFault]:
    """Find name seals that name nobody: the unit's name is not what stands on them."""
    for index in range(count):
        location: Location = ("seals", index, "kind")
        if _at(located.value, location) == _NAME_SEAL and _at(located.value, ("seals", index, "ring_text")) is None:
            yield _fault(
                located, location, "人名章须以 ring_text 写明姓名", "a name seal wants the person's name as ring_text"
            )


def _limits(seals: int) -> Iterator[tuple[Location, Location]]:
    """Yield which number must not exceed which: a certificate never outlives its issuer's."""
    for above in ((), ("national",)):
        for role in ISSUING_ROLES:
            yield (*above, "authorities", role, "years"), (*above, "root", "years")
        yield (*above, "tsa", "years"), (*above, "root", "years")
        for index in range(seals):
            yield ("seals", index, "years"), (*above, "authorities", "seals", "years")
        if above:
            yield (*above, "seal_maker", "years"), (*above, "authorities", "seals", "years")
        # The trust list holds the roots' revocation lists, and must not outlive them.
        yield ("trust", "days"), (*above, "root", "crl_days")
    yield ("trust", "years"), ("root", "years")
    for service in ("status", "receipt"):
        yield (service, "years"), ("authorities", "systems", "years")


def _fault(located: Located, location: Location, zh: str, en: str) -> PlanFault:
    return PlanFault(located.line(location), plan_yaml.dotted(location), zh, en)


def _at(value: object, location: Location) -> object:
    for key in location:
        if isinstance(value, dict):
            value = value.get(key)
        else:
            value = value[key] if isinstance(value, list) and isinstance(key, int) else None
    return value


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, str) and NUMBER_FORM.fullmatch(value) else None
