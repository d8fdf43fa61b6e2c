"""`elicence seals`: everything that custodians and auditors do with seals. What runs is imported when it runs."""

from typing import Final

import click

from tools.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "applications": Entry("tools.seals.listing:applications", "List applications for seals. 制章申请清单"),
    "apply": Entry("tools.seals.applying:apply", "Apply for a seal. 申请制章"),
    "approve": Entry("tools.seals.applying:approve", "Approve an application: another person. 批准申请"),
    "approve-authorisation": Entry("tools.seals.authorising:approve", "Approve one: another person. 批准自动用章"),
    "authorise": Entry("tools.seals.authorising:authorise", "Apply for a system to seal by itself. 申请自动用章"),
    "cancel": Entry("tools.seals.stopping:cancel", "Cancel a seal for good. 注销印章"),
    "deliver": Entry("tools.seals.making:deliver", "Hand a seal over: it is in use. 交付印章"),
    "draw": Entry("tools.seals.drawing:draw", "Draw a seal's picture: PNG, SVG, PDF. 绘制印章图形"),
    "end-authorisation": Entry("tools.seals.authorising:end", "End a standing authorisation. 终止自动用章"),
    "export": Entry("tools.seals.importing:export", "Write the national form (.esl). 导出国密印章"),
    "extend": Entry("tools.seals.extending:extend", "Keep sealed documents judgeable (LTA). 补充长期验证"),
    "grant": Entry("tools.seals.granting:grant", "Let somebody use a seal. 授权用章"),
    "import": Entry("tools.seals.importing:import_", "Bring in a seal made elsewhere. 导入外部印章"),
    "list": Entry("tools.seals.listing:list_", "List the seals. 印章清单"),
    "make": Entry("tools.seals.making:make", "Make an approved seal. 制作印章"),
    "organisation": Entry("tools.seals.organising:organisation", "Register an organisation. 登记机构"),
    "organisations": Entry("tools.seals.organising:organisations", "List the organisations. 机构清单"),
    "prepare": Entry("tools.seals.preparing:prepare", "Keep places for several seals. 预留签章域"),
    "register": Entry("tools.seals.using:register", "The register of uses: Excel, PDF. 用印登记簿"),
    "reject": Entry("tools.seals.applying:reject", "Reject an application. 驳回申请"),
    "reject-authorisation": Entry("tools.seals.authorising:reject", "Reject one. 驳回自动用章"),
    "replace": Entry("tools.seals.applying:replace", "Apply for a seal's successor. 申请更换"),
    "resume": Entry("tools.seals.stopping:resume", "Put a suspended seal back to use. 恢复使用"),
    "revoke-grant": Entry("tools.seals.granting:revoke_grant", "Take a grant back. 收回授权"),
    "seal": Entry("tools.seals.sealing:seal", "Seal a file that is no licence. 在文件上用印"),
    "show": Entry("tools.seals.listing:show", "Show a seal, its grants and stops. 印章详情"),
    "suspend": Entry("tools.seals.stopping:suspend", "Suspend a seal. 暂停印章"),
    "uses": Entry("tools.seals.using:uses", "List uses: made, refused, possible. 用印记录"),
    "withdraw": Entry("tools.seals.applying:withdraw", "Take an application back. 撤回申请"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    (
        "Have a seal 制章",
        (
            "organisation",
            "draw",
            "apply",
            "approve",
            "reject",
            "withdraw",
            "make",
            "deliver",
            "import",
            "export",
            "replace",
        ),
    ),
    (
        "Let it be used 授权",
        ("grant", "revoke-grant", "authorise", "approve-authorisation", "reject-authorisation", "end-authorisation"),
    ),
    ("Use it 用印", ("prepare", "seal", "extend")),
    ("Stop it 停用", ("suspend", "resume", "cancel")),
    ("Look 查看", ("list", "show", "applications", "organisations", "uses", "register")),
)


@click.group(cls=LazyGroup, entries=COMMANDS, story=STORY)
def seals() -> None:
    """E-seals: their life, who may use them, and the register of their uses.

    电子印章：制作、授权、使用、停用与用印登记。

    \b
    A seal is named by its number (a renewed one by number and generation: 99010100000001-2), or by its id.
    Who acts is said with --actor: whoever approves must be another than who applied.
    印章用编码指明（更换后的印章为“编码-代次”）；操作人用 --actor 指明，申请与审批须为两人。
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
