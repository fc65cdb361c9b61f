# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Programs and daemons are killed whatever they are doing, again and again:
# nothing hangs, and nothing is left in the kernel or the daemons.  Sourced by
# kmod_guest, whose functions these use.  URDMA_SEED=NUMBER: other choices.

kill_kinds=(rping ucmatose write_bw write_bw_cm rc_pingpong)
declare -A kill_comm=([rping]=rping [ucmatose]=ucmatose [write_bw]=ib_write_bw
	[write_bw_cm]=ib_write_bw [rc_pingpong]=ibv_rc_pingpong)
kill_count=0 # in this shell

# ---- a round ----

# words_of KIND SERVER-HOST HOST: the program and its options at that end, a
# line each; it would go on for long.
words_of() {
	local words gid
	gid=$(gid_index "$3")
	case $1 in
	rping) words=(rping -S 3000) ;;
	ucmatose) words=(ucmatose -c 3 -C 100000 -S 3000) ;;
	write_bw) words=(ib_write_bw -x "$gid" -d "urdma_$3") ;;
	write_bw_cm) words=(ib_write_bw -R -d "urdma_$3") ;;
	rc_pingpong) words=(ibv_rc_pingpong -n 1000000 -g "$gid" -d "urdma_$3") ;;
	esac
	[ "${words[0]}" != ib_write_bw ] || words+=(-F -n 1000000 -s 3000)
	case $1:$([ "$2" = "$3" ] && echo serves) in
	rping:serves) words+=(-s) ;;
	rping:) words+=(-c -a "${ip4[$2]}") ;;
	ucmatose:) words+=(-s "${ip4[$2]}") ;;
	*:) words+=("${ip4[$2]}") ;;
	esac
	printf '%s\n' "${words[@]}"
}

talk() { # KIND SERVER-HOST
	local c serve ask
	c=$(other "$2")
	mapfile -t serve < <(words_of "$1" "$2" "$2")
	mapfile -t ask < <(words_of "$1" "$2" "$c")
	spawn server program "$2" "${serve[@]}"
	[ $((RANDOM % 4)) = 0 ] || some_time
	spawn client program "$c" "${ask[@]}"
}

# some_time [MOST]: milliseconds; from before they listen until long after.
some_time() {
	local ms=$((RANDOM % ${1:-1200}))
	sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
}

kill_comm() { # HOST NAME
	local pid
	for pid in $(ip netns pids "$(netns "$1")"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || continue
		! kill -KILL "$pid" 2>/dev/null ||
			kill_count=$((kill_count + 1))
	done
}

kill_daemon() { # HOST
	# shellcheck disable=SC2154 # of lib.sh
	kill -KILL "$(<"$dir/urdmad-$1.pid")"
	kill_count=$((kill_count + 1))
}

# Also one that has only now become that program.
ended() { # NAME KIND
	running "$1" || return 0
	kill_comm a "${kill_comm[$2]}"
	kill_comm b "${kill_comm[$2]}"
	! running "$1"
}

# Those that were to wait for ever, too, and the daemons are back.
round_ends() { # KIND NAME...
	local h name kind=$1
	shift
	for name; do
		wait_for "$name is gone" ended "$name" "$kind"
	done
	for h in a b; do
		running "urdmad-$h" 2>/dev/null && continue
		wait_for "urdma_$h is gone" device_is_gone "$h"
		daemon_up "$h"
		wait_for "a GID of urdma_$h" has_gid "$h"
	done
}

has_gid() { gid_index "$1" >/dev/null; }

# kill_round DAEMONS: which of the four is a number; with 0 programs alone.
kill_round() {
	local kind=${kill_kinds[RANDOM % ${#kill_kinds[@]}]} h=a which
	[ $((RANDOM % 2)) = 0 ] || h=b
	which=$((RANDOM % ($1 ? 15 : 3) + 1))
	[ $((which >> 2)) != 0 ] || [ "$1" = 0 ] || which=$((which | 4))
	talk "$kind" "$h"
	some_time
	[ $((which & 1)) = 0 ] || kill_comm a "${kill_comm[$kind]}"
	[ $((which & 4)) = 0 ] || kill_daemon a
	[ $((which & 2)) = 0 ] || kill_comm b "${kill_comm[$kind]}"
	[ $((which & 8)) = 0 ] || kill_daemon b
	some_time 500
	round_ends "$kind" client server ||
		{ complain "$kind, $h served, killed: $which"; return 1; }
}

# Many at once, to a server that stays or is killed with them.
connect_round() {
	local i
	pid_of a rping >/dev/null ||
		server server a 7174 rping -s -P -a "${ip4[a]}"
	for i in 1 2 3 4; do
		spawn "client$i" program b rping -c -a "${ip4[a]}" -S 1000
	done
	some_time
	[ $((RANDOM % 3)) != 0 ] || kill_comm a rping
	kill_comm b rping
	for i in 1 2 3 4; do
		wait_for "client$i is gone" ended_here "client$i"
	done
}

ended_here() { # NAME
	running "$1" || return 0
	kill_comm b rping
	! running "$1"
}

# ---- many of them ----

nothing_left() {
	local h
	for h in a b; do
		if [ "$TRANSPORT" = roce ]; then
			no_roce_resources "urdma_$h" || return
		else
			no_resources "urdma_$h" || return
		fi
	done
}

# rounds COUNT SECONDS COMMAND...: as many as there is time for.  Choices are
# the seed's, also of a subshell.
rounds() {
	local count=$1 end=$((SECONDS + $2)) round
	shift 2
	held >"$dir/held.before"
	RANDOM=$((${URDMA_SEED:-1} + count))
	for ((round = 0; round < count && SECONDS < end; round++)); do
		"$@" || { complain "round $round"; return 1; }
	done
	kill_comm a rping
	wait_for 'nothing is left' nothing_left
	pings a 64
	echo "$round $kill_count" >"$dir/killed"
}

# ---- what is held ----

# A line each "WHAT NUMBER": objects of the kernel by their size, once its
# caches have given back what they only keep; pinned pages; what the module and
# the daemons have.
held() {
	local cache h pid
	echo 3 >/proc/sys/vm/drop_caches
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
	awk '/^(kmalloc-|task_struct|mm_struct|vm_area|shmem_inode|sock_inode)/ {
		print $1, $2 }' /proc/slabinfo
	awk '{ print "open", $1 }' /proc/sys/fs/file-nr
	awk '$1 == "nr_foll_pin_acquired" { n += $2 }
		$1 == "nr_foll_pin_released" { n -= $2 }
		END { print "pinned-pages", n }' /proc/vmstat
	awk '$1 == "urdma" { print "module-users", $3 }' /proc/modules
	for h in a b; do
		pid=$(<"$dir/urdmad-$h.pid")
		echo "urdmad-$h-files" "$(find "/proc/$pid/fd" -mindepth 1 |
			wc -l)"
		echo "urdmad-$h-mappings" "$(wc -l <"/proc/$pid/maps")"
		awk -v h="$h" '$1 == "RssAnon:" {
			print "urdmad-" h "-kB", $2 }' "/proc/$pid/status"
		urdma "$h" show --json | jq -r --arg h "$h" '.devices[0] |
			to_entries[] | select(.key | IN("qps", "cqs", "srqs",
				"pds", "ahs", "keys", "connections",
				"buffers_used")) |
			"urdmad-\($h)-\(.key) \(.value)"'
	done
}

# Than $dir/held.before.  What is lost once a round shows; what comes and goes by
# itself (other objects of the same size, a daemon's heap) does not.  The kernel
# counts all of a slab that a processor allocates from as in use, and in one
# there is room for many small objects.
not_more() {
	local done_rounds
	read -r done_rounds _ <"$dir/killed"
	held >"$dir/held.after"
	join <(sort "$dir/held.before") <(sort "$dir/held.after") >"$dir/held"
	awk -v few="$((done_rounds / 4 + 8))" '
		{ may = few }
		$1 ~ /^(kmalloc|[a-z_]+$)/ { may += 64 }
		$1 ~ /^kmalloc-(cg-)?(8|16|32|64|96)$/ { may += 448 }
		$1 ~ /^(pinned|module)/ { may = 0 }
		$1 ~ /-files$/ { may = 3 }
		$1 ~ /-kB$/ { may = few * 64 }
		$3 - $2 > may { print $1, "grew from", $2, "to", $3; bad = 1 }
		END { exit bad }' "$dir/held" >"$dir/grown"
}

# Soon; much is freed some time after its use.
lost_nothing() {
	wait_for 'the kernel and the daemons hold no more than before' \
		not_more || { cat "$dir/grown"; return 1; }
}

tell_held() { # SECONDS
	local done_rounds kills
	read -r done_rounds kills <"$dir/killed"
	say "# $done_rounds rounds, $kills killed, $1 s; what changed:"
	awk '$2 != $3 { print "#   " $1, $2, "->", $3 }' "$dir/held"
}

killing() { # WHAT ROUNDS SECONDS COMMAND...
	local what=$1 began=$SECONDS
	shift
	echo 0 0 >"$dir/killed"
	claim "$TRANSPORT: killed $what" rounds "$@"
	claim "$TRANSPORT: killed $what leave nothing behind" lost_nothing
	tell_held $((SECONDS - began))
}

# kills_claims ROUNDS SECONDS: of programs alone, of many clients, of daemons.
# The first few are to warm up: what is kept for the next time is made then.
kills_claims() {
	claim "$TRANSPORT: a few kills first" rounds 5 60 kill_round 1
	killing programs "$1" $(($2 / 2)) kill_round 0
	killing 'clients, four at once' $(($1 / 3)) $(($2 / 6)) connect_round
	killing 'programs and daemons' $(($1 / 3)) $(($2 / 3)) kill_round 1
}
