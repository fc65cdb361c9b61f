# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Hosts that are machines of their own to programs that look: by name,
# processes and shared memory, which UCX and Open MPI would use instead of the
# network.  Source lib.sh first.

# machine HOST COMMAND...: as host does.
machine() {
	local h=$1
	shift
	# shellcheck disable=SC2016 # of the inner shell
	host "$h" unshare --uts --ipc --pid --fork --mount-proc --kill-child \
		sh -c 'hostname "$0" && exec "$@"' "host-$h" "$@"
}

# As lib.sh's, on such a machine.
program() {
	local h=$1
	shift
	# shellcheck disable=SC2154 # of lib.sh
	machine "$h" timeout --foreground -k 5 "$LIMIT" \
		"$top_build/urdma" run -s "$dir/$h.sock" -- "$@"
}
