# What .ci/run is made of: steps, counted. A step is one command line; a run of vitest brings its own counts. A test that
# no run has run, because it skipped in all of them, counts as failed: CI sets every gate.

passed=0
failed=0
log=${CI_LOG_DIR:?}

# step NAME COMMAND... : one check, passed or failed.
step() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  if "$@" </dev/null; then
    passed=$((passed + 1))
    printf -- '-- %s: passed in %s s\n' "$name" $((SECONDS - started))
  else
    failed=$((failed + 1))
    printf -- '-- %s: FAILED in %s s\n' "$name" $((SECONDS - started))
  fi
}

# tests NAME COMMAND... : a command that runs vitest; its JSON report (VITEST_JSON) is counted test by test.
tests() {
  local name=$1 started=$SECONDS code=0
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  export VITEST_JSON="$log/$name.json"
  "$@" </dev/null || code=$?
  count "$(node .ci/count.mjs report "$VITEST_JSON" "$code")"
  unset VITEST_JSON
  printf -- '-- %s: %s s\n' "$name" $((SECONDS - started))
}

# count TEXT: shows it and adds its last line, `counted PASSED FAILED`.
count() {
  printf '%s\n' "$1"
  passed=$((passed + $(sed -n 's/^counted \([0-9]*\) [0-9]*$/\1/p' <<<"$1")))
  failed=$((failed + $(sed -n 's/^counted [0-9]* \([0-9]*\)$/\1/p' <<<"$1")))
}

finish() {
  count "$(node .ci/count.mjs skips "$log"/*.json)"
  printf '\n%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
