"""`elicence checks`: every verification check that exists, with its codes."""

import json
from typing import Any

import click

from ledger.errors import Language
from tools.languages import chosen_language


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON array. 输出 JSON")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the answer. 输出语言")
def checks(*, as_json: bool, lang: Language | None) -> None:
    """List every verification check with what it asks, what it rests on and what it can say."""
    from licences.verification.documentation import check_table

    table = check_table()
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False, indent=1))
        return
    language = lang or chosen_language()
    for check in table:
        click.echo(f"{click.style(str(check['id']), bold=True)}  {check[language]}  {_level(check, language)}".rstrip())
        for code in check["codes"]:
            click.echo(f"    {code['code']:<26} {code['outcome']:<15} {code[language]}")


def _level(check: dict[str, Any], language: Language) -> str:
    if check["mandatory"]:
        return "必查" if language == "zh" else "mandatory"
    if check["counted_when_run"]:
        return "已查则计" if language == "zh" else "counts when run"
    return ""
