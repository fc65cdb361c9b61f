# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Kernel mode of RoCE: the same two hosts, their ports speak RoCEv2, and what
# connects programs is the kernel's ib_cm, over our queue pair 1.  Sourced by
# kmod_guest, whose functions these use.

# The index of the GID of its IPv4 address, as the kernel has it; or of what
# GID says (a part of it, as in sysfs).
gid_index() { # HOST
	local path gid=${GID:-}
	# shellcheck disable=SC2046,SC2154,SC2183 # four numbers; of lib.sh
	[ -n "$gid" ] || gid=ffff:$(printf '%02x%02x:%02x%02x' \
		$(tr . ' ' <<<"${ip4[$1]}"))
	path=$(grep -l "$gid" \
		"/sys/class/infiniband/urdma_$1/ports/1/gids"/* | head -n 1)
	[ -n "$path" ] && basename "$path"
}

roce_device_shows() { # HOST
	local said
	said=$(host "$1" ibv_devinfo -v -d "urdma_$1")
	echo "$said"
	grep -q 'transport:.*InfiniBand' <<<"$said"
	grep -q 'link_layer:.*Ethernet' <<<"$said"
	grep -q 'PORT_ACTIVE' <<<"$said"
	grep -q "GID\[.*\]:.*::ffff:${ip4[$1]}, RoCE v2" <<<"$said"
}

# roce_by_number NAME SERVER-HOST PROGRAM OPTION...: they tell each other their
# numbers over TCP, which goes through the ports, too.
roce_by_number() {
	local name=$1 h=$2 far
	far=$(other "$2")
	shift 2
	spawn "$name-server" program "$h" "$@" -d "urdma_$h" \
		"$GID_OPTION" "$(gid_index "$h")"
	wait_for "$1 listens" socket_listening "$h" 18515 ||
		blame "$name-server" "$*" || return
	spawn "$name" program "$far" "$@" -d "urdma_$far" \
		"$GID_OPTION" "$(gid_index "$far")" "${ip4[$h]}"
	finished "$name" "$*" || { output "$name-server" >&2; return 1; }
	finished "$name-server" "$*"
}

roce_pingpong() { GID_OPTION=-g roce_by_number pingpong "$@"; }
roce_pingpong6() { GID=fd00:0070:0000 roce_pingpong "$@"; }
roce_pingpong_local() { GID=fe80:0000 roce_pingpong "$@"; }
roce_perftest() { # SERVER-HOST PROGRAM OPTION...
	GID_OPTION=-x roce_by_number perftest "$@" -F
}

roce_datagrams() { # SERVER-HOST
	pair udaddy "$1" 7174 udaddy -C 1 -- udaddy -s "${ip4[$1]}" -C 1
	output udaddy | grep -q 'return status 0'
}

# The kernel's own queue pair 1 is all there is.
no_roce_resources() { # DEVICE
	rdma resource show "$1" | grep -q 'pd 1 cq 1 qp 1 cm_id 0 mr 0 ctx 0'
}

# For every day.
roce_selection() {
	claim 'RoCE: ibv_rc_pingpong' roce_pingpong b ibv_rc_pingpong -n 200
	claim 'RoCE: ibv_ud_pingpong' roce_pingpong b ibv_ud_pingpong -n 200
	claim 'RoCE: rping' pings a 64
	ip6_claims
}

roce_more() {
	claim 'RoCE: ibv_rc_pingpong by IPv6' \
		roce_pingpong6 b ibv_rc_pingpong -n 200
	claim 'RoCE: ibv_rc_pingpong by link-local addresses' \
		roce_pingpong_local a ibv_rc_pingpong -n 200
	claim 'RoCE: ib_write_bw' roce_perftest a ib_write_bw -n 50
	claim 'RoCE: ib_send_bw of datagrams' \
		roce_perftest a ib_send_bw -c UD -s 1024 -n 50 -r 128
	claim 'RoCE: rping on any address' pings_anywhere b
	claim 'RoCE: rping of 65535 bytes' pings a 65535
	claim 'RoCE: ib_write_bw -R' perftest b ib_write_bw -s 100000
	claim 'RoCE: ib_send_bw -R' perftest a ib_send_bw -s 3000
	claim 'RoCE: ib_atomic_bw -R' perftest b ib_atomic_bw
	claim 'RoCE: ucmatose' ucmatose b
	claim 'RoCE: udaddy' roce_datagrams a
	claim 'RoCE: a port without listener is told' no_listener_is_told b
	USER_ID=65534
	claim 'RoCE: rping of an ordinary user' pings b 64
	USER_ID=0
	claim 'RoCE: the death of a client is told' death_is_told a
	claim 'RoCE: the death of a daemon is told; it comes back' \
		daemon_death_is_told a
	kills_claims 60 240
}

roce_claims() {
	local h
	# shellcheck disable=SC2034 # kmod_guest's
	TRANSPORT=roce
	for h in a b; do
		claim "urdmad announces urdma_$h of RoCE" daemon_up "$h"
		claim "ibv_devinfo shows urdma_$h of RoCE" roce_device_shows "$h"
	done
	roce_selection
	[ -z "${URDMA_LONG:-}" ] || roce_more
	for h in a b; do
		claim "RoCE: nothing is left on urdma_$h" \
			wait_for 'no resources' no_roce_resources "urdma_$h"
		claim "without its daemon urdma_$h of RoCE is gone" \
			daemon_ends "$h"
	done
}
