/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Closes descriptors that came from a program, in a thread: close(2) of a
 * socket that lingers, of a file whose file system flushes, or of a socket in
 * whose queue such a one lies, blocks for as long as it likes.  One for each
 * user, so that what is stuck keeps no descriptor of anybody else's open.
 */
#ifndef URDMA_URDMAD_CLOSER_H
#define URDMA_URDMAD_CLOSER_H

struct closer;

/* The thread is made when it is needed.  NULL: out of memory. */
struct closer *closer_create(void);
/* Whatever is still to be closed will be.  NULL is fine. */
void closer_end(struct closer *closer);

/* Soon.  In this thread if there can be no other. */
void closer_close(struct closer *closer, int fd);
/* How many are not closed yet. */
unsigned int closer_backlog(struct closer *closer);

#endif
