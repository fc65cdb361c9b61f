# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The rows of the matrix of interoperation: a line is a program and its
# options, as interop_guest (which sources this) runs it between urdma and a
# peer, each of them as server.

# ---- siw ----

siw_everything() {
	rows_of '' <<-END
	rping -S 64
	rping -S 65535
	ucmatose -c 3 -C 5 -S 3000
	ucmatose -c 16 -C 5 -S 100
	rdma_server
	refused
	killed
	ib_write_bw -R -n 5 -a
	ib_read_bw -R -n 5 -a
	ib_send_bw -R -n 5 -a
	ib_write_bw -R -n 21 -s 100000 -b
	ib_read_bw -R -n 21 -s 100000 -b
	ib_send_bw -R -n 21 -s 3000 -b
	ib_write_bw -R -n 21 -s 3000 -q 4
	ib_read_bw -R -n 21 -s 3000 -q 4
	ib_send_bw -R -n 21 -s 3000 -q 4
	ib_send_bw -R -n 21 -s 3000 -e
	ib_send_bw -R -n 21 -s 3000 --use-srq
	ib_write_lat -R -n 21 -s 20000
	ib_read_lat -R -n 21 -s 20000
	ib_send_lat -R -n 21 -s 20000
	END
}

siw_few() {
	cat <<-END
	rping -S 30000
	ib_write_bw -R -n 21 -s 100000
	ib_read_bw -R -n 21 -s 100000
	ib_send_bw -R -n 21 -s 100000
	END
}

siw_ip6() {
	rows_of ', IPv6' <<-END
	rping -S 64
	rping -S 65535
	ucmatose -c 3 -C 5 -S 3000
	END
}

siw_lossy() {
	rows_of ', 1 % lost' <<-END
	rping -S 65535
	ucmatose -c 3 -C 20 -S 30000
	rdma_server
	ib_write_bw -R -n 100 -s 100000
	ib_read_bw -R -n 100 -s 100000
	ib_send_bw -R -n 100 -s 100000
	END
}

# siw_variant NAME WHAT [CHECK ARGUMENT...]: rows come in standard input.
siw_variant() {
	local variant=$1 rows
	shift
	rows=$(wanted "$1")
	[ -n "$rows" ] || return 0
	claim "$mode: siw/$variant comes" peer_comes "$variant"
	rows_of "$@" <<<"$rows"
	claim "$mode: siw/$variant goes" peer_goes
}

# The CRCs that siw was made to require it asks for as initiator only: its Reply
# repeats the Request's flag (siw_cm.c, siw_proc_mpareq).
siw_crcs() {
	claim "$mode: urdmad without mpa_crc comes" urdma_comes false
	siw_variant stock ', no CRCs' cell_crc off off < <(siw_few)
	siw_variant crc ', CRCs for siw' cell_crc off on < <(siw_few)
	claim "$mode: urdmad without mpa_crc goes" urdma_goes
}

siw_matrix() {
	claim "$mode: urdmad comes" urdma_comes true
	claim "$mode: siw comes" peer_comes stock
	siw_everything
	rows_of ', CRCs' cell_crc on on <<<'rping -S 30000'
	over_ip6 siw_ip6
	with_loss siw_lossy
	claim "$mode: siw goes" peer_goes
	siw_variant crc ', CRCs for both' cell_crc on on < <(siw_few)
	siw_variant gso ', FPDUs longer than a segment' < <(siw_few)
	siw_variant p2p ', peer to peer' < <(siw_few)
	siw_variant rev1 ', MPA revision 1' < <(siw_few)
	claim "$mode: urdmad goes" urdma_goes
	siw_crcs
}

# ---- rxe ----

# -o: perftest lets a client have as many READs under way as its server's device
# can answer, whatever its own can; rxe has 128, urdmad 16.
rxe_by_number() {
	rows_of '' <<-END
	ibv_rc_pingpong -n 200 -c
	ibv_rc_pingpong -n 200 -e
	ibv_rc_pingpong -n 20 -s 1000000 -m 256 -c
	ibv_uc_pingpong -n 200
	ibv_srq_pingpong -n 200
	ibv_ud_pingpong -n 200
	ib_write_bw -n 5 -a
	ib_read_bw -n 5 -a -o 16
	ib_send_bw -n 5 -a
	ib_write_bw -n 21 -s 100000 -b -q 4
	ib_read_bw -n 21 -s 100000 -b -q 4 -o 16
	ib_send_bw -n 21 -s 100000 -b
	ib_write_lat -n 21 -s 20000
	ib_read_lat -n 21 -s 20000 -o 16
	ib_send_lat -n 21 -s 20000 -m 1024
	ib_atomic_bw -n 21 -A FETCH_AND_ADD -o 16
	ib_atomic_bw -n 21 -A CMP_AND_SWAP -o 16
	ib_atomic_lat -n 21 -A FETCH_AND_ADD -o 16
	ib_write_bw -n 21 -c UC -s 3000
	ib_send_bw -n 21 -c UC -s 3000
	ib_send_bw -n 21 -c UD -s 1024 -r 128
	END
}

rxe_by_cm() {
	rows_of '' <<-END
	rping -S 64
	rping -S 65535
	ucmatose -c 3 -C 5 -S 3000
	ucmatose -c 16 -C 5 -S 100
	rdma_server
	udaddy -C 1
	refused
	killed
	ib_write_bw -R -n 50 -s 100000
	ib_write_bw -R -n 5 -a
	ib_read_bw -R -n 5 -a -o 16
	ib_send_bw -R -n 5 -a
	ib_atomic_bw -R -n 21 -o 16
	ib_write_lat -R -n 21
	ib_send_bw -R -n 21 -s 3000 -e
	ib_send_bw -R -n 21 -s 3000 --use-srq
	ib_send_bw -R -n 21 -c UD -s 1024 -r 128
	END
}

rxe_ip6() {
	rows_of ', IPv6' <<-END
	rping -S 64
	rping -S 65535
	ucmatose -c 3 -C 5 -S 3000
	udaddy -C 1
	ibv_rc_pingpong -n 200 -c
	ib_write_bw -n 21 -s 100000
	ib_read_bw -n 21 -s 100000 -o 16
	ib_send_bw -n 21 -s 100000
	ib_atomic_bw -n 21 -o 16
	END
}

rxe_lossy() {
	rows_of ', 1 % lost' <<-END
	rping -S 65535
	ucmatose -c 3 -C 20 -S 30000
	rdma_server
	ibv_rc_pingpong -n 200 -c
	ib_write_bw -n 100 -s 100000
	ib_read_bw -n 100 -s 100000 -o 16
	ib_send_bw -n 100 -s 100000
	ib_atomic_bw -n 100 -A FETCH_AND_ADD -o 16
	ib_atomic_bw -n 100 -A CMP_AND_SWAP -o 16
	END
}

rxe_matrix() {
	claim "$mode: urdmad comes" urdma_comes true
	claim "$mode: rxe comes" peer_comes
	rxe_by_number
	rxe_by_cm
	over_ip6 rxe_ip6
	with_loss rxe_lossy
	claim "$mode: rxe goes" peer_goes
	claim "$mode: urdmad goes" urdma_goes
}
