# The stages of .ci/run that are more than one command. Each runs in a subshell with `set -e`.

NODE_TOOLS=$PWD/.ci/tools/node
PYTHON_TOOLS=$PWD/.ci/tools/python
TEST_LOG=$CARGO_TARGET_DIR/ci-test.log
SPECS=(symphony crm-gateway connect)
# With the features of the README's commands, so that nothing is compiled for it alone.
EXAMPLE=(--features fakes --example every_operation)
FAKES=(--features fake-checks --example fake_server)
# Plainly fake: the fakes accept what they are told to.
export FAKE_TOKEN=plainly-fake-token
# What the linter would otherwise send or ask for.
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
export PATH=$NODE_TOOLS/node_modules/.bin:$PYTHON_TOOLS/bin:$PATH
rm -f "$TEST_LOG"

# Other versions could pass or fail for reasons of their own.
require_version() {
    local wanted=$1 found=$2
    if [[ $found != "$wanted"* ]]; then
        echo "this needs $wanted*, but found: ${found:-nothing}"
        return 1
    fi
}

install_tools() {
    require_version "rustc 1.95." "$(rustc --version)"
    require_version "node v20." "node $(node --version)"
    require_version "Python 3.11." "$(python3 --version)"
    require_version "openjdk 17." "$(java --version | head -n 1)"
    # The feature `native-tls` links the system's OpenSSL.
    if ! pkg-config --exists openssl; then
        apt-get update -q
        apt-get install -q -y libssl-dev pkg-config
    fi
    # The real Keycloak comes by Maven.
    if ! { command -v mvn && command -v unzip; } >/dev/null; then
        apt-get update -q
        apt-get install -q -y maven unzip
    fi
    # The lock file has checksums and no addresses, so that any registry serves.
    mkdir -p "$NODE_TOOLS"
    cp .ci/node/package.json .ci/node/package-lock.json "$NODE_TOOLS"
    npm ci --no-audit --no-fund --loglevel=error --prefix "$NODE_TOOLS"
    python3 -m venv "$PYTHON_TOOLS"
    pip install -q --disable-pip-version-check -r .ci/python/requirements.txt

    rustc --version
    cargo --version
    cargo clippy --version
    cargo fmt --version
    echo "node $(node --version), npm $(npm --version)"
    python3 --version
    java -version
    echo "redocly $(redocly --version)"
    echo "prism $(prism --version)"
    echo "openapi-generator $(openapi-generator-cli version)"
    schemathesis --version
}

# Runs the one line of README.md that starts with `cargo` and this word, so that the README is true.
from_readme() {
    local lines
    mapfile -t lines < <(grep -E "^cargo $1( |\$)" README.md)
    if ((${#lines[@]} != 1)); then
        echo "README.md has ${#lines[@]} lines with \`cargo $1\` instead of one"
        return 1
    fi
    echo "\$ ${lines[0]}"
    # Keycloak has a stage of its own; without CI the tests that need it do not ask for it.
    env -u CI bash -ec "${lines[0]}" 2>&1 | tee "$CARGO_TARGET_DIR/ci-$1.log"
}

# Each of them checks what it sees; in one of them, processes crash on purpose.
listing_examples() {
    local file name
    ulimit -c 0
    cargo build --features fakes --examples
    for file in examples/listing/*.rs; do
        name=listing_$(basename "$file" .rs)
        echo "\$ $name"
        "$CARGO_TARGET_DIR/debug/examples/$name"
    done
}

# The Rust that Cargo.toml promises, so that the promise is kept.
oldest_rust() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml).0
    rustup toolchain install "$version" --profile minimal --no-self-update
    cargo "+$version" --version
    cargo "+$version" check --features fake-checks --locked
}

# Only fuzzing compiles the fuzz targets, so they would rot unseen. libFuzzer, which is C++, stays out.
# With `--target`, the condition does not reach the build scripts, which are compiled already.
check_fuzz_targets() {
    cargo fmt --check --manifest-path fuzz/Cargo.toml
    RUSTFLAGS='--cfg fuzzing -D warnings' cargo check --manifest-path fuzz/Cargo.toml --no-default-features \
        --target "$(rustc --print host-tuple)"
}

# When the build script wrote its output last.
generated_at() {
    cargo build "${EXAMPLE[@]}" --message-format=json-render-diagnostics | python3 -c '
import json, os, sys
for message in map(json.loads, sys.stdin):
    if message["reason"] == "build-script-executed" and "entitlements" in message["package_id"]:
        print(os.stat(message["out_dir"] + "/symphony.rs").st_mtime_ns)'
}

# A user who edits a source must not wait for the generator; one who edits a specification must get it.
build_script_reruns() {
    local first source spec
    first=$(generated_at)
    touch src/lib.rs
    source=$(generated_at)
    touch specs/symphony.yaml
    spec=$(generated_at)
    echo "generated at $first, after a change of a source at $source, of a specification at $spec"
    [[ -n $first && $source == "$first" && $spec != "$first" ]]
}

lint_specs() {
    local spec report
    for spec in "${SPECS[@]}"; do
        report=$(redocly lint --extends recommended --format json "specs/$spec.yaml")
        python3 -c '
import json, sys
report = json.loads(sys.argv[2])
print(sys.argv[1], report["totals"])
for problem in report["problems"]:
    print(" ", problem["ruleId"], problem["message"])
sys.exit(any(report["totals"].values()))' "$spec" "$report"
    done
}

# A generator that is not ours has to accept the documents and to make clients that compile.
generate_clients() {
    local spec folder=$CARGO_TARGET_DIR/openapi-generator
    rm -rf "$folder"
    mkdir -p "$folder"
    for spec in "${SPECS[@]}"; do
        openapi-generator-cli generate -g rust -i "specs/$spec.yaml" -o "$folder/$spec" \
            --package-name "generated-$spec" >"$folder/$spec.log" 2>&1 || { cat "$folder/$spec.log"; return 1; }
    done
    printf '[workspace]\nresolver = "2"\nmembers = ["symphony", "crm-gateway", "connect"]\n' >"$folder/Cargo.toml"
    # The versions that are compiled already.
    cp Cargo.lock "$folder"
    cargo check --no-default-features --manifest-path "$folder/Cargo.toml" --workspace
}

# A mock server that is not ours has to accept every request that the clients make.
call_mock_servers() {
    local index ports log=$CARGO_TARGET_DIR/ci-calls.log
    cargo build "${EXAMPLE[@]}"
    read -r -a ports < <(free_ports 3)
    # Not local: the trap runs after the function.
    pids=()
    trap 'kill "${pids[@]}" 2>/dev/null; wait' EXIT
    for index in 0 1 2; do
        prism mock --errors --multiprocess false -p "${ports[index]}" "specs/${SPECS[index]}.yaml" \
            >"$CARGO_TARGET_DIR/prism-${SPECS[index]}.log" 2>&1 &
        pids+=($!)
    done
    # Another process may hold the port for a moment, so the server has to say so itself.
    for index in 0 1 2; do
        await_text "${pids[index]}" "$CARGO_TARGET_DIR/prism-${SPECS[index]}.log" 'is listening'
    done
    # The judge has to judge: a request without its body must be refused.
    node -e '
fetch(process.argv[1], { method: "POST" }).then(answer => {
    if (!answer.headers.has("sl-violations")) throw new Error(`Prism accepts a wrong request: ${answer.status}`)
})' "http://127.0.0.1:${ports[0]}/api/v2/customer/entitlements"
    "$CARGO_TARGET_DIR/debug/examples/every_operation" --symphony "http://127.0.0.1:${ports[0]}" \
        --crm-gateway "http://127.0.0.1:${ports[1]}" --connect "http://127.0.0.1:${ports[2]}" | tee "$log"
    for index in 0 1 2; do
        kill -0 "${pids[index]}"
    done
    [[ $(wc -l <"$log") == 13 ]]
}

# Starts the fakes until the stage ends, with further options of the example. Sets what they are called by.
start_fakes() {
    local ports tries log=$CARGO_TARGET_DIR/ci-fakes.log
    cargo build "${FAKES[@]}"
    read -r -a ports < <(free_ports 4)
    # What an earlier stage wrote must not be taken for this server's.
    rm -f "$log"
    "$CARGO_TARGET_DIR/debug/examples/fake_server" "$@" --token "$FAKE_TOKEN" --symphony "${ports[0]}" \
        --crm-gateway "${ports[1]}" --keycloak "${ports[2]}" --connect "${ports[3]}" >"$log" 2>&1 &
    # Not local: the trap runs after the function, and the stages look whether the server is still there.
    fakes_pid=$!
    trap 'kill "$fakes_pid" 2>/dev/null; wait' EXIT
    for ((tries = 0; tries < 120; tries++)); do
        kill -0 "$fakes_pid" || { cat "$log"; return 1; }
        # Its last line, after everything is seeded.
        if grep -qs '^Ctrl-C ends it' "$log"; then
            SYMPHONY=http://127.0.0.1:${ports[0]}/admin
            CRM_GATEWAY=http://127.0.0.1:${ports[1]}
            KEYCLOAK=http://127.0.0.1:${ports[2]}/keycloak/auth/realms/nagra/protocol/openid-connect/token
            CONNECT=http://127.0.0.1:${ports[3]}/capi
            CONNECT_LOGIN=http://127.0.0.1:${ports[3]}/user
            return
        fi
        sleep 0.5
    done
    echo "the fakes did not start"
    return 1
}

# A tester that is not ours has to find no disagreement between the fakes and the specifications.
test_fakes() {
    local index urls failed=0 specs=$PWD/specs folder=$CARGO_TARGET_DIR/schemathesis
    rm -rf "$folder"
    mkdir -p "$folder"
    cp .ci/python/schemathesis/{schemathesis.toml,hooks.py} "$folder"
    start_fakes --seed .ci/python/schemathesis/seed.json
    urls=("$SYMPHONY" "$CRM_GATEWAY" "$CONNECT")
    for index in 0 1 2; do
        # In the folder, where it finds its settings and may leave what it likes.
        (cd "$folder" && schemathesis run "$specs/${SPECS[index]}.yaml" --url "${urls[index]}" \
            --report ndjson --report-ndjson-path "${SPECS[index]}.ndjson") || failed=1
    done
    kill -0 "$fakes_pid"
    python3 .ci/python/schemathesis/judge.py "$folder"
    ((failed == 0))
}

# A client that is not ours has to get along with the fakes.
call_fakes_from_python() {
    local spec package folder=$CARGO_TARGET_DIR/python-clients path=
    rm -rf "$folder"
    mkdir -p "$folder"
    for spec in "${SPECS[@]}"; do
        package=${spec//-/_}_client
        openapi-generator-cli generate -g python -i "specs/$spec.yaml" -o "$folder/$spec" \
            --package-name "$package" >"$folder/$spec.log" 2>&1 || { cat "$folder/$spec.log"; return 1; }
        path+=$folder/$spec:
    done
    start_fakes
    PYTHONPATH=$path python3 tests/python/generated_clients.py --symphony "$SYMPHONY" \
        --crm-gateway "$CRM_GATEWAY" --keycloak "$KEYCLOAK" --connect "$CONNECT" \
        --connect-login "$CONNECT_LOGIN" --token "$FAKE_TOKEN"
    kill -0 "$fakes_pid"
}

free_ports() {
    python3 -c '
import socket, sys
free = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in free))' "$1"
}

# Waits until a server has written a text, at most a minute; one that ended is a failure at once.
await_text() {
    local pid=$1 file=$2 text=$3 tries
    for ((tries = 0; tries < 120; tries++)); do
        kill -0 "$pid"
        if grep -q "$text" "$file"; then
            return
        fi
        sleep 0.5
    done
    echo "no \`$text\` in $file"
    return 1
}

# Waits until somebody listens, at most a minute; a server that ended is a failure at once.
await_port() {
    local pid=$1 port=$2 tries
    for ((tries = 0; tries < 120; tries++)); do
        kill -0 "$pid"
        if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            return
        fi
        sleep 0.5
    done
    echo "nothing listens on port $port"
    return 1
}
