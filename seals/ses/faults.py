"""Where a seal or signature departs from what our writer writes: read all the same, and named."""

from datetime import datetime
from typing import Any

from seals.ses.spelling import is_national, parse_signature, parse_time
from seals.ses.values import ES_ID, KIND_NUMBERS, PNG, SIDES_MM, Form, SesPicture


class Faults:
    """Collects departures from what our writer writes, each once."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}

    def add(self, fault: str, is_there: bool) -> None:  # noqa: FBT001 - reads as a sentence
        """Name one if it is there."""
        if is_there:
            self._found[fault] = None

    def found(self) -> tuple[str, ...]:
        """Return them in the order in which they were met."""
        return tuple(self._found)

    def signature(self, value: bytes) -> bytes:
        """Return a signature as DER of r and s."""
        signature, as_der = parse_signature(value)
        self.add("signature_raw", not as_der)
        return signature

    def text(self, element: Any) -> str:
        """Return an IA5String; some makers write UTF-8 into it. Raises ValueError for anything else."""
        data: bytes = element.contents
        self.add("characters", not data.isascii())
        return data.decode()

    def names(self, es_id: str, kind: int) -> None:
        """Look at what a seal is called, and what kind it says it is."""
        self.add("es_id", ES_ID.fullmatch(es_id) is None)
        self.add("kind", kind not in KIND_NUMBERS)

    def picture(self, picture: SesPicture) -> None:
        """Look at what a picture says of itself."""
        self.add("picture_type", picture.type != "PNG")
        self.add("picture_data", picture.type.upper() == "PNG" and not picture.data.startswith(PNG))
        self.add("picture_size", picture.width_mm not in SIDES_MM or picture.height_mm not in SIDES_MM)

    def stamp(self, token: bytes | None) -> None:
        """Look at a timestamp: in the national form nobody reads it here, so that anything could stand in it."""
        self.add("timestamp_form", token is not None and is_national(token))

    def time(self, element: Any, form: Form) -> datetime:
        """Return a date, UTC; raises DerInvalid."""
        text = element.chosen.contents.decode("ascii")
        moment, zoned = parse_time(text)
        expected = "utc_time" if form == 1 else "general_time"
        self.add("time_form", element.name != expected or not text.endswith("Z") or "." in text)
        self.add("time_zone", not zoned)
        return moment
