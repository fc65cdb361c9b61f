# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A test script is a list of claims, told as TAP.  Source lib.sh first.

tap_count=0
tap_failed=0

# claim TEXT COMMAND...: true if the command succeeds, in a shell of its own
# that stops at the first failure.
claim() {
	local text=$1 rc log
	log=$(mktemp "${TMPDIR:-/tmp}/urdma-claim.XXXXXX")
	shift
	tap_count=$((tap_count + 1))
	set +e
	(
		set -e
		"$@"
	) >"$log" 2>&1
	rc=$?
	set -e
	if [ "$rc" = 0 ]; then
		say "ok $tap_count - $text"
	else
		say "not ok $tap_count - $text"
		say "# exit status $rc of: $*"
		tail -n 60 "$log" | awk '{ print "# " $0 }' # ends its line
		tap_failed=$((tap_failed + 1))
		programs_end
	fi
	rm -f "$log"
}

# The last line of a script.
finish() {
	say "1..$tap_count"
	say "# took $SECONDS s"
	[ "$tap_failed" = 0 ]
}

# skip_all REASON: nothing can be tried here.  On a build machine that is a
# fault of the machine, not something to pass over.
skip_all() {
	if [ "${CI:-}" = true ]; then
		say "Bail out! $1"
		exit 1
	fi
	say "1..0 # SKIP $1"
	exit 0
}

need_commands() {
	local c
	for c; do
		command -v "$c" >/dev/null || skip_all "no command $c"
	done
}

need_netns() {
	[ "$(id -u)" = 0 ] || skip_all 'needs root, for network namespaces'
	need_commands ip
	ip netns add "$LAB-probe" 2>/dev/null ||
		skip_all 'network namespaces cannot be made here'
	ip netns del "$LAB-probe"
}

# expect WHAT IS WANTED: compares two texts.
expect() {
	[ "$2" = "$3" ] || {
		complain "$1: is '$2', expected '$3'"
		return 1
	}
}

# within WHAT IS LOW HIGH
within() {
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		complain "$1: is $2, expected $3..$4"
		return 1
	fi
}
