# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Open MPI between the two hosts.  Source machine.sh first.

# How mpirun starts its daemon on the other host: instead of ssh.
mpi_agent() {
	local ns=
	ns=$(netns b)
	# shellcheck disable=SC2154 # of lib.sh
	cat >"$dir/agent" <<-END
	#!/bin/sh
	shift # whose address it is
	export URDMA_SOCKET=$dir/b.sock
	exec ip netns exec $ns unshare --uts --ipc --pid --fork --mount-proc \\
		--kill-child sh -c "hostname host-b; \$*"
	END
	chmod 755 "$dir/agent"
}

# mpi RANKS OPTION... PROGRAM...: so many on each host.
mpi() {
	local ranks=$1
	shift
	[ -e "$dir/agent" ] || mpi_agent
	# shellcheck disable=SC2154 # of lib.sh
	machine a env URDMA_SOCKET="$dir/a.sock" \
		timeout --foreground -k 5 "$LIMIT" mpirun \
		--allow-run-as-root --mca plm_rsh_agent "$dir/agent" \
		--host "${side[a]}:$ranks,${side[b]}:$ranks" "$@"
}
