# What gated tests need, installed by ordinary clients, and the variable of every gate. Sourced by .ci/run.
#
#   BUCKETFS_TEST_S3   S3 servers that are not ours: versitygw (signatures, conditions; by the Go proxy) and moto (by pip).
#                      `foreign` runs a command with them up.

export PATH="$PATH:/usr/local/go/bin" GOTOOLCHAIN=auto BUCKETFS_FOREIGN_DIR="${BUCKETFS_FOREIGN_DIR:-$work/foreign}"

need() {
  command -v "$1" >/dev/null || { apt-get update -q && apt-get install -yq --no-install-recommends "$2"; }
}
step 'go is there' need go golang-go
step 'python is there' need python3 python3-venv
step 'git is there' need git git

foreign() {
  npx tsx test/support/foreign-s3.ts versitygw moto -- "$@"
}
# Installing them is no part of the first test run.
step 'foreign servers start' foreign true
