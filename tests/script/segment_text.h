/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A segment as a script writes it: "P. 1:101(100) ack 1 win 5 <mss 5,sackOK>".
 * Numbers count from the initial ones of the sender (seq) and the other (ack,
 * SACK blocks).
 */
#ifndef URDMA_TESTS_SEGMENT_TEXT_H
#define URDMA_TESTS_SEGMENT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/segment.h"

enum field {
	F_WIN = 1,
	F_MSS = 2,
	F_WSCALE = 4,
	F_TS = 8,
	F_SACK_OK = 16,
	F_ECT = 32
};

/* A line's segment; `fields` were named. */
struct spec {
	struct tcp_segment seg;
	unsigned int fields;
};

/* False: the text is no segment.  Changes the text. */
bool segment_parse(struct spec *spec, char *text, uint32_t seq, uint32_t ack);

/* All that the text named is in seg; SACK blocks even if it named none. */
bool segment_matches(const struct spec *spec, const struct tcp_segment *seg);

/* In the same language, with a line end. */
void segment_print(const struct tcp_segment *seg, uint32_t seq, uint32_t ack);

#endif
