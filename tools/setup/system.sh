# Programs and fonts from Debian: told by the command or file itself, so that any way of installing them will do.

# wanted LEVEL: one line each, Debian package and proof (a command, a file, or a shared library).
# libatomic1 is for the driver of the browser tests.
wanted() {
    cat <<'END'
fonts-babelstone-han /usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf
fonts-hanazono /usr/share/fonts/truetype/hanazono/HanaMinA.ttf
fonts-hanazono /usr/share/fonts/truetype/hanazono/HanaMinB.ttf
poppler-utils pdfsig
qpdf qpdf
END
    [ "$1" = runtime ] || cat <<'END'
chromium chromium
gnutls-bin certtool
libatomic1 lib:libatomic.so.1
libnss3-tools certutil
openssl openssl
softhsm2 softhsm2-util
END
}

present() {
    case $1 in
        /*) [ -s "$1" ] ;;
        lib:*) /sbin/ldconfig -p | grep -qF "${1#lib:} " ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# missing_packages LEVEL: those still to be installed, a line each.
missing_packages() {
    wanted "$1" | while read -r package proof; do
        present "$proof" || printf '%s\n' "$package"
    done
}

# as_root: the words before a command that make root run it; fails where that takes a password.
as_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    sudo -n true 2>/dev/null && printf 'sudo -n'
}

apt_install() {
    $sudo env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get update -q &&
            apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"' apt "$@"
}

# install_packages PACKAGE...: by apt-get, or stop with the command for whoever may run it.
install_packages() {
    by_hand="apt-get update && apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null || ! sudo=$(as_root); then
        stop "缺少系统软件包，请以 root 运行下列命令，再重试：" \
            "system packages are missing; as root, run this command, then try again:" "$by_hand"
    fi
    step "system packages: $*" apt_install "$@" ||
        stop "系统软件包安装失败（原因见上）。请以 root 运行下列命令，再重试：" \
            "apt-get failed, as shown above; as root, run this command, then try again:" "$by_hand"
}
