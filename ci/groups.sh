# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # group, seed, seconds, line and names are scripts/test's, which sources this
#
# Groups of scripts/test that take more than a list of tests to run.

test_fuzz() { fuzz_targets 5; }
test_fuzz-long() { fuzz_targets 300; }

# fuzz_targets SECONDS: runs each target from a seed that is printed; findings are left in
# build/test/fuzz
fuzz_targets() {
    # shellcheck disable=SC2086 # a list of words
    build_for ${BUILDS[fuzz]} || return 0
    local program name rc log begin time=${seconds:-$1}
    for program in "$BUILD"/fuzz/fuzz-*; do
        [[ -x $program && -f $program ]] || continue
        name=${program##*/}
        wanted "$group/$name" || continue
        log=$LOGS/test-$name.log rc=0 begin=$(now)
        say "$group: $name, seed $seed, $time s"
        mkdir -p "$OUT/fuzz"
        LD_LIBRARY_PATH=$(install_dir sanitized)/lib \
        ASAN_OPTIONS=detect_leaks=1:handle_abort=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
        LSAN_OPTIONS=suppressions=$REPO/ci/sanitize/lsan.supp:print_suppressions=0 \
            bounded $((time + 120)) "$program" -seed="$seed" -max_total_time="$time" -detect_leaks=0 -max_len=1024 -len_control=0 -timeout=60 \
            -close_fd_mask=0 -artifact_prefix="$OUT/fuzz/$name-" >"$log" 2>&1 </dev/null || rc=$?
        if (( rc == 0 )); then
            add_result passed "$group/$name" '' "$(since "$begin")"
        else
            (( rc != 124 && rc != 137 )) || echo "ERROR: it hung, and was ended" >>"$log"
            add_result failed "$group/$name" "seed $seed: $(grep -aE -m 1 'ERROR: |runtime error|SUMMARY' "$log") (log: ${log#"$REPO"/})" \
                "$(since "$begin")" "${log#"$REPO"/}"
        fi
    done
}

test_queue() { queue_tests "$(nproc)" '!/every_commit|builds_without|autotools_builds/'; }
test_commits() {
    if [[ -n $line ]]; then
        SPICEGL_LINE=$line queue_tests 1 '/every_commit_of_qemu/'
    else
        queue_tests 1 '/every_commit|builds_without|autotools_builds/'
    fi
}

# queue_tests JOBS AWK-PATTERN: runs the tests of ci/queue/tests whose names match, JOBS at a time
queue_tests() {
    local name rc seconds log tests=() limit=3000
    # Nothing of another QEMU's commits has been built before
    [[ -z $line ]] || limit=9000
    while read -r name; do
        ! wanted "$group/$name" || tests+=("$name")
    done < <("$REPO/ci/queue/tests" --list | awk "$2")
    (( ${#tests[@]} > 0 )) || return 0
    say "$group: ${tests[*]}"
    # shellcheck disable=SC2016 # expanded there
    printf '%s\n' "${tests[@]}" | xargs -P "$1" -I NAME bash -c '
        log=$2/test-queue-$3.log rc=0 SECONDS=0
        timeout -k 20 "$4" "$1/ci/queue/tests" "$3" >"$log" 2>&1 </dev/null || rc=$?
        echo "$rc $SECONDS" >"$log.status"' bash "$REPO" "$LOGS" NAME "$limit"
    for name in "${tests[@]}"; do
        log=$LOGS/test-queue-$name.log rc=1 seconds=0
        read -r rc seconds <"$log.status" || true
        rm -f "$log.status"
        case $rc in
            0) add_result passed "$group/$name" '' "$seconds" ;;
            77) add_result skipped "$group/$name" "$(tail -n 1 "$log")" "$seconds" ;;
            *) add_result failed "$group/$name" "$(tail -n 1 "$log") (log: ${log#"$REPO"/})" \
                "$seconds" "${log#"$REPO"/}" ;;
        esac
    done
}

test_virglrenderer() {
    if [[ -z ${VIRGLRENDERER_SRC:-} ]]; then
        ! wanted virglrenderer/all || add_result skipped virglrenderer/all \
            "there is no source tree of it: VIRGLRENDERER_SRC=DIR scripts/test virglrenderer"
        return 0
    fi
    build_for virglrenderer spice-server qemu tools || return 0
    local prefix
    prefix=$(install_dir patched)/virglrenderer
    test_virglrenderer_suite
    test_virglrenderer_calls "$prefix"
    test_virglrenderer_vm "$prefix"
}

test_virglrenderer_suite() {
    local rc=0 log
    log=$(object_dir patched virglrenderer)/meson-logs/testlog.json
    rm -f "$log"
    # Without a window system, and in software, which is slow
    logged "virglrenderer's own suite" "$LOGS/test-upstream-virglrenderer.log" in_component patched virglrenderer \
        env VRENDTEST_USE_EGL_SURFACELESS=1 CK_TIMEOUT_MULTIPLIER=20 meson test --no-rebuild -t 20 || rc=$?
    upstream_results virglrenderer "$log" "$rc"
}

# The public calls' tests, which need the library when they are configured
test_virglrenderer_calls() { # PREFIX
    local dir=$BUILD/tools-virglrenderer log=$LOGS/build-tools-virglrenderer.log
    if ! { [[ -f $dir/build.ninja ]] || PKG_CONFIG_PATH=$1/lib/pkgconfig meson setup "$dir" "$REPO"; } \
            >"$log" 2>&1 || ! ninja -C "$dir" virglrenderer/tests/test-virgl-export \
            ci/doubles/udmabuf/libudmabuf-double.so >>"$log" 2>&1; then
        add_result failed virglrenderer/build "see $log"
        return 0
    fi
    LD_LIBRARY_PATH=$1/lib meson_programs virglrenderer "$dir" unit virgl-export
}

test_virglrenderer_vm() { # PREFIX
    local tests
    mapfile -t tests < <(wanted_vm_tests virgl)
    run_vm_tests virglrenderer-vm env LD_LIBRARY_PATH="$1/lib:$(install_dir patched)/lib" -- "${tests[@]}"
}

# Everything about dma-bufs and GBM, with the kernel's udmabuf driver and a render node, whatever the computer has
test_nested() {
    build_for spice-server qemu planes tools || return 0
    local tests dir=$OUT/vm-nested rc=0
    mapfile -t tests < <(wanted_vm_tests nested)
    (( ${#tests[@]} > 0 )) || return 0
    rm -rf "$dir"
    # An emulated computer emulates another one
    logged "VM tests in a VM (nested, ${#tests[@]})" "$LOGS/test-nested.log" \
        "$REPO/scripts/shell" "$REPO/ci/nested/run" "$dir" env SPICEGL_TIMEOUT_SCALE=20 \
        "$REPO/ci/vm/run" nested /nested-results "${tests[@]}" || rc=$?
    if [[ -f $dir/results.tsv ]]; then
        sed "s,/nested-results/,${dir#"$REPO"/}/,g" "$dir/results.tsv" | add_results
    else
        add_result failed nested/avocado "no results (status $rc): see $LOGS/test-nested.log"
    fi
}

# Tests that need mmdebstrap and their own namespaces are run outside of the build environment before:
# PACKAGES has a line for each, "ok NAME", "skip NAME: WHY" or "not ok NAME: WHY (log: LOG)"
PACKAGES=$OUT/packages.txt

make_and_try_packages() {
    local what words
    : >"$PACKAGES"
    for what in tar 'tar --software' deb oci; do
        read -ra words <<<"$what"
        if "$REPO/scripts/package" "${words[@]}"; then
            echo "ok scripts/package $what"
        else
            echo "not ok scripts/package $what: it ended with an error"
        fi
    done >>"$PACKAGES"
    for what in test deb oci; do
        { "$REPO/ci/package/$what" || true; } | sed -E "s,^(ok|skip|not ok) ,&ci/package/$what ," >>"$PACKAGES"
    done
}

test_packages() {
    local line name status log
    while IFS= read -r line; do
        case $line in
            'ok '*) status=passed line=${line#ok } ;;
            'skip '*) status=skipped line=${line#skip } ;;
            'not ok '*) status=failed line=${line#not ok } ;;
            *) continue ;;
        esac
        name=${line%%: *} log=-
        [[ $line != *'(log: '*')' ]] || { log=${line##*(log: }; log=${log%)}; }
        line=${line#"$name"}
        ! wanted "packages/$name" || add_result "$status" "packages/$name" "${line#: }" '' "$log"
    done <"$PACKAGES"
}
