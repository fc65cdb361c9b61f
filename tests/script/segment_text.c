// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "segment_text.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"

static const char letters[] = "FSRP.UEW";

static uint8_t flag_of(char letter)
{
	const char *at = strchr(letters, letter);

	return at && letter ? BIT(at - letters) : 0;
}

static void parse_option(struct spec *spec, char *text, uint32_t sack_base)
{
	struct tcp_segment *seg = &spec->seg;
	unsigned int a, b;

	if (sscanf(text, "mss %u", &a) == 1) {
		seg->mss = a;
		spec->fields |= F_MSS;
	} else if (sscanf(text, "wscale %u", &a) == 1) {
		seg->wscale = a;
		spec->fields |= F_WSCALE;
	} else if (!strcmp(text, "ce")) {
		seg->ce = true;
	} else if (!strcmp(text, "ect") || !strcmp(text, "no ect")) {
		seg->ect = *text == 'e';
		spec->fields |= F_ECT;
	} else if (!strcmp(text, "sackOK")) {
		seg->sack_permitted = true;
		spec->fields |= F_SACK_OK;
	} else if (sscanf(text, "TS val %u ecr %u", &a, &b) == 2) {
		seg->has_timestamps = true;
		seg->ts_val = a;
		seg->ts_ecr = b;
		spec->fields |= F_TS;
	} else if (sscanf(text, "sack %u:%u", &a, &b) == 2 &&
		   seg->sack_count < TCP_SACK_MAX) {
		seg->sack[seg->sack_count].left = sack_base + a;
		seg->sack[seg->sack_count++].right = sack_base + b;
	}
}

bool segment_parse(struct spec *spec, char *text, uint32_t seq, uint32_t ack)
{
	struct tcp_segment *seg = &spec->seg;
	unsigned int first, last, len, number;
	char flags[9];
	char *part;

	*spec = (struct spec){ .seg.wscale = TCP_NO_WSCALE };
	if (sscanf(text, "%8s %u:%u(%u)", flags, &first, &last, &len) != 4 ||
	    first + len != last)
		return false;
	seg->seq = seq + first;
	seg->len = len;
	for (const char *p = flags; *p; p++)
		seg->flags |= flag_of(*p);
	if ((part = strstr(text, " ack ")) &&
	    sscanf(part, " ack %u", &number) == 1)
		seg->ack = ack + number;
	if ((part = strstr(text, " win ")) &&
	    sscanf(part, " win %u", &number) == 1) {
		seg->wnd = number;
		spec->fields |= F_WIN;
	}
	if (!(part = strchr(text, '<')))
		return true;
	for (part = strtok(part + 1, ",>"); part; part = strtok(NULL, ",>"))
		parse_option(spec, part, ack);
	return true;
}

static bool same_sack(const struct tcp_segment *a, const struct tcp_segment *b)
{
	return a->sack_count == b->sack_count &&
	       !memcmp(a->sack, b->sack, a->sack_count * sizeof(a->sack[0]));
}

bool segment_matches(const struct spec *spec, const struct tcp_segment *seg)
{
	const struct tcp_segment *want = &spec->seg;
	unsigned int fields = spec->fields;

	if (want->flags != seg->flags || want->seq != seg->seq ||
	    want->len != seg->len || !same_sack(want, seg))
		return false;
	if (want->flags & TCP_ACK && want->ack != seg->ack)
		return false;
	if (fields & F_WIN && want->wnd != seg->wnd)
		return false;
	if (fields & F_MSS && want->mss != seg->mss)
		return false;
	if (fields & F_ECT && want->ect != seg->ect)
		return false;
	if (fields & F_WSCALE && want->wscale != seg->wscale)
		return false;
	if (fields & F_SACK_OK && !seg->sack_permitted)
		return false;
	return !(fields & F_TS) ||
	       (seg->has_timestamps && want->ts_val == seg->ts_val &&
		want->ts_ecr == seg->ts_ecr);
}

void segment_print(const struct tcp_segment *seg, uint32_t seq, uint32_t ack)
{
	for (unsigned int i = 0; i < 8; i++)
		if (seg->flags & BIT(i))
			putchar(letters[i]);
	printf(" %u:%u(%u)", seg->seq - seq, seg->seq - seq + seg->len,
	       seg->len);
	if (seg->flags & TCP_ACK)
		printf(" ack %u", seg->ack - ack);
	printf(" win %u", seg->wnd);
	if (seg->ect)
		printf(" ect");
	for (unsigned int i = 0; i < seg->sack_count; i++)
		printf(" sack %u:%u", seg->sack[i].left - ack,
		       seg->sack[i].right - ack);
	putchar('\n');
}
