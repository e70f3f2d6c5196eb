#!/bin/sh
# What the browser tests need: a Chromium (the system's, else Debian's, else Playwright's own), and axe-core from npm.
set -eu
missing=""
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable || true)
[ -n "$chromium" ] || missing="chromium"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian's $missing for the browser tests; this happens once."
    root="" wait="-o DPkg::Lock::Timeout=300"  # another installation may be under way
    if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
    $root apt-get $wait update -qq && $root apt-get $wait install -y -qq --no-install-recommends $missing >/dev/null || true
fi
if [ -z "$chromium" ] && ! command -v chromium >/dev/null 2>&1; then
    echo "Installing Playwright's chromium for the browser tests; this happens once."
    .venv/bin/python -m playwright install chromium
fi
if command -v npm >/dev/null 2>&1; then
    npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent
else
    echo "There is no npm, so that the accessibility test is skipped; install Node.js and run this again."
fi
