// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/early.h"

#include <stdlib.h>
#include <string.h>

#include "base/serial.h"

struct roce_early_packet {
	struct roce_packet pkt;
	uint8_t payload[];
};

static struct roce_early_packet **slot(const struct roce_early *early,
				       uint32_t psn)
{
	return &early->slots[psn % ROCE_EARLY_MAX];
}

static void drop(struct roce_early *early, uint32_t psn)
{
	struct roce_early_packet **at = slot(early, psn);

	early->count -= *at != NULL;
	free(*at);
	*at = NULL;
}

void roce_early_destroy(struct roce_early *early)
{
	for (uint32_t i = 0; early->slots && i < ROCE_EARLY_MAX; i++)
		drop(early, i);
	free(early->slots);
	early->slots = NULL;
}

static struct roce_early_packet *copy(const struct roce_packet *pkt)
{
	struct roce_early_packet *kept =
		malloc(sizeof(*kept) + pkt->payload_len);

	if (!kept)
		return NULL;
	kept->pkt = *pkt;
	kept->pkt.payload = kept->payload;
	memcpy(kept->payload, pkt->payload, pkt->payload_len);
	return kept;
}

bool roce_early_keep(struct roce_early *early, const struct roce_packet *pkt,
		     uint32_t epsn)
{
	uint32_t beyond = psn_dist(epsn, pkt->psn);

	roce_early_advance(early, epsn);
	if (!beyond || beyond >= ROCE_EARLY_MAX)
		return false;
	if (!early->slots)
		early->slots = calloc(ROCE_EARLY_MAX, sizeof(*early->slots));
	if (!early->slots || *slot(early, pkt->psn))
		return false;
	*slot(early, pkt->psn) = copy(pkt);
	early->count += *slot(early, pkt->psn) != NULL;
	return *slot(early, pkt->psn);
}

void roce_early_advance(struct roce_early *early, uint32_t epsn)
{
	uint32_t passed = psn_dist(early->epsn, epsn);

	if (passed > ROCE_EARLY_MAX)
		passed = ROCE_EARLY_MAX;
	for (uint32_t i = 0; early->count && i < passed; i++)
		drop(early, psn_add(early->epsn, i));
	early->epsn = epsn;
}

const struct roce_packet *roce_early_next(const struct roce_early *early)
{
	const struct roce_early_packet *kept =
		early->count ? *slot(early, early->epsn) : NULL;

	return kept ? &kept->pkt : NULL;
}

uint32_t roce_early_high(const struct roce_early *early)
{
	uint32_t psn = psn_add(early->epsn, ROCE_EARLY_MAX - 1);

	while (psn != early->epsn && !*slot(early, psn))
		psn = psn_add(psn, PSN_MASK);
	return psn;
}
