# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the scripts share: where things are, messages and progress, the build
# environment, git without the user's settings. Sourced, never run.
# shellcheck disable=SC2034 # most of it is used by the scripts only

set -euo pipefail

REPO=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
BUILD=$REPO/build
# Downloads and compiler results: kept between clones if the user names a place
CACHE=${SPICE_GL_CACHE:-$BUILD/cache}
LOGS=$BUILD/log
ENV_ROOT=$BUILD/env/root
ME=${0##*/}

# --- messages ---------------------------------------------------------------

say() { printf '%s: %s\n' "$ME" "$*" >&2; }

warn() { printf '%s: warning: %s\n' "$ME" "$*" >&2; }

# die MESSAGE [NEXT-STEP]
die() {
    printf '%s: error: %s\n' "$ME" "$1" >&2
    if [[ $# -gt 1 ]]; then
        printf '%s: next step: %s\n' "$ME" "$2" >&2
    fi
    exit 1
}

usage_error() { die "$1" "see '$ME --help'"; }

# logged TITLE LOG CMD...: runs CMD with its output in LOG, and prints its progress. If it fails,
# prints the log's end and path, and returns CMD's exit status.
logged() {
    local title=$1 log=$2 pid rc=0 start=$SECONDS next=15 last
    shift 2
    mkdir -p "${log%/*}"
    ( "$@" ) >"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if [[ -t 2 ]] || (( SECONDS - start >= next )); then
            next=$((SECONDS - start + 30))
            last=$(tail -c 300 "$log" | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | cut -c 1-70) || true
            if [[ -t 2 ]]; then
                printf '\r\033[K%s: %s: %d s: %s' "$ME" "$title" $((SECONDS - start)) "$last" >&2
            else
                say "$title: $((SECONDS - start)) s: $last"
            fi
        fi
        sleep 0.3
    done
    wait "$pid" || rc=$?
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
    if (( rc != 0 )); then
        printf -- '--- end of %s:\n' "$log" >&2
        tail -n 30 "$log" >&2
        printf -- '---\n' >&2
        say "error: $title failed after $((SECONDS - start)) s with status $rc"
        say "next step: read $log"
        return "$rc"
    fi
    say "$title: done in $((SECONDS - start)) s"
}

# --- the build environment --------------------------------------------------

# The Debian 13 root, or with SPICE_GL_NATIVE=1 (--native) the host itself.
in_env() { [[ -n ${SPICE_GL_IN_ENV:-} ]]; }

# Runs a script in a mount namespace of its own in which we are root
as_root() {
    if (( EUID == 0 )); then
        unshare --mount -- "$@"
    else
        unshare --user --map-root-user --map-auto --mount -- "$@"
    fi
}

# env_run [--at DIR] [--bind SRC DEST]... CMD...: runs CMD in the build
# environment, in DIR (the repository's root if not given). The repository and
# the cache are at the same paths as outside; --bind shows a directory at
# another place too. Needs env_ready.
env_run() {
    local at=$REPO binds=()
    while :; do
        case $1 in
            --at) at=$2; shift 2 ;;
            --bind) binds+=("$2" "$3"); shift 3 ;;
            *) break ;;
        esac
    done
    if in_env || [[ -n ${SPICE_GL_NATIVE:-} ]]; then
        if (( ${#binds[@]} == 0 )); then
            ( export SPICE_GL_IN_ENV=1; cd "$at" && exec "$@" )
            return
        fi
        as_root "$REPO/ci/env/enter" / "$at" "${binds[@]}" -- "$@"
        return
    fi
    mkdir -p "$CACHE"
    case $CACHE/ in
        "$REPO"/*) ;;
        *) binds=("$CACHE" "$CACHE" "${binds[@]}") ;;
    esac
    as_root "$REPO/ci/env/enter" "$ENV_ROOT" "$at" "$REPO" "$REPO" "${binds[@]}" -- "$@"
}

# Makes or completes the build environment when ci/env asks for more than it has
env_ready() {
    if ! in_env; then
        # Compiler results and downloads are added to it
        if ! mkdir -p "$CACHE/ccache" 2>/dev/null || [[ ! -w $CACHE || ! -w $CACHE/ccache ]]; then
            die "$(id -un) cannot write to $CACHE" \
                "set SPICE_GL_CACHE to a directory of your own: a copy of that one, or a new one"
        fi
        "$REPO/ci/env/create"
    fi
}

# --- git and the queue ------------------------------------------------------

# The user's settings (autocrlf, signing, hooks) must not change the results. Settings of a tree can
# name commands, too: git runs these only in trees of this user, and in ours below build/, which
# users in namespaces may own.
git() {
    local trust=()
    if [[ ${1:-} == -C ]] && is_ours "$2"; then
        trust=(-c safe.directory='*')
    fi
    GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_NOSYSTEM=1 \
        command git "${trust[@]}" -c core.hooksPath=/dev/null -c core.fsmonitor=false \
        -c core.autocrlf=false -c commit.gpgSign=false -c log.showSignature=false -c gc.auto=0 \
        -c user.name=queue -c user.email=queue@localhost "$@"
}

is_ours() {
    if [[ -z ${OURS[$1]:-} ]]; then
        if [[ $(realpath -m "$1") == "$(realpath -m "$BUILD")"/* ]]; then OURS[$1]=yes; else OURS[$1]=no; fi
    fi
    [[ ${OURS[$1]} == yes ]]
}
# Its results so far
declare -A OURS=()

# check_tree TREE: a tree of the user's; git must be ready to work in it, if it is a checkout
check_tree() {
    local said
    if ! said=$(LC_ALL=C git -C "$1" rev-parse --git-dir 2>&1) && [[ $said == *"dubious ownership"* ]]; then
        die "$1 belongs to $(stat -c %U "$1"), not to $(id -un): git would follow the owner's settings" \
            "run this as the owner, or change the owner with chown"
    fi
}

need_git() {
    type -P git >/dev/null ||
        die "git is not installed" "install git, or run 'scripts/shell scripts/$ME …'"
}

# The components whose source is in the archives; a third one, virglrenderer, comes from a tree of the user's
COMPONENTS=(qemu spice-server)

# The directory of this repository that has the queue's new files for COMPONENT
component_files() {
    case $1 in
        qemu) echo qemu-ui ;;
        *) echo "$1" ;;
    esac
}

# Option parsing: the value of "$1", or an error that names it
value_of() {
    [[ $# -ge 2 ]] || usage_error "$1 needs a value"
    printf '%s' "$2"
}

# The names in a directory, on one line
listed() { (cd "$1" && echo *); }

check_component() {
    [[ -d $REPO/patches/$1 ]] ||
        die "unknown component '$1': patches/$1 does not exist" "choose one of: $(listed "$REPO/patches")"
}

# component_version COMPONENT TREE: the version the tree states, nothing if none
component_version() {
    local version=''
    [[ ! -f $2/VERSION ]] || version=$(<"$2/VERSION")
    [[ ! -f $2/.tarball-version ]] || version=$(<"$2/.tarball-version")
    if [[ $1 == virglrenderer && -f $2/meson.build ]]; then
        version=$(sed -n "s/^ *version: *'\([^']*\)',.*/\1/p" "$2/meson.build" | head -n 1)
    fi
    echo "$version"
}

# component_line COMPONENT TREE: the queue's line (such as 10.0) for a tree, by the
# version the tree states; the only line there is if it states none.
component_line() {
    local version lines line
    version=$(component_version "$1" "$2")
    # QEMU's development before a release: 11.0.50 becomes 11.1, 11.2.50 becomes 12.0
    if [[ $1 == qemu && $version =~ ^([0-9]+)\.([0-9]+)\.[5-9][0-9]$ ]]; then
        version=${BASH_REMATCH[1]}.$((BASH_REMATCH[2] + 1))
        [[ $version != *.3 ]] || version=$((BASH_REMATCH[1] + 1)).0
    fi
    mapfile -t lines < <(ls "$REPO/patches/$1")
    for line in "${lines[@]}"; do
        if [[ $version == "$line" || $version == "$line".* ]]; then
            echo "$line"
            return
        fi
    done
    [[ -z $version && ${#lines[@]} == 1 ]] ||
        die "no queue for $1 ${version:-of unknown version} ($2)" \
            "choose the nearest line with --line: ${lines[*]}"
    echo "${lines[0]}"
}

# topic_of_patch NAME: the folder that a patch of a series is in, or "queue"
topic_of_patch() {
    if [[ $1 == */* ]]; then echo "${1%/*}"; else echo queue; fi
}

# series_topics: of the series read last, in order, one per line
series_topics() {
    local name
    for name in "${PATCHES[@]}"; do topic_of_patch "$name"; done | uniq
}

# read_series DIR: DIR/series into the arrays PATCHES (names) and BRINGS (for each
# patch the "SRC=DEST" words after its name).
read_series() {
    local name rest n=0
    PATCHES=() BRINGS=()
    [[ -f $1/series ]] || die "$1/series does not exist"
    while read -r name rest || [[ -n $name ]]; do
        n=$((n + 1))
        [[ -n $name && $name != '#'* ]] || continue
        [[ -f $1/$name ]] || die "$1/series:$n: file $1/$name does not exist"
        local word
        for word in $rest; do
            [[ $word == *=* ]] ||
                die "$1/series:$n: '$word' is not SRC=DEST (a file here = its path in the tree)"
            [[ -f $REPO/${word%%=*} ]] || die "$1/series:$n: file ${word%%=*} does not exist"
        done
        PATCHES+=("$name") BRINGS+=("$rest")
    done <"$1/series"
}
