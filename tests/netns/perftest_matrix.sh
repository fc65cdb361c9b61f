# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Every program of perftest on every service of RoCEv2 that it takes, with every
# subset of its options: all sizes (-a), both ways (-b), 64 queue pairs (-q),
# completions of one request in five (-Q), sleeping (-e) and a shared receive
# queue.  Source perftest.sh first.  A line is a cell: program and options.
#
# perftest 4.5 itself refuses these, before it looks for a device:
#
#   -c UC of READ and atomics        "UC connection not possible in READ/ATOMIC"
#   -c UD of all but SEND            "UD connection only possible in SEND verb"
#   --use-srq of all but SEND        "Using SRQ only avavilible in SEND tests"
#   -a of atomics                    "Message size cannot be changed for Atomic"
#   -e of WRITE, -b -q -Q of ib_*_lat     see perftest.sh
#   -R of UC                         "UC is not supported in librdmacm"
#
# It takes these, and cannot do them on any device:
#
#   ib_send_bw -b -e        sleeps for ever, see perftest.sh
#   ib_send_bw -a -e of RC  the same: three sizes stand for all
#   --use-srq -q 64 of UC and UD      a queue of as many RECVs as one of the 64
#                           queue pairs has messages: the others' are lost, and
#                           it waits for them
#   ib_send_bw -a of UC     megabytes with nothing that would stop the sender
#                           when the receiver is behind: it waits for what is
#                           lost (seen: 2 MiB, on a busy machine)
#   -e of more than 16 completions at once: it takes 16 for an event, and then
#                           waits for the next.  So 16 queue pairs instead of
#                           64 sleep, with one completion each (-t)
#
# and these not with -R:
#
#   --use-srq of UD, but a client that only sends     posts its first RECV to
#                           the queue pair, which has none of its own

matrix() {
	local c type
	for c in RC UC; do
		combine "ib_write_bw -c $c" -a -b '-q 64' '-Q 5'
		combine "ib_write_lat -c $c" -a
	done
	combine ib_read_bw -a -b '-q 64' '-Q 5' -e
	combine ib_read_lat -a -e
	for c in RC UC UD; do
		combine "ib_send_bw -c $c" -a -b '-q 64' '-Q 5' -e --use-srq
		combine "ib_send_lat -c $c" -a -e --use-srq
	done
	for type in FETCH_AND_ADD CMP_AND_SWAP; do
		combine "ib_atomic_bw -A $type" -b '-q 64' '-Q 5' -e
		combine "ib_atomic_lat -A $type" -e
	done
	for c in 2 8192 1048576; do
		combine "ib_send_bw -c RC -e -s $c" '-q 64' '-Q 5' --use-srq
	done
}

# Without what perftest cannot do.
possible() {
	awk '
	/ib_send_bw/ && / -b/ && / -e/ { next }
	/ib_send_bw -c RC/ && / -a/ && / -e/ { next }
	/-c U[CD]/ && /-q 64/ && /--use-srq/ { next }
	/ib_send_bw -c UC/ && / -a/ { next }
	/_bw/ && / -e/ {
		sub("-q 64", "-q 16")
		if (/-Q 5/)
			$0 = $0 (/-q 16/ ? " -t 5" : " -t 80")
	}
	{ print }'
}

# What is lost is not sent again, so RECVs for all messages are there from the
# start, and messages are small.
small() {
	sed -e '/ib_send_bw -c UC/{/ -a/!s/$/ -s 1024 -r 512/}' \
		-e '/ib_send_bw -c UD/{/ -a/!s/$/ -s 256 -r 512/}' \
		-e '/ib_write_bw -c UC/{/ -a/!s/$/ -s 8192/}'
}

# Those that go with -R.
by_cm() {
	awk '/-c UC/ || (/-c UD/ && /--use-srq/ && (/_lat/ || / -b/)) { next }
	{ print $0, "-R" }'
}

# Cells take turns with path MTUs; the largest messages on many queue pairs have
# the largest.
with_mtu() {
	awk 'BEGIN { split("256 512 1024 2048 4096", mtu) }
	/ -a/ && /-q / { print $0, "-m 4096"; next }
	{ print $0, "-m", mtu[i++ % 5 + 1] }'
}
