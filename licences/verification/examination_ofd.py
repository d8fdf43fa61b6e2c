"""Reading a sealed OFD package (GB/T 33190): the strict reader's evidence as the checks want it."""

import hashlib

from ca.errors import NationalUnavailable
from licences.verification.documents import Examined, Oddity, Signature, SignatureFault, Trouble
from licences.verification.examination_national import oddities_of, signature_of, trouble_of
from seals.ofd.errors import OfdEncrypted, OfdOverLimits, OfdUnreadable
from seals.ofd.evidence import OfdEvidence, OfdSignature, package_steps, read_ofd
from seals.ses.steps import shown

_NOT_OFD = "not_a_package"
_COVERAGE = "coverage"
_MOST = 8 * 1024 * 1024


def examine_ofd(document: bytes) -> Examined:
    """Read a package with its seals."""
    digest = hashlib.sha256(document).digest()
    try:
        evidence = read_ofd(document)
        return _examined(document, digest, evidence)
    except OfdEncrypted:
        trouble = Trouble("encrypted")
    except OfdOverLimits as fault:
        trouble = Trouble("too_complex", fault.reason)
    except OfdUnreadable as fault:
        # Every office program packs its files so: without an entrance it is not OFD.
        if fault.reason == _NOT_OFD:
            return Examined("unknown", len(document), digest, Trouble("unknown"))
        trouble = Trouble("malformed", fault.reason)
    except NationalUnavailable:
        trouble = Trouble("unsupported", "algorithm_unavailable")
    return Examined("ofd", len(document), digest, trouble)


def _examined(document: bytes, digest: bytes, evidence: OfdEvidence) -> Examined:
    trouble = _trouble(evidence)
    if trouble is not None:
        return Examined("ofd", len(document), digest, trouble)
    uncovered = _uncovered(evidence)
    values = [one.value for one in evidence.signatures if one.value is not None]
    return Examined(
        form="ofd",
        size=len(document),
        file_digest=digest,
        seals=tuple(_signature(one) for one in evidence.signatures),
        oddities=(
            *(Oddity(f"ofd.{fault}", "") for fault in evidence.faults if fault != _COVERAGE),
            *(oddity for value in values for oddity in oddities_of(value.seal)),
        ),
        coverage_faults=tuple(Oddity("coverage.file", shown(path)) for path in sorted(uncovered)),
        uncertain=tuple(Oddity("coverage.file", shown(path)) for path in sorted(_left_to_others(evidence) - uncovered)),
    )


def _trouble(evidence: OfdEvidence) -> Trouble | None:
    """Say why there is nothing to judge. What cannot be read must not be the hiding place of what plainly fails."""
    if not evidence.signatures:
        return Trouble("unsigned")
    if sum(map(_weight, evidence.signatures)) > _MOST:
        return Trouble("too_complex", "signatures")
    unread = [one for one in evidence.signatures if one.value is None]
    if not unread:
        return None
    if any(one.changed() for one in evidence.signatures) or any(
        one.value is not None and one.fault() is not None for one in evidence.signatures
    ):
        return Trouble("malformed", "signature_broken")
    sealed = [one for one in unread if one.listed.kind != "Sign"]
    if not sealed:
        return Trouble("unsupported", "signature_without_seal")
    assert sealed[0].unread is not None
    return trouble_of(sealed[0].unread)


def _weight(one: OfdSignature) -> int:
    """Return how many bytes of a signature are kept for its judgement, which is made in another process."""
    return len(one.package.file(one.path)) + len(one.package.file(one.description.value_path))


def _signature(one: OfdSignature) -> Signature:
    assert one.value is not None
    return signature_of(
        one.value,
        one.documents(),
        name=one.path,
        fault=_package_fault(one),
        package_steps=package_steps(one),
        file_differs=one.seal_is_the_one is False,
    )


def _package_fault(one: OfdSignature) -> tuple[SignatureFault | None, str]:
    if not one.description.references:
        return "format", "no file is covered"
    if one.description.digest_name is None:
        # What a broken hash covers may have been changed; what is plainly broken is said of it all the same.
        return (None, "") if one.fault() is not None else ("digest_algorithm", shown(one.description.digest_method))
    changed = one.changed()
    return ("digest", shown(", ".join(changed))) if changed else (None, "")


def _uncovered(evidence: OfdEvidence) -> set[str]:
    """Return the files that a seal of ours leaves out, or that every seal leaves out, whoever made it."""
    ours = [one for one in evidence.signatures if one.is_ours]
    found = {path for one in ours for path in one.uncovered}
    return found | set.intersection(*(set(one.uncovered) for one in evidence.signatures))


def _left_to_others(evidence: OfdEvidence) -> set[str]:
    """Return the files that one of the seals leaves out, those of seals apart: each of them is judged by itself.

    Whoever seals second could otherwise lay a page of his own into what the first had sealed.
    """
    of_seals = {path for one in evidence.signatures for path in _own_files(one)}
    return {path for one in evidence.signatures for path in one.uncovered} - of_seals


def _own_files(one: OfdSignature) -> tuple[str, ...]:
    seal = one.description.seal_path
    return (one.path, one.description.value_path, *(() if seal is None else (seal,)))
