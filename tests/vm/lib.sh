# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where the virtual machine's parts are.  Source it.

set -euo pipefail

vm_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Downloads and builds outlive a build directory: they are Debian's, not ours.
vm_cache() { printf '%s' "${URDMA_VM:-$vm_top/build-vm}"; }

# vm_is_prepared RELEASE: for that kernel, by the `prepare` of today.
vm_is_prepared() {
	local current
	current=$(vm_cache)/current
	[ "$(cat "$current/kernel" 2>/dev/null)" = "$1" ] &&
		[ "$current/kernel" -nt "$vm_top/tests/vm/prepare" ] &&
		[ "$current/kernel" -nt "$vm_top/tests/vm/initramfs_init" ]
}

# vm_module BUILD OPTION...: urdma.ko for that kernel, in BUILD/kmod.
vm_module() {
	local build=$1
	shift
	rm -rf "$build/kmod"
	make -C "$build" modules "$@" \
		KERNEL_DIR="/usr/src/linux-headers-$(<"$(vm_cache)/current/kernel")"
}

# vm_tap COMMAND... [-- COMMAND...]...: what they say as TAP, as one list.
vm_tap() { vm_tap_all "$@" | vm_tap_number; }

vm_tap_all() {
	local rc=0 command
	while [ $# -gt 0 ]; do
		command=()
		while [ $# -gt 0 ] && [ "$1" != -- ]; do
			command+=("$1")
			shift
		done
		[ $# = 0 ] || shift
		"${command[@]}" || rc=1
	done
	return $rc
}

# Numbers are new, the plan is one and last.
vm_tap_number() {
	awk '/^(not )?ok [0-9]+ / { sub(/ok [0-9]+/, "ok " ++n) }
		/^1\.\.[0-9]+$/ { next }
		{ print; fflush() }
		END { print "1.." n }'
}
