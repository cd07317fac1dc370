#!/bin/sh
# Installs the named system packages that are missing, where that needs no password; otherwise says
# what to install. Always succeeds: the commands that need a package say so themselves.
#
#   tools/install_system_packages.sh bubblewrap chromium
set -u

is_there() {
    case $1 in
    bubblewrap) command -v bwrap ;;
    libseccomp2) ldconfig -p 2>/dev/null | grep -q "libseccomp.so.2" ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    *) command -v "$1" ;;
    esac >/dev/null
}

needed_for() {
    case $1 in
    bubblewrap) echo "grading in a sandbox (Linux only)" ;;
    libseccomp2) echo "the sandbox's filter of system calls (Linux only)" ;;
    chromium) echo "the browser tests" ;;
    *) echo "a command of this project" ;;
    esac
}

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root="sudo -n"
fi

updated=
apt_install() {
    command -v apt-get >/dev/null || return 1
    [ -z "$as_root" ] || sudo -n true 2>/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    if [ -z "$updated" ]; then
        $as_root apt-get update -qq || return 1
        updated=yes
    fi
    $as_root apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$1" </dev/null >/dev/null
}

for package in "$@"; do
    is_there "$package" && continue
    echo "Installing $package, needed for $(needed_for "$package") ..."
    if ! apt_install "$package" || ! is_there "$package"; then
        echo "Could not install $package here. Without it there is no $(needed_for "$package")." >&2
        echo "Install it with your system's package manager, for example:" >&2
        echo "  sudo apt-get install $package" >&2
    fi
done
exit 0
