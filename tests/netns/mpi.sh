# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Open MPI between the two hosts.  Source tap.sh and machine.sh first.

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

urun=("$top_build/urdma" run --)

mpi_build() {
	# shellcheck disable=SC2154 # of lib.sh
	mpicc -O2 -Wall -o "$dir/mpi_data" "$top_src/tests/netns/mpi_data.c"
}

# verified RANKS OPTION...: each host's bytes came, and over our device.
verified() {
	local ranks=$1 before
	before=$(tx_bytes)
	shift
	mpi "$ranks" "$@" "${urun[@]}" "$dir/mpi_data" | tee "$dir/said"
	grep -q 'all right: rank 0 checked [1-9][0-9]* bytes' "$dir/said"
	expect 'ranks on each host' "$(grep -c ' on host-a$' "$dir/said") \
$(grep -c ' on host-b$' "$dir/said")" "$ranks $ranks"
	within 'bytes sent over the device' $(($(tx_bytes) - before)) \
		30000000 99999999999
}

tx_bytes() { urdma a show --json | jq '.devices[0].tx_bytes'; }
