# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The patch queue as git objects: a queue on top of a commit is a chain of
# commits, made without touching any working tree. Sourced, after lib.sh.

# read_mail FILE DIR: splits a patch mail into DIR/message and DIR/diff and sets
# AUTHOR, EMAIL, DATE.
read_mail() {
    git mailinfo --encoding=UTF-8 "$2/body" "$2/diff" <"$1" >"$2/info" ||
        die "$1 is not a git mail" "make it with scripts/refresh"
    AUTHOR=$(sed -n 's/^Author: //p' "$2/info")
    EMAIL=$(sed -n 's/^Email: //p' "$2/info")
    DATE=$(sed -n 's/^Date: //p' "$2/info")
    local subject
    subject=$(sed -n 's/^Subject: //p' "$2/info")
    [[ -n $AUTHOR && -n $EMAIL && -n $DATE && -n $subject ]] ||
        die "$1 lacks one of From, Date, Subject" "make it with scripts/refresh"
    { printf '%s\n\n' "$subject"; cat "$2/body"; } | git stripspace >"$2/message"
}

has_hooks() { grep -q '^diff --git ' "$1"; }

# explain_conflict PATCH DIFF STDERR: names patch, file and hunk of what git
# apply refused.
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

# queue_on REPODIR BASE QUEUE [N]: the commit that the first N (all) patches of
# QUEUE make on top of BASE in TIP. Returns 1, with the reason printed, on a conflict.
# The same base and queue give the same commit ids wherever this runs.
queue_on() {
    local gitdir=$1 queue=$3 i word src dest blob have tree tmp upto
    TIP=$(git -C "$gitdir" rev-parse --verify -q "$2^{commit}") || die "$gitdir has no commit $2"
    read_series "$queue"
    upto=${4:-${#PATCHES[@]}}
    (( upto <= ${#PATCHES[@]} )) || die "$queue/series has only ${#PATCHES[@]} patches, not $upto"
    tmp=$(mktemp -d)
    # shellcheck disable=SC2064 # this function's own directory
    trap "rm -rf ${tmp@Q}" RETURN
    GIT_INDEX_FILE=$tmp/index git -C "$gitdir" read-tree "$TIP"
    for ((i = 0; i < upto; i++)); do
        read_mail "$queue/${PATCHES[i]}" "$tmp"
        if has_hooks "$tmp/diff" && ! GIT_INDEX_FILE=$tmp/index git -C "$gitdir" \
                apply --cached --whitespace=nowarn "$tmp/diff" 2>"$tmp/error"; then
            explain_conflict "${PATCHES[i]}" "$tmp/diff" "$tmp/error"
            return 1
        fi
        for word in ${BRINGS[i]}; do
            # shellcheck disable=SC2153 # REPO is lib.sh's
            src=$REPO/${word%%=*} dest=${word#*=}
            blob=$(git -C "$gitdir" hash-object -w --no-filters "$src")
            have=$(GIT_INDEX_FILE=$tmp/index git -C "$gitdir" ls-files -s -- "$dest" | cut -d' ' -f2)
            if [[ -n $have && $have != "$blob" ]]; then
                say "conflict: patch ${PATCHES[i]}, file $dest: is there already, and is not ${word%%=*}"
                return 1
            fi
            GIT_INDEX_FILE=$tmp/index git -C "$gitdir" update-index --add \
                --cacheinfo "$(file_mode "$src"),$blob,$dest"
        done
        tree=$(GIT_INDEX_FILE=$tmp/index git -C "$gitdir" write-tree)
        TIP=$(GIT_AUTHOR_NAME=$AUTHOR GIT_AUTHOR_EMAIL=$EMAIL GIT_AUTHOR_DATE=$DATE \
            GIT_COMMITTER_NAME=$AUTHOR GIT_COMMITTER_EMAIL=$EMAIL GIT_COMMITTER_DATE=$DATE \
            git -C "$gitdir" commit-tree -p "$TIP" -F "$tmp/message" "$tree")
    done
}

# queue_is_in REPODIR COMMIT QUEUE: whether all of QUEUE is in COMMIT's tree:
# each new file is there as it is here, and each hook can be taken out again.
queue_is_in() {
    local repo=$1 queue=$3 i word tmp blob
    read_series "$queue"
    tmp=$(mktemp -d)
    # shellcheck disable=SC2064 # this function's own directory
    trap "rm -rf ${tmp@Q}" RETURN
    GIT_INDEX_FILE=$tmp/index git -C "$repo" read-tree "$2"
    (( ${#PATCHES[@]} > 0 )) || return 1
    for ((i = ${#PATCHES[@]} - 1; i >= 0; i--)); do
        for word in ${BRINGS[i]}; do
            blob=$(git -C "$repo" rev-parse --verify -q "$2:${word#*=}") || return 1
            [[ $blob == "$(git -C "$repo" hash-object --no-filters "$REPO/${word%%=*}")" ]] || return 1
        done
        read_mail "$queue/${PATCHES[i]}" "$tmp"
        if has_hooks "$tmp/diff"; then
            GIT_INDEX_FILE=$tmp/index git -C "$repo" apply --cached -R --whitespace=nowarn \
                "$tmp/diff" 2>/dev/null || return 1
        fi
    done
}

# queue_paths QUEUE: every path of the tree that QUEUE touches
queue_paths() {
    local i word
    read_series "$1"
    for ((i = 0; i < ${#PATCHES[@]}; i++)); do
        sed -n 's,^diff --git a/.* b/\(.*\)$,\1,p' "$1/${PATCHES[i]}"
        for word in ${BRINGS[i]}; do
            echo "${word#*=}"
        done
    done | sort -u
}
