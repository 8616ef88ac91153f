# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the scripts that source this
#
# The source, build and install directories of a variant of the stack, and how to run commands in
# them. Sourced, after lib.sh.
#
# A variant is one QEMU with one spice-server:
#   patched                    both with the queue
#   stock                      both as they came
#   qemu-patched-spice-stock   built against stock's headers and library
#   qemu-stock-spice-patched   the other way round
#   sanitized                  patched, with ASan and UBSan in what the queue touches
#   tsan                       the patched spice-server, with TSan; no QEMU
#   baseline                   stock, with the patches that let EGL start without a DRM node;
#                              benchmarks compare with it
#   baseline-10.2              as baseline, with QEMU 10.2
#   planes                     patched, with a double of a GPU's planes in QEMU (ci/doubles/planes)
#   bisect                     both at the patch that is being tried
#   mutant                     patched, with a fault that a test must detect (ci/mutants)
#   line-LINE, bisect-LINE     patched and bisect, with another QEMU of patches/qemu

VARIANTS=(patched stock qemu-patched-spice-stock qemu-stock-spice-patched baseline baseline-10.2
          planes sanitized tsan)

check_variant() {
    [[ " ${VARIANTS[*]} bisect mutant " == *" $1 "* ]] ||
        [[ $1 == @(line|bisect)-?* && -d $REPO/patches/qemu/${1#*-} ]] ||
        usage_error "unknown variant '$1', choose one of: ${VARIANTS[*]} line-LINE"
}

# The variant whose spice-server is used
spice_variant() {
    case $1 in
        *-spice-*) echo "${1##*-spice-}" ;;
        bisect|planes|bisect-*|line-*) echo patched ;;
        baseline|baseline-10.2) echo stock ;;
        *) echo "$1" ;;
    esac
}

# source_dir VARIANT COMPONENT
source_dir() {
    local which=$1
    [[ $which != qemu-*-spice-* ]] || { which=${which#qemu-}; which=${which%%-*}; }
    case $which in
        patched|sanitized|tsan) echo "$BUILD/src/$2" ;;
        *) echo "$BUILD/src/$2-$which" ;;
    esac
}

object_dir() { echo "$BUILD/obj/$1/$2"; }
install_dir() { echo "$BUILD/install/$1"; }

# in_component VARIANT COMPONENT CMD...: runs CMD in the component's build directory,
# where the variables SRC, OBJ, PREFIX and SPICE name its source, build and install
# directory and the spice-server to use. For the compiler these have the same names in
# every variant, so that variants share compiler results (ccache). The host does not have
# such names: with --native they are the directories' own.
in_component() {
    local src obj prefix spice binds=() at=/opt/spice-gl
    src=$(source_dir "$1" "$2") obj=$(object_dir "$1" "$2")
    prefix=$(install_dir "$1") spice=$(install_dir "$(spice_variant "$1")")
    shift 2
    mkdir -p "$obj" "$prefix" "$spice"
    if [[ -z ${SPICE_GL_NATIVE:-} ]]; then
        binds=(--bind "$src" "$at/src" --bind "$obj" "$at/obj"
               --bind "$prefix" "$at/install" --bind "$spice" "$at/spice")
        src=$at/src obj=$at/obj prefix=$at/install spice=$at/spice
    fi
    # shellcheck disable=SC2016 # expanded there
    env_run --at "$obj" "${binds[@]}" env SRC="$src" OBJ="$obj" PREFIX="$prefix" SPICE="$spice" REPO="$REPO" \
        PATH="/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin" \
        CCACHE_DIR="$CACHE/ccache" CCACHE_MAXSIZE=5G CC_LD=mold CXX_LD=mold \
        CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime \
        PKG_CONFIG_PATH="$spice/lib/pkgconfig" LD_LIBRARY_PATH="$spice/lib" \
        bash -c 'cd "$OBJ" && exec "$@"' bash "$@"
}
