"""`elicence ca`: everything an operator of the certificate authority does. What runs is imported when it runs."""

from typing import Final

import click

from tools.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "ceremony": Entry("tools.init:init", "Hold the key ceremony of a plan (also `elicence init`). 密钥仪式"),
    "clock": Entry("tools.ca.clock:clock", "The clock and the newest trusted time; accept it. 时钟与标记"),
    "expiring": Entry("tools.ca.expiring:expiring", "What ends soon, and has no successor. 即将到期"),
    "foreign": Entry("tools.ca.outside:foreign", "List what other CAs issued, and how it stands. 外部证书清单"),
    "hold": Entry("tools.ca.standing:hold", "Put a certificate on hold; it can come back. 暂停证书"),
    "import": Entry("tools.ca.outside:import_", "Take in what another CA issued for a request. 导入外部证书"),
    "import-seal-maker": Entry("tools.ca.outside:import_seal_maker", "Believe another maker of seals. 信任外部制章者"),
    "import-tsa": Entry("tools.ca.outside:import_tsa", "Take in another timestamp authority. 导入外部时间戳机构"),
    "issue": Entry("tools.ca.issuing:issue", "Issue a certificate for a request (PKCS #10). 签发证书"),
    "keys": Entry("tools.ca.keys:keys", "List the keys, where they are and how often used. 密钥清单"),
    "list": Entry("tools.ca.listing:list_", "List certificates, or the authorities. 证书清单"),
    "publish": Entry("tools.ca.publishing:publish", "Publish revocation lists now. 发布吊销列表"),
    "rekey": Entry("tools.ca.issuing:rekey", "Issue anew for another key. 更换密钥"),
    "release": Entry("tools.ca.standing:release", "Take a certificate off hold. 恢复证书"),
    "renew": Entry("tools.ca.issuing:renew", "Issue anew for the same key. 证书续期"),
    "request": Entry("tools.ca.outside:request", "Make a key and a request for another CA. 生成证书申请"),
    "revoke": Entry("tools.ca.standing:revoke", "Revoke a certificate, for good. 吊销证书"),
    "rollover": Entry("tools.ca.rollover:rollover", "Follow an authority by its next generation. 换发 CA"),
    "show": Entry("tools.ca.showing:show", "Show a certificate with its history. 证书详情"),
    "take-in-crl": Entry("tools.ca.taking_in:take_in_crl", "After a restore: published revocations. 取回吊销信息"),
    "transcript": Entry("tools.ca.transcript:transcript", "Show the ceremonies' record, verified. 仪式记录"),
    "trust": Entry("tools.trust:export", "Write the trust list (also `elicence trust export`). 信任列表"),
    "validate": Entry("tools.ca.validate:validate", "Judge any certification path. 验证证书路径"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    ("Found 建立", ("ceremony", "transcript", "rollover", "trust")),
    ("Issue 签发", ("issue", "renew", "rekey", "request", "import", "import-tsa", "import-seal-maker")),
    ("Revoke 吊销", ("revoke", "hold", "release", "publish", "take-in-crl")),
    ("Look 查看", ("list", "show", "foreign", "expiring", "keys", "clock", "validate")),
)


@click.group(cls=LazyGroup, entries=COMMANDS, story=STORY)
def ca() -> None:
    """The certificate authority: its certificates, keys and revocation lists.

    证书认证：证书、密钥与吊销列表。

    \b
    A certificate is named by its serial number in hexadecimal (the first digits do, if they are no other's),
    or by its key name, as `elicence ca list` shows both.
    证书用序列号（十六进制，可只写开头几位）或密钥名称指明，见 elicence ca list。
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
