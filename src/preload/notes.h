/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What must be remembered of urdmad's objects on the program's side: numbers by
 * session and handle.  It needs no lock; a note's memory is used again but
 * never given back, so there is as much as there were objects at one time.
 */
#ifndef URDMA_PRELOAD_NOTES_H
#define URDMA_PRELOAD_NOTES_H

#include <stdbool.h>
#include <stdint.h>

enum note_kind {
	NOTE_CQ_CHANNEL = 1, /* handle of a CQ -> inode of its channel */
	NOTE_CM_UID,	     /* a cm id -> the program's name for it */
	NOTE_MR_START,	     /* a memory region -> its address */
	NOTE_MR_LENGTH,	     /* its bytes */
	NOTE_MR_RIGHTS,	     /* its access flags and more: uverbs_mr.c */
};

/* False: no memory. */
bool note_put(enum note_kind kind, uint64_t session, uint32_t handle,
	      uint64_t value);

/* False: there is none. */
bool note_get(enum note_kind kind, uint64_t session, uint32_t handle,
	      uint64_t *value);

void note_drop(enum note_kind kind, uint64_t session, uint32_t handle);

/* Takes any one note of a session away; false: no more. */
bool note_take_any(enum note_kind kind, uint64_t session, uint32_t *handle,
		   uint64_t *value);

#endif
