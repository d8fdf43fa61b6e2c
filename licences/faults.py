"""A fault of a licence request: where it is, what it is, what to do. Never the faulty value itself."""

from dataclasses import dataclass, replace

from licences.codes import CodeFault, Severity


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One fault.

    field: where, as a path into the request (`holders[0].code`, `fields.unit_number`).
    code: stable, such as `schema.required`. zh, en: the message. severity: a warning stops nothing.
    """

    field: str
    code: str
    zh: str
    en: str
    severity: Severity = "error"

    def as_warning(self) -> "FieldFault":
        """Return the same fault, no longer stopping anything."""
        return replace(self, severity="warning")

    def as_json(self) -> dict[str, str]:
        """Return what an API answer or a report line shows."""
        return {"field": self.field, "code": self.code, "zh": self.zh, "en": self.en, "severity": self.severity}


def of_code(field: str, fault: CodeFault) -> FieldFault:
    """Return the fault of a code at its place."""
    return FieldFault(field, fault.code, fault.zh, fault.en, fault.severity)


def errors(faults: list[FieldFault]) -> list[FieldFault]:
    """Return those that stop a licence."""
    return [fault for fault in faults if fault.severity == "error"]
