# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the tests of perftest over rdma_cm (-R) share: each of its eight
# programs with every combination of -a (all sizes), -b (both ways), -q 16 and
# -e (sleeping) that perftest 4.5 itself takes.  It refuses these, before it
# looks for a device:
#
#   ib_write_bw, ib_write_lat   -e      "not available on WRITE verb"
#   ib_*_lat                    -b      "only available in BW test"
#   ib_*_lat                    -q 16   "only available on bw tests"
#
# and -I (inline) is ignored for devices that it does not know.
#
# Not tried: ib_send_bw -b -e, which sleeps until a message comes, and then only
# looks whether its own are sent.  If the last message came before the last of
# its own is acknowledged it sleeps for ever: rarely with one queue pair and one
# size, often with more.  With --use-srq and -q 16, even a deadlock of its
# own.  Who owes its peer a credit polls until a SEND of its own has completed,
# and posts no RECV meanwhile.  When both do so and both shared queues are empty
# (seen: every RECV taken, all 16 queue pairs of both sides waiting), each
# waits for the other until recv_wait_ms ends the connections.
#
# Source lib.sh and tap.sh first.

port=18515

# Lines of the result table: 2, 4 ... 8388608 with -a, else one.  A datagram is
# at most a path MTU.
expected_rows() {
	case " $* " in
	*' -c UD'*' -a'*' -m 256 '*) echo 8 ;;
	*' -c UD'*' -a'*' -m 512 '*) echo 9 ;;
	*' -c UD'*' -a'*' -m 1024 '*) echo 10 ;;
	*' -c UD'*' -a'*' -m 2048 '*) echo 11 ;;
	*' -c UD'*' -a '*) echo 12 ;;
	*' -a '*) echo 23 ;;
	*) echo 1 ;;
	esac
}

# Without the two lines of each queue pair, which leave no room for the reason.
output() { grep -v -e '^ GID: ' -e ' QPN 0x' "$dir/$1.out"; }

rows() { awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ && NF >= 4' "$dir/$1.out" | wc -l; }

# Few repetitions: what is claimed is that it works, not how fast it is.  But
# ib_send_bw -e can wait for itself: the message that would fill its peer's
# queue waits for the server's credits, for which the client does not look while
# it sleeps.  The queue is as deep as there are messages, up to 512, and one
# deeper if their number is odd: then none ever waits.  Not so with -a: there
# each size that matters is tried by itself.
iterations() {
	case " $* " in
	# a queue's depth is at most -n, and no less than the queue pairs
	*' -a'*' -q '*' --use-srq'*) echo 65 ;;
	*' -c U'*' -a '*) echo 20 ;;
	*' -c U'*' -q 64 '*) echo 30 ;;
	*' -c U'*' -Q 5 '*) echo 95 ;;
	*' -c U'*) echo 99 ;; # what is not reliable may not wait in line
	*' -q 256 '*) echo 50 ;;
	*' -a'*' -q '*) echo 5 ;;
	*' -a '*) echo 20 ;;
	*' -s 1048576 '*) echo 25 ;;
	*' -q 64'*' --use-srq '*) echo 200 ;;
	*' -q 64 '*) echo 100 ;;
	*ib_send_bw*' -e '*) echo 495 ;;
	*) echo 500 ;;
	esac
}

perftest() { # SERVER-HOST PROGRAM OPTION...
	local h=$1 n command
	n=$(iterations "$@")
	shift
	command=("$@" -R -F -n "$n" -p "$port")
	pair perftest "$h" $port "${command[@]}" -- \
		"${command[@]}" "${ip4[$h]}"
	expect 'rows of the result' "$(rows perftest)" "$(expected_rows "$@")" ||
		{ output perftest; return 1; }
}

refused() { # WHY PROGRAM OPTION...
	local why=$1 said
	shift
	said=$(program a "$@" -R 2>&1) && return 1
	grep -q "$why" <<<"$said"
}

# combine PROGRAM OPTION...: one line each, every subset of the options
combine() {
	local program=$1 i line n subset
	shift
	n=$#
	for ((subset = 0; subset < 1 << n; subset++)); do
		line=$program
		for ((i = 0; i < n; i++)); do
			((subset & 1 << i)) && line+=" ${*:i+1:1}"
		done
		echo "$line"
	done
}

combinations() {
	combine ib_write_bw -a -b '-q 16'
	combine ib_read_bw -a -b '-q 16' -e
	combine ib_send_bw -a -b '-q 16'
	combine 'ib_send_bw -e' '-q 16'
	combine 'ib_send_bw -e -s 2'
	combine 'ib_send_bw -e -s 8192'
	combine 'ib_send_bw -e -s 1048576'
	combine ib_write_lat -a
	combine ib_read_lat -a -e
	combine ib_send_lat -a -e
	combine 'ib_send_bw --use-srq' -b
	combine 'ib_send_bw --use-srq -e'
	combine 'ib_send_bw --use-srq -q 16' -b
	combine 'ib_send_bw --use-srq -q 16 -e'
	combine 'ib_send_lat --use-srq' -e
	combine 'ib_atomic_bw -A FETCH_AND_ADD' -b '-q 16' -e
	combine 'ib_atomic_bw -A CMP_AND_SWAP' -b
	combine 'ib_atomic_lat -A FETCH_AND_ADD' -e
	combine 'ib_atomic_lat -A CMP_AND_SWAP'
	# completions of every request, of every 7th, of one in 100 (usual);
	# with -b perftest hangs if -n is no multiple of it
	combine 'ib_write_bw -Q 1'
	combine 'ib_read_bw -Q 7'
	combine 'ib_send_bw -Q 5' -b
	combine 'ib_write_bw -q 256 -s 1024' -b
	combine 'ib_send_bw -q 256 -s 1024'
	combine 'ib_atomic_bw -q 256 -A FETCH_AND_ADD'
}

# For the long run: all sizes on 16 queue pairs, where perftest fills gigabytes
# before it begins.
sensible() {
	if [ -n "${URDMA_LONG:-}" ]; then
		cat
	else
		grep -v -e '-a .*-q 16'
	fi
}
