"""Step 3 of issuing: the documents, made outside any transaction.

Sign the JSON, render the page with it attached, seal the page, encrypt both. A repeat makes other bytes (times, salts);
only activation counts.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licences.catalogue import Catalogue
from licences.documents import digest_text, make_document
from licences.errors import LicenceError
from licences.issuing_intents import LIST_SIZE
from licences.issuing_results import Failed, Intent, Produced
from licences.licence_type import LicenceType
from licences.rendering import LicenceView, Renderer
from licences.signed_claims import claims_of, disclosable, status_claim
from licences.type_errors import FontsMissing
from licences.wording import LicenceContent
from seals.errors import SealError
from seals.jwt.jades import JsonSealer
from seals.life.grants import Seal
from seals.pdf.errors import SealKeyUnusable
from seals.pdf.pades import PdfSealer
from seals.pdf.placement import Placement
from seals.providers.errors import SealCertificateRevoked

Checkpoint = Callable[[str], None]
"""Told the name of every step that is done; a fault test ends the process there."""


def nothing(_step: str) -> None:
    """Note no step."""


@dataclass(frozen=True, slots=True)
class SealingTools:
    """The two sealers of one seal."""

    json: JsonSealer
    pdf: PdfSealer


class Producer:
    """Makes documents.

    sealers: gives the tools of a seal, asked once a seal. base_url: without a slash at its end.
    test: pages carry the watermark 测试. list_size: as of the `IntentBook`.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        renderer: Renderer,
        sealers: Callable[[Seal], SealingTools],
        base_url: str,
        test: bool = True,
        list_size: int = LIST_SIZE,
        checkpoint: Checkpoint = nothing,
    ) -> None:
        self._catalogue = catalogue
        self._renderer = renderer
        self._sealers = sealers
        self._base_url = base_url
        self._test = test
        self._list_size = list_size
        self._checkpoint = checkpoint
        self._tools: dict[UUID, SealingTools] = {}
        # A renderer keeps its compilers warm and serves one page at a time.
        self._rendering = threading.Lock()

    def produce(self, intent: Intent, now: datetime) -> Produced | Failed:
        """Make the documents of an intent; what is wrong with the licence itself comes back as Failed.

        What is wrong with the house (a key that cannot be opened, fonts not installed) is raised.
        """
        try:
            return self._produce(intent, now)
        except SealCertificateRevoked as error:
            # Of this seal alone, as if it had been stopped: the others go on.
            return Failed(intent, error)
        except (FontsMissing, SealKeyUnusable):
            raise
        except (LicenceError, SealError) as error:
            return Failed(intent, error)

    def _produce(self, intent: Intent, now: datetime) -> Produced:
        kind = self._catalogue.type(intent.content.request.type_code)
        tools = self._tools_of(intent.seal)
        claims = claims_of(
            intent.content,
            kind,
            identifier=intent.identifier,
            serial=intent.serial,
            version=intent.version,
            keys=intent.keys,
            base_url=self._base_url,
        )
        claims |= {"status": status_claim(self._base_url, intent.status_index, self._list_size)}
        sealed_json = tools.json.seal(claims, disclosable(intent.content), now)
        self._checkpoint("json-signed")
        page = self._render(intent, kind, sealed_json.flattened, sealed_json.digest, now)
        self._checkpoint("rendered")
        place = Placement(kind.seal.page, kind.seal.x_mm, kind.seal.y_mm)
        sealed_pdf = tools.pdf.seal(page, place, now)
        self._checkpoint("sealed")
        return Produced(
            intent,
            json=make_document("json", sealed_json.flattened, sealed_json.digest, intent.version_id, intent.keys),
            pdf=make_document("pdf", sealed_pdf.data, sealed_pdf.digest, intent.version_id, intent.keys),
        )

    def _render(self, intent: Intent, kind: LicenceType, document: bytes, digest: bytes, now: datetime) -> bytes:
        request = intent.content.request
        content = LicenceContent(
            number=request.number,
            holders=request.holders,
            fields=request.fields,
            identifier=intent.identifier,
            issuer_code=request.issuer,
            issuer_name=intent.content.issuer_name,
            issue_date=request.issue_date,
            valid_from=request.valid_from,
            valid_until=request.valid_until,
        )
        view = LicenceView(content, f"{self._base_url}/v/{intent.content.code}", self._test)
        keywords = ("elicence", intent.identifier, digest_text(digest))
        with self._rendering:
            return self._renderer.render(kind, view, document, keywords, now)

    def _tools_of(self, seal: Seal) -> SealingTools:
        if seal.id not in self._tools:
            self._tools[seal.id] = self._sealers(seal)
        return self._tools[seal.id]
