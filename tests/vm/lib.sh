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
