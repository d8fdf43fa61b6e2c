import os
from datetime import UTC, datetime
from pathlib import Path
import pytest, click
from tests.tools.conftest import *
from tests.tools.seals.conftest import *
from tests.tools.seals.test_command import command
from tools.seals.command import COMMANDS

BAD = ["", " ", "\udcff", "x"*5000, "a\nb", "=1+1", "-1", "0", "1e999", "nan", "inf", str(10**30), "../..", "/", "/dev/null",
       "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+08:00","9999-12-31T23:59:59-08:00", "😀", "\u202e测", "00000000-0000-4000-8000-000000000000", "99010000000001-9999","*"]

def good(param, seal, tmp):
    n = param.name
    t = {"seal": seal, "organisation": MARKET, "uscc": MARKET, "unit": None, "kind":"contract","code": None,"name":"测试市市场监督管理局合同专用章","grounds":"x",
      "application":"00000000-0000-4000-8000-000000000000","authorisation":"00000000-0000-4000-8000-000000000000","grant":"00000000-0000-4000-8000-000000000000",
      "reason":"inspection","grantee":"user-3","licence_type":"*","system":"s","cap":"3","until":"2027-05-01T00:00:00+08:00","words":"x","receiver":"u","matter":"m",
      "first":"2026-11-01","last":"2026-12-01","root_sha256":"00"*32,"key":"k","output":str(tmp/"out.bin"),"system_id":None}
    return t.get(n)

def test_fuzz(run, house, seal, tmp_path):
    f = tmp_path/"f.pdf"; f.write_bytes(b"%PDF-1.7 rubbish")
    bad = []
    n=0
    for name in COMMANDS:
        cmd = command(name)
        for param in cmd.params:
            if param.name in {"as_json","lang"} or getattr(param,"is_flag",False): continue
            for value in BAD:
                args=[name]; opts=[]
                for p in cmd.params:
                    if p is param: v=value
                    elif p.required: v=good(p, seal, tmp_path)
                    else: continue
                    if p is not param and v is None:
                        v = fresh_code() if p.name=="code" else str(f)
                    if isinstance(p, click.Argument): args.append(v)
                    else: opts += [p.opts[0], v]
                if name=="cancel" and param.name!="reason":
                    opts=[("damaged" if o=="inspection" else o) for o in opts]
                if name=="draw" and param.name!="file": args[1]=str(tmp_path/"p.png")
                if name=="export" or name=="import": pass
                try:
                    code,out,err = run("seals", *opts and [args[0], *opts, "--", *args[1:]] or [args[0],"--",*args[1:]])
                except BaseException as e:
                    code,out,err = 99,"",repr(e)[:200]
                n+=1
                if code not in (0,3) or "Traceback" in err:
                    bad.append((name,param.name,value[:40],code,err[-300:]))
                if (name, code) == ("suspend",0): run("seals","resume",seal)
    print(n)
    seen=set()
    for b in bad:
        print(b)
    assert False
