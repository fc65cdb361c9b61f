/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An urdmad without a network, for tests of the program's side: it checks the
 * form of every request by <urdma/control.h>, keeps numbers for objects, and
 * makes the events that a test asks for.
 *
 * The test's own requests are datagrams of text on <socket>.ctl:
 *
 *	comp CQ			a completion event of that CQ
 *	async ELEMENT TYPE	an async event in the last verbs session
 *	cm ID EVENT UID		an event of a cm id
 *	version N		what HELLO says from now on
 *	count OP		answered with how often it was asked for
 *	sessions		answered with how many are open
 *
 * Each is answered with a datagram: a number, or "?".
 */
#ifndef URDMA_TESTS_FAKE_URDMAD_H
#define URDMA_TESTS_FAKE_URDMAD_H

/* Serves until killed; writes the device tree first, then a line on `ready`.
 * `version` is what HELLO says. */
int fake_urdmad_run(const char *socket, unsigned int version, int ready);

#endif
