# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Two hosts on one machine, and what the tests of them share.  Source it.
#
#   lab_up
#
#    namespace a                                     namespace b
#   ┌────────────────────────┐                     ┌────────────────────────┐
#   │ programs               │                     │               programs │
#   │    │ a.sock            │                     │            b.sock │    │
#   │  urdmad 10.70.0.1      │                     │      10.70.0.2 urdmad  │
#   │    └──────────── net0 ─┼────── veth ─────────┼─ net0 ────────────┘    │
#   └────────────────────────┘                     └────────────────────────┘
#
#   lab_up_impaired RELAY-OPTION...
#
#    namespace a               namespace wire                  namespace b
#   ┌──────────────┐          ┌─────────────────┐          ┌──────────────┐
#   │  urdmad net0 ┼── veth ──┼─to_a relay to_b─┼── veth ──┼ net0 urdmad  │
#   └──────────────┘          └─────────────────┘          └──────────────┘
#
# The kernel has no address on net0: urdmad is the only stack there.  Nothing
# waits for a time, all wait for a condition (wait_for) that has a deadline.

set -euo pipefail

# shellcheck disable=SC2034 # for those who source this
top_src=$(cd "${srcdir:-$(dirname "${BASH_SOURCE[0]}")/../..}" && pwd)
top_build=${URDMA_BUILD:-$PWD}
DEADLINE=${DEADLINE:-30} # seconds, for any single condition
LIMIT=${LIMIT:-180}      # seconds, for any single program
MTU=9000
LAB=${LAB:-urdma-$$}
dir=                     # sockets, configurations, logs: made by lab_dir

declare -gA ip4=([a]=10.70.0.1 [b]=10.70.0.2)
declare -gA ip6=([a]=fd00:70::1 [b]=fd00:70::2)
declare -gA side=([a]=10.71.0.1 [b]=10.71.0.2)
TRANSPORT=${TRANSPORT:-iwarp}

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# ---- conditions ----

# wait_for WHAT COMMAND...: until the command succeeds; says what never came.
wait_for() {
	local what=$1 end=$((SECONDS + DEADLINE))
	shift
	until "$@" 2>/dev/null; do
		if [ "$SECONDS" -ge "$end" ]; then
			complain "not within $DEADLINE s: $what"
			return 1
		fi
		sleep 0.05
	done
}

not() { ! "$@"; }

# ---- the two hosts ----

netns() { printf '%s-%s' "$LAB" "$1"; }

# host a|b|wire COMMAND...: in that host.  Under spawn it becomes the command.
host() {
	local h=$1
	shift
	${become:-} ip netns exec "$(netns "$h")" "$@"
}

lab_dir() {
	[ -d "$dir" ] || dir=$(mktemp -d "${TMPDIR:-/tmp}/$LAB.XXXXXX")
	chmod 755 "$dir" # programs of other users find their socket here
}

host_up() {
	ip netns add "$(netns "$1")"
	host "$1" ip link set lo up
}

# No IPv6 neighbours talking by themselves, and whole frames with checksums:
# packet sockets see what a real wire would carry.
interface_up() { # HOST INTERFACE
	# shellcheck disable=SC2016 # $0 is of the inner shell
	host "$1" sh -c 'echo 1 >"/proc/sys/net/ipv6/conf/$0/disable_ipv6"' "$2"
	if command -v ethtool >/dev/null; then
		host "$1" ethtool -K "$2" tx off gso off gro off >/dev/null
	fi
	host "$1" ip link set dev "$2" mtu "$MTU" up
}

# A cable from one host to the other: that interface in both.
cable_up() { # INTERFACE
	ip link add "$1" netns "$(netns a)" mtu "$MTU" type veth \
		peer name "$1" netns "$(netns b)" mtu "$MTU"
	interface_up a "$1"
	interface_up b "$1"
}

lab_up() {
	lab_dir
	host_up a
	host_up b
	cable_up net0
}

lab_up_impaired() {
	local h
	lab_dir
	host_up wire
	for h in a b; do
		host_up "$h"
		ip link add net0 netns "$(netns "$h")" mtu "$MTU" type veth \
			peer name "to_$h" netns "$(netns wire)" mtu "$MTU"
		interface_up "$h" net0
		interface_up wire "to_$h"
	done
	relay_start "$@"
}

# A second network, of the kernels' own: programs that connect queue pairs by
# number tell each other theirs over TCP.  Should its addresses be those of
# urdmad, too, the kernels answer for them nowhere else.
side_up() {
	local h
	ip link add side netns "$(netns a)" mtu "$MTU" type veth \
		peer name side netns "$(netns b)" mtu "$MTU"
	for h in a b; do
		host "$h" sysctl -q net.ipv4.conf.all.arp_ignore=1
		host "$h" ip address add "${side[$h]}/24" dev side
		# programs ask for addresses of families that the kernel has
		host "$h" ip address add "fd00:71::$h/64" dev side nodad
		host "$h" ip link set side up
	done
}

relay_start() {
	spawn relay host wire "$top_build/tests/netns/relay" "$@" to_a to_b
	wait_for 'the relay is ready' grep -q ready "$dir/relay.out"
}

# relay_counter a_to_b lost: as the relay says at its next SIGUSR1.
relay_counter() {
	local before pid
	before=$(wc -l <"$dir/relay.out")
	pid=$(<"$dir/relay.pid")
	kill -USR1 "$pid"
	wait_for 'the relay reports' relay_said_more_than "$before"
	tail -n 1 "$dir/relay.out" |
		sed -n "s/.*\"$1\":{[^}]*\"$2\":\([0-9]*\).*/\1/p"
}

# link_was_bad LEAST: so many frames were lost, and reordered, each way.
link_was_bad() {
	local way
	for way in a_to_b b_to_a; do
		within "lost $way" "$(relay_counter $way lost)" "$1" 99999999
		within "reordered $way" "$(relay_counter $way reordered)" \
			"$1" 99999999
	done
}

relay_said_more_than() { [ "$(wc -l <"$dir/relay.out")" -gt "$1" ]; }

# ---- processes ----

# spawn NAME COMMAND...: in the background; NAME.out, NAME.pid in $dir.
spawn() {
	local name=$1
	shift
	: >"$dir/$name.out"
	become='exec' "$@" </dev/null >"$dir/$name.out" 2>&1 &
	echo $! >"$dir/$name.pid"
}

running() { kill -0 "$(<"$dir/$1.pid")"; }

# wait_exit NAME: its exit status.  For a child of this very shell.
wait_exit() {
	local pid
	pid=$(<"$dir/$1.pid")
	DEADLINE=$((LIMIT + 10)) wait_for "$1 ends" not running "$1" ||
		return 124
	wait "$pid"
}

# ended_by_itself NAME: well or not (rping fails with 255), but neither by the
# limit of its time nor by a signal.
ended_by_itself() {
	local status=0
	wait_exit "$1" || status=$?
	[ "$status" -lt 124 ] || [ "$status" -eq 255 ] || {
		complain "exit status of $1: is $status, expected 0..123 or 255"
		return 1
	}
}

output() { cat "$dir/$1.out"; }

# cpu_us NAME: microseconds of processor time that its threads of now used;
# one may end while we look.
cpu_us() {
	{ cat "/proc/$(<"$dir/$1.pid")"/task/*/schedstat 2>/dev/null || true; } |
		awk '{ ns += $1 } END { printf "%.0f\n", ns / 1000 }'
}

uptime_us() { awk '{ printf "%.0f\n", $1 * 1000000 }' /proc/uptime; }

# pid_of HOST NAME: of the process so called, in that host.
pid_of() {
	local pid
	for pid in $(ip netns pids "$(netns "$1")"); do
		if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]; then
			echo "$pid"
			return
		fi
	done
	return 1
}

# Programs that a failed claim left running would spoil the next one.
programs_end() {
	local h pid
	for h in a b; do
		[ -e "/run/netns/$(netns "$h")" ] || continue
		for pid in $(ip netns pids "$(netns "$h")"); do
			case $(cat "/proc/$pid/comm" 2>/dev/null) in
			urdmad) ;;
			*) kill -KILL "$pid" 2>/dev/null || true ;;
			esac
		done
	done
}

kill_program() { # HOST NAME
	local pid
	pid=$(pid_of "$1" "$2") || return 0
	kill -KILL "$pid"
	wait_for "$2 is gone" not pid_of "$1" "$2"
}

# Everything that runs in a host, first asked, then killed.
kill_all_in() {
	local ns=$1 pids
	pids=$(ip netns pids "$ns" 2>/dev/null) || return 0
	[ -n "$pids" ] || return 0
	# shellcheck disable=SC2086 # a list
	kill $pids 2>/dev/null || true
	DEADLINE=5 wait_for "programs of $ns end" nobody_in "$ns" 2>/dev/null &&
		return
	pids=$(ip netns pids "$ns")
	# shellcheck disable=SC2086
	kill -KILL $pids 2>/dev/null || true
	DEADLINE=5 wait_for "killed programs of $ns are gone" nobody_in "$ns"
}

nobody_in() { [ -z "$(ip netns pids "$1")" ]; }

lab_down() {
	local h ns
	for h in a b wire; do
		ns=$(netns "$h")
		[ -e "/run/netns/$ns" ] || continue
		kill_all_in "$ns" || true
		ip netns del "$ns" || true
	done
	[ -z "$dir" ] || rm -rf "$dir"
	dir=
}

# Whatever happens, nothing is left behind.
lab_trap() {
	trap lab_down EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# ---- urdmad and its programs ----

config_default() { # HOST
	cat <<-END
	{ "ports": [ { "netdev": "net0", "ipv4_address": "${ip4[$1]}/24",
	               "transport": "$TRANSPORT" } ],
	  "sock_name": "$dir/$1.sock" }
	END
}

# Both hosts have an IPv6 address too.
with_ip6() {
	local h
	for h in a b; do
		config_default "$h" |
			jq ".ports[0].ipv6_address = \"${ip6[$h]}/64\"" \
				>"$dir/$h.json"
	done
}

# urdmad_start HOST [CONFIGURATION-FILE]
urdmad_start() {
	local h=$1 config=${2:-$dir/$1.json}
	[ -e "$config" ] || config_default "$h" >"$config"
	spawn "urdmad-$h" host "$h" "$top_build/urdmad" -c "$config"
	if ! wait_for "urdmad of $h serves or ends" urdmad_settled "$h" ||
		! running "urdmad-$h"; then
		sed 's/^/urdmad: /' "$dir/urdmad-$h.out" >&2
		return 1
	fi
}

urdmad_settled() {
	! running "urdmad-$1" || urdma "$1" show >/dev/null
}

urdmad_stop() {
	local pid
	pid=$(<"$dir/urdmad-$1.pid")
	kill "$pid"
	wait_for "urdmad of $1 ends" not running "urdmad-$1"
}

# urdma HOST SUBCOMMAND...
urdma() {
	local h=$1 sub=$2
	shift 2
	host "$h" "$top_build/urdma" "$sub" -s "$dir/$h.sock" "$@"
}

# program HOST COMMAND...: a verbs program in that host.
program() {
	local h=$1
	shift
	host "$h" timeout --foreground -k 5 "$LIMIT" \
		"$top_build/urdma" run -s "$dir/$h.sock" -- "$@"
}

other() { [ "$1" = a ] && echo b || echo a; }

# listening HOST PORT: an rdma_cm id of a program there listens.
listening() {
	urdma "$1" show --json | tr -d ' \n' |
		grep -q "\"state\":\"LISTEN\",\"local\":\"[^\"]*:$2\""
}

# server NAME HOST PORT COMMAND...: started, and waited for until it listens.
server() {
	local name=$1 h=$2 port=$3
	shift 3
	spawn "$name" program "$h" "$@"
	if ! wait_for "$1 listens on port $port or ends" \
		server_settled "$name" "$h" "$port" ||
		! running "$name" 2>/dev/null; then
		blame "$name" "$*"
	fi
}

server_settled() { ! running "$1" || listening "$2" "$3"; }

# finished NAME COMMAND: it ended well, else its output is shown.
finished() {
	local status=0
	wait_exit "$1" || status=$?
	[ "$status" -eq 0 ] || blame "$1" "$2" "exit status $status"
}

blame() { # NAME COMMAND [HOW]
	complain "'$2' did not do its work${3:+ ($3)}; it said:"
	output "$1" | tail -n 30 >&2
	return 1
}

# pair NAME HOST PORT SERVER... -- CLIENT...: the server in that host, the
# client in the other one; both end well.
pair() {
	local name=$1 h=$2 port=$3 serve=()
	shift 3
	while [ "$1" != -- ]; do
		serve+=("$1")
		shift
	done
	shift
	server "$name-server" "$h" "$port" "${serve[@]}" || return
	spawn "$name" program "$(other "$h")" "$@"
	finished "$name" "$*" || { output "$name-server" >&2; return 1; }
	finished "$name-server" "${serve[*]}"
}

# A socket of the kernel's listens.
socket_listening() { # HOST PORT
	host "$1" ss -Htln "sport = :$2" | grep -q .
}
