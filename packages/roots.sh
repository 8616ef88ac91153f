# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Root directories of Debian: for tests of packages and archives, and for the image. Sourced, after lib.sh.

# debian_root TITLE SUITE PACKAGES TAR [OPTION…]: makes the archive TAR of such a root, with mmdebstrap's
# OPTIONs. PACKAGES may be empty.
debian_root() {
    local title=$1 suite=$2 packages=$3 tar=$4 mode=root
    shift 4
    (( EUID == 0 )) || mode=unshare
    command -v mmdebstrap >/dev/null || die "mmdebstrap is not installed" "apt-get install mmdebstrap"
    mkdir -p "${tar%/*}"
    logged "$title" "$LOGS/package-${tar##*/}.log" \
        mmdebstrap --mode="$mode" --variant=minbase --format=tar ${packages:+--include="$packages"} \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
        --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt=force-unsafe-io "$@" "$suite" "$tar.part" ${SPICE_GL_MIRROR:+"$SPICE_GL_MIRROR"} &&
        mv "$tar.part" "$tar"
}

# root_of SUITE PACKAGES NAME: makes build/package/roots/NAME.tar, if it is missing
root_of() {
    local tar=$BUILD/package/roots/$3.tar
    [[ -f $tar ]] || debian_root "making a root of Debian $1 ($3)" "$1" "$2" "$tar"
}
