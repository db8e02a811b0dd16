# What .ci/run is made of: steps, counted. A step is one command line; a vitest step also brings its own counts, and
# a test skipped in CI counts as failed, because CI sets every gate.

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
  local name=$1 started=$SECONDS code=0 counts
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  export VITEST_JSON="$log/$name.json"
  rm -f "$VITEST_JSON"
  "$@" </dev/null || code=$?
  counts=$(node .ci/count.mjs "$VITEST_JSON" "$code")
  unset VITEST_JSON
  printf '%s\n' "$counts"
  passed=$((passed + $(sed -n 's/^counted \([0-9]*\) .*/\1/p' <<<"$counts")))
  failed=$((failed + $(sed -n 's/^counted [0-9]* \([0-9]*\)$/\1/p' <<<"$counts")))
  printf -- '-- %s: %s s\n' "$name" $((SECONDS - started))
}

finish() {
  printf '\n%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
