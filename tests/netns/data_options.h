/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the data test is told.  Both ends are told the same, save the address.
 */
#ifndef URDMA_TESTS_DATA_OPTIONS_H
#define URDMA_TESTS_DATA_OPTIONS_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

struct data_options {
	uint64_t seed;
	uint64_t operations;	  /* of each initiator */
	enum ibv_qp_type service; /* of all connections but 0 */
	uint32_t connections;	  /* connection 0 is one of them */
	uint32_t max_len;
	uint32_t pieces;      /* of a request */
	uint32_t read_pieces; /* of the sink of a READ */
	bool by_number;	      /* connect all but 0 without rdma_cm */
	bool immediates;
	bool lossy;	     /* datagrams may be lost, late and doubled */
	bool events;	     /* wait for completion events instead of polling */
	const char *address; /* NULL: the server */
};

extern struct data_options options;

/* Into `options`; ends the program if they make no sense. */
void data_options_parse(int argc, char **argv);

#endif
