#!/bin/sh
# Make this checkout run: `setup.sh runtime` for the demo and the server, `setup.sh dev` for tests and checks too.
# The stamp is written last; while it fits, a run says and does nothing.
set -eu
cd "$(dirname "$0")/../.."
level=$1
for part in say system python node; do
    . "tools/setup/$part.sh"
done

# fingerprint LEVEL: what the result depends on; the place too, since scripts in .venv/bin name it.
fingerprint() {
    { pwd -P && cat pyproject.toml package-lock.json "requirements/$1.txt" tools/setup/*.sh; } | sha256sum
}

ready() {
    [ "$(cat ".venv/.setup-$level" 2>/dev/null)" = "$(fingerprint "$level")" ] &&
        [ -x .venv/bin/python ] && node_present "$level" && [ -z "$(missing_packages "$level")" ]
}

! ready || exit 0

exec 9<.
flock -n 9 || {
    say "another set-up runs here; waiting for it"
    flock 9
    ! ready || exit 0
}
# As root the embedded database runs under another account, which must be able to read .venv.
umask 022
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

for made in . .venv node_modules; do
    [ ! -e $made ] || [ -w $made ] ||
        stop "无权写入 $made（可能由其他用户建立），请以 root 运行下列命令，再重试：" \
            "$made belongs to another user; as root, run this command, then try again:" "chown -R $(id -un) '$(pwd -P)'"
done
python=$(find_python) ||
    stop "需要 Python 3.11 或更高版本；可用 PYTHON=路径 指定。" "Python 3.11 or newer is needed; PYTHON=path names one."
missing=$({ venv_sound || venv_package; missing_packages "$level"; } | sort -u | xargs)
# shellcheck disable=SC2086 # package names, one word each
[ -z "$missing" ] || install_packages $missing

rm -f .venv/.setup-runtime .venv/.setup-dev
venv_sound || step "Python environment in .venv" make_venv ||
    stop "无法建立 .venv（原因见上）。" "no .venv could be made, as shown above."
step "Python packages of requirements/$level.txt" install_python "$level" ||
    stop "Python 依赖安装失败（原因见上）；修复后重试即可。" "Python packages failed, as shown above; mend that and try again."
node_present "$level" || step "npm packages of package-lock.json" install_node "$level" ||
    stop "npm 软件包（字体等）安装失败（原因见上）；修复后重试即可。" \
        "the npm packages (fonts) failed, as shown above; mend that and try again."

! anvil_missing "$level" ||
    say "no chain node for $(uname -sm): put Foundry's anvil 1.7.1 on PATH, or tests of anchoring fail. 本平台须自备 anvil"

# The development lock holds the runtime lock whole.
[ "$level" = runtime ] || fingerprint runtime >.venv/.setup-runtime
fingerprint "$level" >".venv/.setup-$level"
