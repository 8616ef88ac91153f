# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Pristine roots of Debian, in which packages and archives are tried. Sourced, after lib.sh.

# root_of SUITE PACKAGES NAME: build/package/roots/NAME.tar, if it is not there. PACKAGES may be empty.
root_of() {
    local tar=$BUILD/package/roots/$3.tar mode=root
    (( EUID == 0 )) || mode=unshare
    [[ ! -f $tar ]] || return 0
    command -v mmdebstrap >/dev/null || die "mmdebstrap is not installed" "apt-get install mmdebstrap"
    mkdir -p "${tar%/*}"
    logged "making a root of Debian $1 ($3)" "$LOGS/package-root-$3.log" \
        mmdebstrap --mode="$mode" --variant=minbase --format=tar ${2:+--include="$2"} \
        --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
        --aptopt='Acquire::Check-Valid-Until "false"' --dpkgopt=force-unsafe-io "$1" "$tar.part" ${SPICE_GL_MIRROR:+"$SPICE_GL_MIRROR"} &&
        mv "$tar.part" "$tar"
}
