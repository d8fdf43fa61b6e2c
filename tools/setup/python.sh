# The virtual environment and what is locked for it.

# find_python: print a Python that is new enough; PYTHON chooses.
find_python() {
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        printf '%s\n' "$candidate"
        return
    done
    return 1
}

# venv_sound: not half made by a killed run, not without pip after a failed one, not moved here from another folder.
venv_sound() {
    [ ! -e .venv/.setup-begun ] &&
        .venv/bin/python -c 'import pip' 2>/dev/null &&
        grep -qsF "$(pwd -P)/.venv/bin/" .venv/bin/pip
}

# venv_package: Debian keeps what `python -m venv` needs in a package of its own; print its name if it is missing.
venv_package() {
    "$python" -c 'import ensurepip' 2>/dev/null ||
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
}

make_venv() {
    rm -rf .venv && "$python" -m venv .venv
}

# pip_install ARGUMENT...: wheels only, since a source package would build with tools that no lock names.
pip_install() {
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --only-binary :all: "$@"
}

# install_python LEVEL: the lock, then this project in place.
install_python() {
    # pip takes a package for installed once its metadata lies there, so a killed run must not be built upon.
    : >.venv/.setup-begun
    pip_install --require-hashes -r "requirements/$1.txt" &&
        pip_install --no-deps --no-build-isolation --editable . &&
        rm .venv/.setup-begun
}
