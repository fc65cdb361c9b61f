# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Programs that connect queue pairs by number: they tell each other theirs over
# TCP, on the side network.  Source lib.sh first.

# by_number NAME PORT SERVER... -- CLIENT...: the server on host b, the client,
# to whose arguments b's address is added, on host a; both end well.
by_number() {
	local name=$1 port=$2 serve=()
	shift 2
	while [ "$1" != -- ]; do
		serve+=("$1")
		shift
	done
	shift
	spawn "$name-server" program b "${serve[@]}"
	wait_for "$name listens" tcp_listens b "$port" ||
		blame "$name-server" "${serve[*]}" || return
	# shellcheck disable=SC2154 # of lib.sh
	spawn "$name" program a "$@" "${side[b]}"
	finished "$name" "$*" || { output "$name-server" >&2; return 1; }
	finished "$name-server" "${serve[*]}"
	output "$name"
}

tcp_listens() { # HOST PORT
	[ -n "$(host "$1" ss -Hltn "sport = :$2")" ]
}

# A port whose link is told as InfiniBand's: its peers have LIDs.
with_lids() { # HOST
	# shellcheck disable=SC2154 # of lib.sh
	config_default "$1" | jq '.ports[0].link_layer = "infiniband" |
		.ports[0].ipv4_address = "'"${ip4[$1]}"'/16"' >"$dir/$1.json"
}
