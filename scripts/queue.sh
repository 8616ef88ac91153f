# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The patch queue as git objects: a queue on top of a commit is a chain of
# commits, made without touching any working tree. Sourced, after lib.sh.

# read_mail FILE DIR: splits a patch mail into DIR/message and DIR/diff and sets
# AUTHOR, EMAIL, DATE.
read_mail() {
    local name value subject='' body
    git mailinfo --encoding=UTF-8 "$2/body" "$2/diff" <"$1" >"$2/info" ||
        die "$1 is not a patch mail" "create it with scripts/refresh"
    AUTHOR='' EMAIL='' DATE=''
    while IFS= read -r value; do
        name=${value%%: *} value=${value#*: }
        case $name in
            Author) AUTHOR=$value ;;
            Email) EMAIL=$value ;;
            Date) DATE=$value ;;
            Subject) subject=$value ;;
        esac
    done <"$2/info"
    [[ -n $AUTHOR && -n $EMAIL && -n $DATE && -n $subject ]] ||
        die "$1 lacks From, Date or Subject" "create it with scripts/refresh"
    mapfile body <"$2/body"
    { printf '%s\n\n' "$subject"; printf %s "${body[@]}"; } >"$2/body"
    git stripspace <"$2/body" >"$2/message"
}

# read_diff FILE: HOOKED, every path that it touches
read_diff() {
    local line lines
    HOOKED=()
    mapfile -t lines <"$1"
    for line in "${lines[@]}"; do
        [[ $line != 'diff --git a/'*' b/'* ]] || HOOKED+=("${line##* b/}")
    done
}

# explain_conflict PATCH DIFF STDERR: names the patch, file and hunk that git apply refused.
explain_conflict() {
    local file line hunk
    while IFS=: read -r file line; do
        hunk=$(awk -v file="$file" -v line="$line" '
            /^diff --git / { inside = index($0, " b/" file) > 0; n = 0 }
            inside && /^@@ / { n++; split($2, old, /[-,]/); if (old[2] == line) print n }' "$2" | head -n 1)
        say "conflict: patch $1, file $file, hunk ${hunk:-at} (line $line)"
        if [[ -n $hunk ]]; then
            awk -v file="$file" -v want="$hunk" '
                /^diff --git / { inside = index($0, " b/" file) > 0; n = 0 }
                inside && /^@@ / { n++ }
                inside && n == want && /^[-+ @]/ { print "    " $0 }' "$2" | head -n 20 >&2
        fi
    done < <(sed -n 's/^error: patch failed: \(.*\):\([0-9]*\)$/\1:\2/p' "$3")
    sed -n 's/^error: \(.*: \(does not exist in index\|already exists in index\|No such file.*\)\)$/\1/p' "$3" |
        while read -r line; do say "conflict: patch $1, file $line"; done
    grep -q '^error: \(patch failed\|.*in index$\)' "$3" || { say "conflict: patch $1:"; cat "$3" >&2; }
}

file_mode() { if [[ -x $1 ]]; then echo 100755; else echo 100644; fi; }

# begin_index REPODIR COMMIT QUEUE DIR: DIR/index holds what COMMIT has at the paths that QUEUE
# touches, of a tree that may have 38,000, which git would write and read again for each patch
begin_index() {
    local paths
    mapfile -t paths < <(queue_paths "$3")
    git -C "$1" ls-tree -r "$2" -- "${paths[@]}" | in_index "$1" "$4" update-index --index-info
}

in_index() { GIT_INDEX_FILE=$2/index git -C "$1" "${@:3}"; }

# BROUGHT: every "SRC=DEST" of the series read last
read_brought() { read -ra BROUGHT <<<"${BRINGS[*]}"; }

# brought_blobs REPODIR [-w]: BLOB_OF[SRC], for each file that the series read last brings
brought_blobs() {
    local repo=$1 word sources=() blobs=() i
    shift
    declare -gA BLOB_OF=()
    read_brought
    for word in "${BROUGHT[@]}"; do
        # shellcheck disable=SC2153 # REPO is lib.sh's
        sources+=("$REPO/${word%%=*}")
    done
    (( ${#sources[@]} > 0 )) || return 0
    mapfile -t blobs < <(printf '%s\n' "${sources[@]}" |
        git -C "$repo" hash-object "$@" --no-filters --stdin-paths)
    for i in "${!sources[@]}"; do
        BLOB_OF[${sources[i]#"$REPO/"}]=${blobs[i]}
    done
}

# read_index REPODIR DIR: THERE[PATH], the mode and blob of each path in DIR/index
read_index() {
    local mode blob path
    declare -gA THERE=()
    while read -r mode blob path; do
        THERE[${path#0$'\t'}]="$mode $blob"
    done < <(in_index "$1" "$2" ls-files -s)
}

# queue_on REPODIR BASE QUEUE [N]: the commit that the first N (all) patches of
# QUEUE make on top of BASE in TIP. Returns 1, with the reason printed, on a conflict.
# The same base and queue give the same commit ids wherever this runs.
queue_on() {
    local gitdir=$1 queue=$3 i word dest blob mode tmp upto making=refs/queue/making-$BASHPID
    TIP=$(git -C "$gitdir" rev-parse --verify -q "$2^{commit}") || die "$gitdir has no commit $2"
    read_series "$queue"
    upto=${4:-${#PATCHES[@]}}
    (( upto <= ${#PATCHES[@]} )) || die "$queue/series has only ${#PATCHES[@]} patches, not $upto"
    (( upto > 0 )) || return 0
    tmp=$(mktemp -d)
    # shellcheck disable=SC2064 # this function's own directory
    trap "rm -rf ${tmp@Q}" RETURN
    begin_index "$gitdir" "$TIP" "$queue" "$tmp"
    brought_blobs "$gitdir" -w
    printf 'reset %s\nfrom %s\n\n' "$making" "$TIP" >"$tmp/commits"
    for ((i = 0; i < upto; i++)); do
        read_mail "$queue/${PATCHES[i]}" "$tmp"
        read_diff "$tmp/diff"
        if (( ${#HOOKED[@]} > 0 )) && ! in_index "$gitdir" "$tmp" \
                apply --cached --whitespace=nowarn "$tmp/diff" 2>"$tmp/error"; then
            explain_conflict "${PATCHES[i]}" "$tmp/diff" "$tmp/error"
            return 1
        fi
        local paths=("${HOOKED[@]}")
        if [[ -n ${BRINGS[i]} ]]; then
            read_index "$gitdir" "$tmp"
            for word in ${BRINGS[i]}; do
                dest=${word#*=} blob=${BLOB_OF[${word%%=*}]} mode=100644
                [[ ! -x $REPO/${word%%=*} ]] || mode=100755
                if [[ -n ${THERE[$dest]:-} && ${THERE[$dest]} != *" $blob" ]]; then
                    say "conflict: patch ${PATCHES[i]}, file $dest: already exists, and differs from ${word%%=*}"
                    return 1
                fi
                paths+=("$dest")
                printf '%s %s\t%s\n' "$mode" "$blob" "$dest"
            done >"$tmp/brought"
            in_index "$gitdir" "$tmp" update-index --index-info <"$tmp/brought"
        fi
        read_index "$gitdir" "$tmp"
        one_commit "$tmp/message" "$making" "${paths[@]}"
    done >>"$tmp/commits"
    git -C "$gitdir" -c fastimport.unpackLimit=100000 fast-import --quiet --date-format=rfc2822 <"$tmp/commits"
    TIP=$(git -C "$gitdir" rev-parse --verify "$making")
    git -C "$gitdir" update-ref -d "$making"
}

# one_commit MESSAGE REF PATH…: prints a commit for git fast-import: the mail that was read, with
# THERE's entries of these paths
one_commit() {
    local message path
    mapfile message <"$1"
    printf 'commit %s\nauthor %s <%s> %s\ncommitter %s <%s> %s\ndata <<END-OF-MESSAGE\n' "$2" \
        "$AUTHOR" "$EMAIL" "$DATE" "$AUTHOR" "$EMAIL" "$DATE"
    printf %s "${message[@]}"
    printf 'END-OF-MESSAGE\n\n'
    shift 2
    for path; do
        if [[ -n ${THERE[$path]:-} ]]; then
            printf 'M %s %s\n' "${THERE[$path]}" "$path"
        else
            printf 'D %s\n' "$path"
        fi
    done
}

# queue_is_in REPODIR COMMIT QUEUE: whether all of QUEUE is in COMMIT's tree: each new file is as
# here, and each hook can be reverted.
queue_is_in() {
    local repo=$1 queue=$3 i word tmp
    read_series "$queue"
    (( ${#PATCHES[@]} > 0 )) || return 1
    tmp=$(mktemp -d)
    # shellcheck disable=SC2064 # this function's own directory
    trap "rm -rf ${tmp@Q}" RETURN
    begin_index "$repo" "$2" "$queue" "$tmp"
    brought_blobs "$repo"
    read_index "$repo" "$tmp"
    for word in "${BROUGHT[@]}"; do
        [[ ${THERE[${word#*=}]:-} == *" ${BLOB_OF[${word%%=*}]}" ]] || return 1
    done
    for ((i = ${#PATCHES[@]} - 1; i >= 0; i--)); do
        git mailinfo /dev/null "$tmp/diff" <"$queue/${PATCHES[i]}" >/dev/null
        read_diff "$tmp/diff"
        if (( ${#HOOKED[@]} > 0 )); then
            in_index "$repo" "$tmp" apply --cached -R --whitespace=nowarn \
                "$tmp/diff" 2>/dev/null || return 1
        fi
    done
}

# queue_paths QUEUE: every path of the tree that QUEUE touches
queue_paths() {
    local word
    read_series "$1"
    (( ${#PATCHES[@]} > 0 )) || return 0
    {
        sed -n 's,^diff --git a/.* b/\(.*\)$,\1,p' "${PATCHES[@]/#/"$1/"}"
        read_brought
        for word in "${BROUGHT[@]}"; do
            echo "${word#*=}"
        done
    } | sort -u
}
