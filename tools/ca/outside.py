"""`elicence ca request` and `import`: certificates of another, licensed authority for keys of ours."""

from datetime import UTC, datetime
from pathlib import Path

import click

from api.house import key_ring
from api.settings import settings
from ca import pem
from ca.certificate_reader import read_certificate
from ca.names import DistinguishedName
from ca.outside_chain import certificates_in, chain_for, keep_chain
from ca.pkcs10 import LABEL, make_pkcs10
from ledger.errors import Language
from ledger.signing import SignatureAlgorithm
from tools.ca.answering import answering, facts, language_of, tell, told, written
from tools.ca.own_keys import ALGORITHMS, own_key
from tools.whole_files import write_whole


@click.command()
@click.argument("key")
@click.option("--cn", required=True, metavar="TEXT", help="Name that is asked for. 申请的主体名称")
@click.option("--o", "organisation", required=True, metavar="TEXT", help="Organisation. 申请的主体单位")
@click.option("--country", default="CN", show_default=True, metavar="CODE", help="Two letters. 国家代码")
@click.option(
    "--algorithm", default="ES256", show_default=True, type=click.Choice(ALGORITHMS), help="Of a new key. 算法"
)
@click.option("--token", "on_token", is_flag=True, help="Make a new key on the token. 新密钥存放于密码设备")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Into a file. 写入文件")
@answering
def request(
    key: str,
    cn: str,
    organisation: str,
    country: str,
    algorithm: SignatureAlgorithm,
    output: Path | None,
    lang: Language | None,
    *,
    on_token: bool,
    as_json: bool,
) -> None:
    """Write a certificate request (PKCS #10) for KEY, which is made if there is none, to send to another authority.

    为本机密钥生成证书申请（PKCS #10），提交给有资质的外部机构。The private key stays here. Without -o the PEM is printed.
    """
    signer = own_key(key_ring(settings()), key, algorithm, on_token=on_token)
    text = pem.encode(LABEL, make_pkcs10(signer, DistinguishedName(cn, organisation, country)))
    if output is not None:
        write_whole(output, text)
    zh = language_of(lang) == "zh"
    done = facts([("申请" if zh else "request", str(output)), ("密钥" if zh else "key", f"{key} ({signer.algorithm})")])
    lines = [text.decode("ascii").rstrip()] if output is None else done
    tell({"key": key, "algorithm": signer.algorithm, "request": text.decode("ascii")}, lines, as_json=as_json)


@click.command("import")
@click.argument("key")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@answering
def import_(key: str, files: tuple[Path, ...], lang: Language | None, *, as_json: bool) -> None:
    """Take in what another authority issued for KEY: the certificate and those above it, from FILES (PEM or DER).

    导入外部机构为本机密钥签发的证书及其上级证书，顺序不限。It is kept beside the keys when it fits the key, is whole, and is
    valid at present; an earlier one is replaced.
    """
    now = datetime.now(UTC)
    ring = key_ring(settings())
    chain = chain_for(ring.signer(key).public_key, certificates_in(path.read_bytes() for path in files), now)
    kept = keep_chain(ring.path, key, chain)
    certificates = [read_certificate(der) for der in chain]
    zh = language_of(lang) == "zh"
    lines = facts(
        [
            ("已导入" if zh else "taken in", str(kept)),
            *(
                ("证书" if zh else "certificate", f"{one.subject_text}  – {told(one.not_after)}")
                for one in certificates
            ),
        ]
    )
    answer = {
        "key": key,
        "file": str(kept),
        "chain": [
            {
                "subject": one.subject_text,
                "serial_number": f"{one.serial_number:x}",
                "not_after": written(one.not_after),
            }
            for one in certificates
        ],
    }
    tell(answer, lines, as_json=as_json)
