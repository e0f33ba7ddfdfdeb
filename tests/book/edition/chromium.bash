# What make book and make test-book know of Chromium. CHROMIUM names another.

# shellcheck disable=SC2034 # those who read this file say it
chromium_missing='Chromium is missing; try apt-get install chromium, or set CHROMIUM'

find_chromium() {
  local name
  for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' \
    /Applications/Chromium.app/Contents/MacOS/Chromium; do
    command -v "$name" >/dev/null || continue
    chromium=$name
    return
  done
  return 1
}

# Says nothing unless it fails.
headless() { # ARGUMENT...
  local profile said status
  profile=$(mktemp -d) || return
  set -- --headless --disable-gpu "--user-data-dir=$profile" "$@"
  # Its sandbox refuses to work for root.
  [ "$(id -u)" -ne 0 ] || set -- --no-sandbox "$@"
  said=$("$chromium" "$@" 2>&1)
  status=$?
  rm -rf "$profile"
  [ "$status" -eq 0 ] || echo "$said"
  return "$status"
}
