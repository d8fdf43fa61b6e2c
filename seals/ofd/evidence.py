"""What a sealed OFD package says, for verification: its seals, what each covers, and how each stands.

Pure and bounded. Nothing is believed: whom to trust is handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from seals.ofd.errors import OfdOverLimits, OfdUnreadable
from seals.ofd.form import PROVIDER, form_faults
from seals.ofd.package import OfdPackage, folder_of, locate, read_package
from seals.ofd.signatures import (
    MAX_SIGNATURES,
    Description,
    ListedSignature,
    list_paths,
    read_description,
    read_list,
)
from seals.ses.checks import check_signature
from seals.ses.errors import SesOverLimits, SesUnreadable
from seals.ses.reader import SesSignature, read_signature
from seals.ses.steps import NOT_APPLICABLE, PASSED, Finding, SesJudgement, Step, failed, run, shown, undecided
from seals.ses.trust import Paths


@dataclass(frozen=True, slots=True)
class OfdSignature:
    """A signature of a package.

    listed: as in Signatures.xml; description: its Signature.xml; value: its SignedValue.dat, if that is a national
    seal's; unread: why it is not; uncovered: the files that it does not cover, and that are neither its own, nor the
    lists, nor those of a signature that covers it.
    """

    listed: ListedSignature
    description: Description
    package: OfdPackage = field(repr=False)
    value: SesSignature | None
    unread: SesUnreadable | None
    uncovered: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path of its Signature.xml."""
        return self.listed.path

    @property
    def is_ours(self) -> bool:
        """Whether it says that we made it."""
        return self.description.provider == PROVIDER

    @property
    def seal_is_the_one(self) -> bool | None:
        """Whether Seal.esl is the embedded seal, byte for byte; None if there is no such file or no such seal."""
        if self.description.seal_path is None or self.value is None:
            return None
        return self.package.file(self.description.seal_path) == self.value.seal.der

    def changed(self) -> tuple[str, ...]:
        """Return the covered files that are missing or not as they were; raises NationalUnavailable.

        By a hash that we do not believe in none is found.
        """
        name = self.description.digest_name
        if name is None:
            return ()
        return tuple(
            one.path
            for one in self.description.references
            if one.path not in self.package.files or self.package.digest(one.path, name) != one.digest
        )

    def documents(self) -> Mapping[str, bytes]:
        """Return what the signature value may be over: Signature.xml, if its propertyInfo means that file."""
        if self.value is None:
            return {}
        named = self.value.property_info
        for folder in ("", folder_of(self.path)):
            try:
                if locate(folder, named) == self.path:
                    return {named: self.package.file(self.path)}
            except OfdUnreadable:
                continue
        return {}

    def fault(self) -> Literal["references", "signature", "seal_file"] | None:
        """Say why these are not the bytes that were sealed, without any trust; None where nothing says so.

        Raises NationalUnavailable.
        """
        if self.changed():
            return "references"
        if self.value is None:
            return "signature" if _is_seal(self.listed) else None
        if not self._value_holds(self.value):
            return "signature"
        return "seal_file" if self.seal_is_the_one is False else None

    def _value_holds(self, value: SesSignature) -> bool:
        document = self.documents().get(value.property_info)
        return (
            document is not None
            and value.covers(document)
            and value.signature_valid()
            and value.seal.signature_valid()
            and value.seal.names_signer(value.certificate)
        )


@dataclass(frozen=True, slots=True)
class OfdEvidence:
    """All that verification needs of a package.

    signatures: in their order in the lists; list_paths: where those lie; faults: stable words for each departure from
    what our writer writes: files that a seal of ours does not cover (`coverage`), its value's spelling (`value.…`), and,
    in a package that was last sealed by us, container and list. Nothing but this comparison covers those bytes.
    """

    package: OfdPackage = field(repr=False)
    signatures: tuple[OfdSignature, ...]
    list_paths: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def is_closed(self) -> bool:
        """Whether a signature covers the list of signatures, so that none can be added."""
        return any(one.description.covers(path) for one in self.signatures for path in self.list_paths)


def read_ofd(data: bytes) -> OfdEvidence:
    """Read a package; raises OfdUnreadable, OfdOverLimits, OfdEncrypted."""
    package = read_package(data)
    lists = list_paths(package)
    listed = [one for path in lists for one in read_list(package, path)]
    if len(listed) > MAX_SIGNATURES:
        raise OfdOverLimits(reason="signatures")
    if len({one.path for one in listed}) != len(listed) or len({one.id for one in listed}) != len(listed):
        raise OfdUnreadable(reason="signature_twice")
    found = [_signature(package, one) for one in listed]
    signatures = tuple(replace(one, uncovered=_uncovered(one, found, lists)) for one in found)
    return OfdEvidence(package, signatures, lists, form_faults(package, signatures, lists))


def judge_ofd(signature: OfdSignature, *, paths: Paths) -> SesJudgement:
    """Judge a signature in order: digests of the files, Seal.esl, then the signature value by its own standard.

    The steps are `references`, `value`, `seal_file`, and behind them, if they were reached, those of check_signature.
    Coverage and form are facts of the evidence, not steps of this order.
    """
    steps = package_steps(signature)
    if signature.value is None or any(step.outcome == "failed" for step in steps):
        return SesJudgement(steps, None)
    of_value = check_signature(signature.value, paths=paths, documents=signature.documents())
    return SesJudgement(steps + of_value.steps, of_value.moment, of_value.proven)


def package_steps(signature: OfdSignature) -> tuple[Step, ...]:
    """Judge what the package adds to the signature value, without any trust."""
    return run(
        (
            ("references", lambda: _references(signature)),
            ("value", lambda: _value(signature)),
            ("seal_file", lambda: _seal_file(signature)),
        )
    )


def _signature(package: OfdPackage, listed: ListedSignature) -> OfdSignature:
    description = read_description(package.file(listed.path), listed.path)
    for path in (description.value_path, *_seal_paths(description)):
        package.file(path)
    value, unread = _read_value(package.file(description.value_path))
    return OfdSignature(listed, description, package, value, unread, ())


def _uncovered(one: OfdSignature, all_: Sequence[OfdSignature], lists: Sequence[str]) -> tuple[str, ...]:
    covered = {one.path, one.description.value_path, *lists}
    covered |= {reference.path for reference in one.description.references}
    for later in all_:
        if later.description.covers(one.path) and later.description.covers(one.description.value_path):
            covered |= _held(later)
    return tuple(sorted(path for path in one.package.files if path not in covered))


def _held(later: OfdSignature) -> set[str]:
    """Return a later signature's own files, which are what they are called: it could call any file its seal or value."""
    if later.value is None:
        return {later.path}
    seal = _seal_paths(later.description) if later.seal_is_the_one else ()
    return {later.path, later.description.value_path, *seal}


def _seal_paths(description: Description) -> tuple[str, ...]:
    return () if description.seal_path is None else (description.seal_path,)


def _read_value(data: bytes) -> tuple[SesSignature | None, SesUnreadable | None]:
    try:
        return read_signature(data), None
    except SesUnreadable as error:
        return None, error


def _is_seal(listed: ListedSignature) -> bool:
    # Whatever is not expressly a bare signature is judged as a seal
    return listed.kind != "Sign"


def _references(signature: OfdSignature) -> Finding:
    if not signature.description.references:
        return failed("integrity.format", "no file is covered")
    if signature.description.digest_name is None:
        return undecided("integrity.digest_algorithm", shown(signature.description.digest_method))
    changed = signature.changed()
    return failed("integrity.file", shown(", ".join(changed))) if changed else PASSED


def _value(signature: OfdSignature) -> Finding:
    if signature.unread is None:
        return PASSED
    if isinstance(signature.unread, SesOverLimits):
        return undecided("integrity.over_limits", signature.unread.reason)
    if not _is_seal(signature.listed):
        return undecided("integrity.signature_form", "a signature without a seal")
    return failed("integrity.format", signature.unread.reason)


def _seal_file(signature: OfdSignature) -> Finding:
    same = signature.seal_is_the_one
    if same is None:
        return NOT_APPLICABLE
    return PASSED if same else failed("integrity.seal_file", "Seal.esl is not the seal of the signature")
