# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts that fetch Debian packages for another architecture or of another
# release: apt with lists, caches and a package database of its own in one folder. apt
# checks signatures and sums as ever, and nothing of the system changes. The archives are
# those that this machine is set up for.
#
#   private_apt_sources FOLDER ARCH [SUITE]   writes FOLDER/sources.list and empty lists.
#       With SUITE ("bullseye-security") only the archives of the same kind ("-security",
#       or plain), with that suite in place of their own. Status 1: no Debian archive known.
#   private_apt FOLDER ARCH ARGUMENT...       apt-get there
#   private_apt_relative_links FOLDER         absolute links below an unpacked root made relative

private_apt_archives() {
    apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
        'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null | sort -u
}

private_apt_sources() {
    archives=$(private_apt_archives)
    if [ -z "$archives" ] && [ "$(id -u)" = 0 ]; then
        apt-get -q update >&2 || true
        archives=$(private_apt_archives)
    fi
    if [ -z "$archives" ]; then
        echo "$(basename "$0"): apt knows no Debian archive; as root, type: apt-get update" >&2
        return 1
    fi
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    : >"$1/status"
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    option="arch=$2"
    [ ! -e "$key" ] || option="$option signed-by=$key"
    echo "$archives" | while read -r uri release component; do
        if [ -n "${3:-}" ]; then
            case $3:$release in
            *-security:*-security) release=$3 ;;
            *-*:* | *:*-*) continue ;;
            *) release=$3 ;;
            esac
        fi
        echo "deb [$option] $uri $release $component"
    done | sort -u >"$1/sources.list"
}

private_apt() {
    private_folder=$1
    private_arch=$2
    shift 2
    apt-get -q -o "Dir::Etc::sourcelist=$private_folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null \
        -o "Dir::State::lists=$private_folder/lists" -o "Dir::State::status=$private_folder/status" \
        -o "Dir::State::extended_states=$private_folder/extended_states" \
        -o "Dir::Cache=$private_folder/cache" -o APT::Sandbox::User= \
        -o "APT::Architecture=$private_arch" -o "APT::Architectures::=$private_arch" "$@"
}

private_apt_relative_links() {
    find "$1" -type l -lname '/*' | while read -r link; do
        ln -sfn "$(realpath -ms --relative-to="$(dirname "$link")" "$1$(readlink "$link")")" "$link"
    done
}
