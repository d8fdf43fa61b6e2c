"""Judge what of a path no time changes: signatures, names, constraints, policies, the right to issue.

Source: RFC 5280 section 6.1, without validity and revocation
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from ca.algorithms import signatures
from ca.encoding import oids
from ca.judging import name_constraints
from ca.judging.path_building import Path, signed_by
from ca.judging.policy_tree import PolicyRules, PolicyState, ValidPolicy
from ca.reading import names
from ca.reading.certificate_reader import Certificate, read_certificate

_UNDERSTOOD: Final = frozenset(
    {
        oids.BASIC_CONSTRAINTS,
        oids.KEY_USAGE,
        oids.EXTENDED_KEY_USAGE,
        oids.SUBJECT_ALTERNATIVE_NAME,
        oids.ISSUER_ALTERNATIVE_NAME,
        oids.CERTIFICATE_POLICIES,
        oids.POLICY_MAPPINGS,
        oids.POLICY_CONSTRAINTS,
        oids.INHIBIT_ANY_POLICY,
        oids.NAME_CONSTRAINTS,
        oids.CRL_DISTRIBUTION_POINTS,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: a code of `path_reasons.REASONS`, and the position on the path, 0 for the leaf."""

    reason: str
    position: int


@dataclass(frozen=True, slots=True)
class Structure:
    """What was found: the first fault if any, else the policies; the path with all keys whole."""

    path: Path
    fault: Fault | None
    policies: tuple[ValidPolicy, ...] = ()


@lru_cache(maxsize=1024)
def examine(certificates: tuple[bytes, ...], rules: PolicyRules) -> Structure:
    """Examine a path (DER, leaf first, anchor last); raises CertificateInvalid, NationalUnavailable.

    The anchor's own limits bind what is below it, as RFC 5937 allows; its policies do not.
    """
    path = _with_whole_keys(tuple(map(read_certificate, certificates)))
    fault = _chain_fault(path) or _authority_fault(path) or _name_fault(path)
    if fault is not None:
        return Structure(path, fault)
    policies = _policies(path, rules)
    return Structure(path, policies) if isinstance(policies, Fault) else Structure(path, None, policies)


def _with_whole_keys(path: Path) -> Path:
    """Give DSA keys without parameters those of the key above (RFC 5280 section 6.1.4 (d) to (f))."""
    whole = [path[-1]]
    for certificate in reversed(path[:-1]):
        key = signatures.inherit_parameters(certificate.public_key, whole[-1].public_key)
        same = key == certificate.public_key
        whole.append(certificate if same else replace(certificate, public_key=key))
    return tuple(reversed(whole))


def _chain_fault(path: Path) -> Fault | None:
    """Find a certificate that the one above did not sign, or that names another issuer (6.1.3 (a) (1), (4))."""
    for position in reversed(range(len(path) - 1)):
        certificate, issuer = path[position], path[position + 1]
        if not names.same(certificate.issuer, issuer.subject):
            return Fault("name_chaining", position)
        if not signed_by(certificate.der, issuer.public_key):
            return Fault("signature", position)
    return None


def _authority_fault(path: Path) -> Fault | None:
    """Find what forbids the authorities to have issued what stands below them (6.1.4 (k) to (o), 6.1.5 (e))."""
    self_issued = [one.is_self_issued for one in path]
    for position, certificate in enumerate(path):
        if has_unknown_extension(certificate):
            return Fault("unknown_extension", position)
        if position == 0:
            continue
        # RFC 5280 section 4.2.1.3: an authority's certificate always says that it may sign certificates
        if not certificate.is_ca or certificate.key_usage is None or "keyCertSign" not in certificate.key_usage:
            return Fault("not_an_authority", position)
        # RFC 5280 section 6.1.4 (l): self-issued authorities are not counted
        counted = self_issued[1:position].count(False)
        if certificate.path_length is not None and counted > certificate.path_length:
            return Fault("path_too_long", position)
    return None


def has_unknown_extension(certificate: Certificate) -> bool:
    """Say whether a critical extension would have to be understood and is not."""
    return any(extension.critical and kind not in _UNDERSTOOD for kind, extension in certificate.extensions.items())


def _name_fault(path: Path) -> Fault | None:
    """Find a name outside of where an authority above may name (6.1.3 (b), (c))."""
    for above in range(1, len(path)):
        if path[above].name_constraints is None:
            continue
        for position in reversed(range(above)):
            # Self-issued certificates carry an authority's own name, and are bound only as the last of a path.
            bound = position == 0 or not path[position].is_self_issued
            if bound and not _permitted(path[above].der, path[position].der):
                return Fault("name_constraints", position)
    return None


@lru_cache(maxsize=1024)
def _permitted(above: bytes, below: bytes) -> bool:
    # Crossed certificates stand on dozens of paths together: their thousands of names are compared once
    constraints = read_certificate(above).name_constraints
    return constraints is None or name_constraints.permits(constraints, read_certificate(below))


def _policies(path: Path, rules: PolicyRules) -> tuple[ValidPolicy, ...] | Fault:
    below = path[:-1] or path
    state = PolicyState(rules, len(below))
    for position in reversed(range(len(below))):
        certificate = below[position]
        if not state.enter(certificate, last=position == 0):
            return Fault("policy", position)
        if position and not state.leave(certificate):
            return Fault("policy_mapping", position)
    found = state.end(below[0])
    return Fault("policy", 0) if found is None else found
