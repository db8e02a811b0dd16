# What gated tests need, installed by ordinary clients, and the variable of every gate. A test whose gate is set never
# skips. Sourced by .ci/run.

# BUCKETFS_TEST_S3: a foreign S3 server that checks signatures and honours conditions. versitygw by the Go proxy; its
# toolchain comes from there as well.
have_go() {
  command -v go >/dev/null || { export PATH="$PATH:/usr/local/go/bin"; command -v go >/dev/null; } ||
    { apt-get update -q && apt-get install -yq --no-install-recommends golang-go; }
}
install_versitygw() {
  have_go && GOBIN="$work/bin" GOFLAGS=-modcacherw GOTOOLCHAIN=auto go install github.com/versity/versitygw/cmd/versitygw@v1.7.0
}
step 'install versitygw' install_versitygw

# moto beside it: full conditional semantics, no signatures.
install_moto() {
  python3 -m venv "$work/moto" && "$work/moto/bin/pip" install --quiet 'moto[server]'
}
step 'install moto' install_moto

export PATH="$work/bin:$work/moto/bin:$PATH"
export BUCKETFS_TEST_S3=versitygw
