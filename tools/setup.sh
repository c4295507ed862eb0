#!/bin/sh
# Sees to it that the Debian packages of the given groups (see tools/packages.txt) are installed.
#
#   tools/setup.sh GROUP...
#
# As root, or with sudo that asks for no password, it installs what is missing. Otherwise it prints
# the one line to run and exits with status 1. HAECHI_SETUP=no skips it, for systems without dpkg.
set -eu

here=$(dirname "$0")
[ "${HAECHI_SETUP:-yes}" = no ] && exit 0

# Packages of the groups in "$@", each once, in the list's order.
wanted() {
    awk -v groups=" $* " '
        /^#/ || NF == 0 { next }
        NF != 2 { print "tools/packages.txt:" NR ": not GROUP PACKAGE" > "/dev/stderr"; exit 1 }
        index(groups, " " $1 " ") && !seen[$2]++ { print $2 }' "$here/packages.txt"
}

# True when a Node.js that can build the page is there already, wherever it came from: Debian's
# packages could even conflict with it.
has_node() {
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || return 1
    version=$(node --version 2>/dev/null) || return 1 # v18.20.4
    version=${version#v}
    [ "${version%%.*}" -ge 18 ] 2>/dev/null
}

# The packages among "$@" that are not installed.
missing() {
    for package in $(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
        awk -v all="$*" '$1 ~ /^.i/ { ok[$2] = 1 }
            END { n = split(all, p, " "); for (i = 1; i <= n; i++) if (!ok[p[i]]) print p[i] }'); do
        case $package in
        nodejs | npm) has_node || echo "$package" ;;
        *) echo "$package" ;;
        esac
    done
}

# A test runs Prometheus by itself; Debian's package would also start it as a service, now and at each
# boot. Masked, it does not; whoever wants it says `systemctl unmask prometheus`.
keep_idle() {
    case " $* " in
    *" prometheus "*) ! command -v systemctl >/dev/null 2>&1 || $as_root systemctl mask --quiet prometheus ;;
    esac
}

# apt-get install, its progress as one line a tenth, its log kept for when it fails.
install() {
    echo "Installing $# packages and what they need ..."
    rc=$(mktemp)
    {
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet \
            --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
            -o APT::Status-Fd=3 "$@" 3>&1 >"$log" 2>&1 </dev/null && status=0 || status=$?
        echo "$status" >"$rc"
    } | awk -F: '
        $1 == "dlstatus" || $1 == "pmstatus" {
            phase = $1 == "dlstatus" ? "downloading" : "unpacking"
            tenth = phase int($3 / 10)
            if (tenth != last) { printf "  %s %d %%\n", phase, $3; fflush() }
            last = tenth
        }'
    status=$(cat "$rc")
    rm -f "$rc"
    return "$status"
}

if [ $# -eq 0 ]; then
    echo "usage: tools/setup.sh GROUP... (groups: see tools/packages.txt)" >&2
    exit 2
fi
for group; do
    grep -q "^$group " "$here/packages.txt" ||
        { echo "haechi: tools/packages.txt has no group $group" >&2; exit 2; }
done
list=$(wanted "$@")
if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "haechi: this is no Debian; install what these packages hold, then set HAECHI_SETUP=no:" >&2
    echo "$list" | tr "\n" " " >&2
    exit 1
fi
# Package names hold no spaces, so the lists are split on purpose from here on.
# shellcheck disable=SC2086
lacking=$(missing $list)
[ -z "$lacking" ] && exit 0
# shellcheck disable=SC2086
set -- $lacking

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "haechi: some Debian packages are missing. As root, run this line, then try again:" >&2
    echo "apt-get update && apt-get install --yes --no-install-recommends $*" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists of a fresh machine are empty, those of an old one name files that are gone: one
# refresh cures both, and is spared where it is not needed.
keep_idle "$@"
install "$@" && exit 0
echo "Refreshing the package lists ..."
$as_root apt-get update --quiet >"$log" 2>&1 </dev/null && install "$@" && exit 0
echo "haechi: apt-get could not install: $*" >&2
tail -n 20 "$log" >&2
exit 1
