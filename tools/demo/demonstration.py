"""The main job, end to end: found a service, issue, export, verify, then spoil documents and verify those."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from api.house import House
from api.schema import Role
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote
from ledger.log.served import read_checkpoint
from licences import identifiers, status_list
from licences.acts import Grounds, Registrar
from licences.licence_type import LicenceType
from licences.transitions import Act
from tools.bulk import issue_file
from tools.bulk_results import RowResult
from tools.demo import preview, screen
from tools.demo.cases import Licence, show_revoked, tamper
from tools.demo.errors import DemoIncomplete
from tools.demo.folder import DemoFolder, made_anew
from tools.demo.judging import Material, judge_files
from tools.demo.outcome import Finding, Issuing, Outcome, Verifying
from tools.demo.rows import write_faulty_rows, write_rows
from tools.demo.service import approval_system, new_service
from tools.licences import export_files
from tools.sequencing import drain


def demonstrate(root: Path, rows: int, workers: int) -> Outcome:
    """Run the demonstration in a folder that is made anew.

    rows: how many licences, 20 or more. Raises DemoFolderForeign, DemoFolderBusy, DemoFolderUnwritable, DemoIncomplete.
    """
    begun_at, begin = datetime.now(UTC), time.monotonic()
    with made_anew(root) as folder:
        screen.heading(1, "建立机构", "found the service: key ceremony, seals, register, database")
        with new_service(folder.service) as house:
            screen.line(f"{len(house.ceremony.seals)} 枚测试印章，1 个业务系统", "4 test seals, 1 approval system")
            _tell_hierarchies(house)
            issuing = _issue(house, folder, rows, workers)
            _export(house, folder, issuing)
            pages, data = _verify_all(folder, issuing.licences, workers)
            spoilt = _spoil(house, folder, issuing.licences, workers)
        preview.draw(folder, issuing.licences)
        outcome = Outcome(folder, begun_at, workers, issuing, pages, data, spoilt, time.monotonic() - begin)
        folder.report.write_text(json.dumps(outcome.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return outcome


def _tell_hierarchies(house: House) -> None:
    if "national" in house.ceremony.hierarchies:
        screen.line("两套证书体系：国际算法（P-256）与国密（SM2）", "two hierarchies of certificates: P-256, and SM2")
    else:
        screen.line(
            "本机 OpenSSL 没有 SM2，未建国密证书体系",
            "this machine's OpenSSL has no SM2: no national hierarchy was made",
        )


def _issue(house: House, folder: DemoFolder, rows: int, workers: int) -> Issuing:
    screen.heading(2, "签发", f"issue {rows:,} licences of five types: {folder.name(folder.rows)}, {workers} processes")
    write_rows(folder.rows, rows)
    results: list[RowResult] = []
    system = approval_system(house)
    with screen.bar(rows) as done:
        summary = issue_file(
            house, folder.rows, system, jobs=workers, report=results.append, progress=lambda tally: done(tally.rows)
        )
    results.sort(key=attrgetter("line"))
    if summary.issued != rows:
        _show_faults([result for result in results if result.outcome != "issued"])
        raise DemoIncomplete(rows=rows, issued=summary.issued)
    licences = tuple(_licence(house, result) for result in results)
    screen.line(f"签发 {rows:,} 份，每秒 {summary.rate:.0f} 份", f"issued, {summary.rate:.0f} a second")
    screen.table([(kind.name.zh, kind.name.en, f"{count:,}") for kind, count in _by_kind(house, licences)])
    return Issuing(summary, licences, _refuse(house, folder), _log_size(house))


def _licence(house: House, result: RowResult) -> Licence:
    assert result.identifier is not None
    assert result.serial is not None
    kind = house.catalogue.type(identifiers.parse(result.identifier).type_code)
    return Licence(kind.slug, result.identifier, result.serial)


def _by_kind(house: House, licences: Sequence[Licence]) -> Iterator[tuple[LicenceType, int]]:
    counts = Counter(licence.kind for licence in licences)
    for kind in house.catalogue:
        yield kind, counts[kind.slug]


def _refuse(house: House, folder: DemoFolder) -> tuple[RowResult, ...]:
    screen.heading(3, "有误的行", f"rows with faults stop nobody else: {folder.name(folder.faulty_rows)}")
    write_faulty_rows(folder.faulty_rows)
    refused: list[RowResult] = []
    issue_file(house, folder.faulty_rows, approval_system(house), jobs=1, report=refused.append)
    _show_faults(refused)
    return tuple(refused)


def _show_faults(results: Sequence[RowResult]) -> None:
    screen.table(
        [
            (f"第 {result.line} 行 line {result.line}", fault.field, f"{fault.zh} {fault.en}")
            for result in results
            for fault in result.faults
        ]
    )


def _log_size(house: House) -> int:
    return Checkpoint.parse(SignedNote.parse(read_checkpoint(house.objects)).text).size


def _export(house: House, folder: DemoFolder, issuing: Issuing) -> None:
    screen.heading(4, "导出", f"export page, data and ledger proof of each: {folder.name(folder.licences)}/")
    with screen.bar(len(issuing.licences)) as done:
        for count, _ in enumerate(export_files(house, folder.licences), 1):
            done(count)
    folder.trust.write_bytes(house.ceremony.trust)
    _write_status(house, folder)
    screen.line(
        f"存证账本 {issuing.log_size:,} 条", f"{issuing.log_size:,} entries in the ledger; trust.json, status.jwt"
    )


def _write_status(house: House, folder: DemoFolder) -> None:
    signer, chain = house.status_signer()
    with house.database.session(Role.WORKER) as session:
        text = status_list.build(session, signer, chain, house.settings.base_url, datetime.now(UTC))
    folder.status.write_text(text, encoding="ascii")


def _verify_all(folder: DemoFolder, licences: Sequence[Licence], workers: int) -> tuple[Verifying, Verifying]:
    screen.heading(5, "核验", f"verify all of them off line, {workers} processes")
    pages, data = (_verify(folder, licences, suffix, workers) for suffix in (".pdf", ".json"))
    return pages, data


def _verify(folder: DemoFolder, licences: Sequence[Licence], suffix: str, workers: int) -> Verifying:
    files = [licence.file(folder, suffix) for licence in licences]
    findings: list[Finding] = []
    begin = time.monotonic()
    with screen.bar(len(files)) as done:
        for judged in judge_files(files, _material(folder), workers):
            findings.append(Finding(folder.name(judged.file), judged.report))
            done(len(findings))
    verified = Verifying(tuple(findings), time.monotonic() - begin)
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in verified.verdicts.items())
    screen.line(f"{suffix[1:].upper()}：{verified.verdicts['valid']:,} 份有效，每秒核验 {verified.rate:.0f} 份", counts)
    return verified


def _material(folder: DemoFolder) -> Material:
    return Material(trust=folder.trust.read_bytes(), status=folder.status.read_bytes())


def _spoil(house: House, folder: DemoFolder, licences: Sequence[Licence], workers: int) -> tuple[Finding, ...]:
    screen.heading(6, "篡改、调换、吊销", "change one byte, swap the data, revoke; then ask the verifier")
    cases = tamper(folder, licences)
    revoked = [licence for licence in licences if licence.kind == "food-business-permit"][-1]
    _revoke(house, revoked)
    cases += show_revoked(folder, revoked)
    _write_status(house, folder)
    by_file = {case.file: case for case in cases}
    judged = judge_files(list(by_file), _material(folder), workers)
    return tuple(Finding(folder.name(one.file), one.report, by_file[one.file]) for one in judged)


def _revoke(house: House, licence: Licence) -> None:
    actor = approval_system(house).actor_for(identifiers.parse(licence.identifier).issuer)
    with house.database.session(Role.APP, actor) as session:
        Registrar(house.wrapper, house.promiser).change_status(
            session,
            licence.identifier,
            Act.REVOKE,
            Grounds("演示：经营禁止经营的食品，情节严重（测试）", "《中华人民共和国食品安全法》第一百二十三条"),
            actor,
            datetime.now(UTC),
        )
    drain(house.sequencer())
