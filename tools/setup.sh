#!/bin/sh
# Makes the virtual environment VENV (first argument) with eqlite in editable form, its extras and the group "dev".
# PYTHON (second argument, may be empty) is the interpreter to build on; otherwise the first fitting one is taken.
# Called by the Makefile from the top of the checkout. An environment that works is brought up to date, not made anew.
set -eu

venv=$1
wanted=${2:-}
log=$venv.log

fail() {
    echo "eqlite: $1" >&2
    exit 2
}

is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${wanted:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if is_recent "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

# uv brings a Python of its own where the machine has none. Whatever goes wrong with it, pip is tried next.
install_with_uv() {
    command -v uv >/dev/null 2>&1 || return 1
    if ! is_recent "$venv/bin/python"; then
        rm -rf "$venv"
        uv venv --quiet --seed --python "${wanted:->=3.11}" "$venv" || return 1
    fi
    uv pip install --quiet --python "$venv/bin/python" --editable '.[all]' --group dev
}

make_venv() {
    rm -rf "$venv"
    "$1" -m venv "$venv" && return
    # Debian keeps ensurepip in a package of its own; a pip outside can put pip into the environment as well.
    rm -rf "$venv"
    "$1" -m venv --without-pip "$venv" && "$1" -m pip --python "$venv/bin/python" install --quiet pip
}

install_with_pip() {
    # --group came with pip 25.1
    "$venv/bin/python" -m pip install --quiet --retries 3 --upgrade 'pip>=25.1' &&
        "$venv/bin/python" -m pip install --quiet --retries 3 --editable '.[all]' --group dev
}

echo "eqlite: setting up $venv (once; about a minute)" >&2
if install_with_uv >"$log" 2>&1; then
    rm -f "$log"
    exit 0
fi
if ! { is_recent "$venv/bin/python" && "$venv/bin/python" -m pip --version; } >/dev/null 2>&1; then
    python=$(find_python)
    [ -n "$python" ] || fail "needs Python 3.11 or newer and found none${wanted:+ at $wanted}; give one with PYTHON=/path/to/python3"
    make_venv "$python" >>"$log" 2>&1 || fail "cannot make a virtual environment (is python3-venv there?); see $log"
fi
if ! install_with_pip >>"$log" 2>&1; then
    if grep -qiE 'connection|name resolution|unreachable|timed out' "$log"; then
        fail "cannot reach a package index; setting up needs the network, once (see $log)"
    fi
    tail -n 20 "$log" >&2
    fail "cannot install the dependencies; see $log"
fi
rm -f "$log"
