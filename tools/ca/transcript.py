"""`elicence ca transcript`: what was done in the ceremonies, checked before it is shown."""

import json

import click

from api.settings import settings
from ca.ceremonies import files as ceremony_files
from ca.ceremonies.transcript import verify_transcript
from ca.ceremonies.transcript_text import as_text
from ledger.errors import Language
from tools.ca.answering import answering, language_of


@click.command()
@answering
def transcript(lang: Language | None, *, as_json: bool) -> None:
    """Show the record of all key ceremonies, once its signatures and everything that it names were checked.

    核对并显示密钥仪式记录。The record is signed by the roots, and each session names the one before; a record that was
    changed, or a certificate that is not the one it names, is refused (exit code 3). Needs neither database nor keys.
    """
    folder = settings().home / "keys"
    ceremony = ceremony_files.open_ceremony(folder)
    certificates = {name: one.cert_der for name, one in ceremony.certificates.items()} | dict(ceremony.links)
    plan = (folder / ceremony_files.PLAN).read_bytes()
    sessions = verify_transcript(ceremony.transcript, certificates, plan)
    if as_json:
        click.echo(json.dumps(json.loads(ceremony.transcript), ensure_ascii=False))
        return
    click.echo(as_text(sessions), nl=False)
    click.echo("核对无误" if language_of(lang) == "zh" else "verified: signatures, order and certificates")
