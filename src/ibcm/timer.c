// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What time does to connections. */
#include "ibcm/ibcm_priv.h"

nsec_t ibcm_deadline(const struct ibcm *ibcm)
{
	nsec_t conns = timerq_first(&ibcm->timers);
	nsec_t waiting = ibcm_linger_deadline(&ibcm->linger);

	return conns < waiting ? conns : waiting;
}

/* Nobody answered the last attempt. */
static void give_up(struct ibcm_conn *conn, nsec_t now)
{
	switch (conn->state) {
	case IBCM_ST_REQ_SENT:
	case IBCM_ST_REP_SENT:
		ibcm_conn_send_reject(conn, IBCM_REJ_TIMEOUT, NULL, 0);
		ibcm_conn_tell(conn, IBCM_EV_UNREACHABLE);
		break;
	case IBCM_ST_SIDR_SENT:
		ibcm_conn_tell(conn, IBCM_EV_UNREACHABLE);
		break;
	default: /* DREQ_SENT */
		ibcm_conn_tell(conn, IBCM_EV_DISCONNECTED);
		break;
	}
	ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, now);
}

static void attempt(struct ibcm_conn *conn, nsec_t now)
{
	if (conn->tries == 0) {
		give_up(conn, now);
		return;
	}
	conn->tries--;
	ibcm_conn_resend(conn);
	timerq_set(&conn->ibcm->timers, &conn->timer, now + conn->interval);
}

/* The owner never answered; the peer has long given up. */
static void lose_patience(struct ibcm_conn *conn, nsec_t now)
{
	conn->reason = IBCM_REJ_TIMEOUT;
	conn->said_len = 0;
	if (conn->state != IBCM_ST_SIDR_RCVD)
		ibcm_conn_send_reject(conn, IBCM_REJ_TIMEOUT, NULL, 0);
	ibcm_conn_tell(conn, IBCM_EV_REJECTED);
	ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, now);
}

static void expire(struct ibcm_conn *conn, nsec_t now)
{
	if (ibcm_state_resends(conn->state)) {
		attempt(conn, now);
	} else if (conn->state == IBCM_ST_TIMEWAIT) {
		if (conn->was_up)
			ibcm_conn_tell(conn, IBCM_EV_TIMEWAIT_EXIT);
		ibcm_conn_enter(conn, IBCM_ST_OVER, now);
	} else {
		lose_patience(conn, now);
	}
}

void ibcm_expire(struct ibcm *ibcm, nsec_t now)
{
	struct timer *timer;

	while ((timer = timerq_expired(&ibcm->timers, now)))
		expire(list_member(timer, struct ibcm_conn, timer), now);
	if (ibcm_linger_deadline(&ibcm->linger) <= now)
		ibcm_input_waiting(ibcm, now);
}
