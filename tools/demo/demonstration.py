"""The main job, end to end: found a service, issue, export, verify, then spoil documents and verify those."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from api.house import House
from api.schema import Role
from ledger.checkpoints import Checkpoint
from ledger.log_objects import read_checkpoint
from ledger.notes import SignedNote
from licences import identifiers, status_list
from licences.acts import Grounds, Registrar
from licences.transitions import Act
from tools.bulk import issue_file
from tools.bulk_results import RowResult, Summary
from tools.demo import preview, screen
from tools.demo.cases import Licence, show_revoked, tamper
from tools.demo.exporting import export
from tools.demo.folder import DemoFolder, made_anew
from tools.demo.judging import Material, judge_files
from tools.demo.outcome import Finding, Issuing, Outcome, Verifying
from tools.demo.rows import write_faulty_rows, write_rows
from tools.demo.service import approval_system, new_service
from tools.sequencing import drain


def demonstrate(root: Path, rows: int, workers: int) -> Outcome:
    """Run the demonstration in a folder that is made anew.

    rows: how many licences, 20 or more. Raises DemoFolderForeign, DemoFolderBusy, DemoFolderUnwritable.
    """
    begun_at, begin = datetime.now(UTC), time.monotonic()
    with made_anew(root) as folder:
        screen.heading(1, "建立机构", "found the service: keys, certificates, seals, register")
        with new_service(folder.service) as house:
            screen.line(f"{len(house.ceremony.seals)} 枚测试印章，1 个业务系统", "4 test seals, 1 approval system")
            issuing = _issue(house, folder, rows, workers)
            folder.trust.write_bytes(house.ceremony.trust)
            pages, data = _verify_all(house, folder, issuing.licences, workers)
            spoilt = _spoil(house, folder, issuing.licences, workers)
        preview.draw(folder, issuing.licences)
        outcome = Outcome(folder, begun_at, workers, issuing, pages, data, spoilt, time.monotonic() - begin)
        folder.report.write_text(json.dumps(outcome.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return outcome


def _issue(house: House, folder: DemoFolder, rows: int, workers: int) -> Issuing:
    screen.heading(2, "签发", f"issue {rows:,} licences of five types, {workers} processes")
    write_rows(folder.rows, rows)
    issued: list[RowResult] = []
    system = approval_system(house)
    with screen.bar(rows, "签发", "issuing") as done:
        summary = issue_file(
            house, folder.rows, system, jobs=workers, report=issued.append, progress=lambda tally: done(tally.rows)
        )
    licences = tuple(_licence(house, result) for result in sorted(issued, key=lambda one: one.line) if result.serial)
    _show_issued(house, summary, licences)
    refused = _refuse(house, folder)
    return Issuing(summary, licences, refused, _log_size(house))


def _licence(house: House, result: RowResult) -> Licence:
    assert result.identifier is not None
    assert result.serial is not None
    kind = house.catalogue.type(identifiers.parse(result.identifier).type_code)
    return Licence(kind.slug, result.identifier, result.serial)
