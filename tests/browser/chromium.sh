#!/bin/sh
# A Chromium for the browser tests: the system's, else Debian's package, else Playwright's own.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian's chromium for the browser tests; this happens once."
    root=""
    if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
    if $root apt-get update -qq && $root apt-get install -y -qq --no-install-recommends chromium >/dev/null; then
        exit 0
    fi
fi
echo "Installing Playwright's chromium for the browser tests; this happens once."
.venv/bin/python -m playwright install chromium
