/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A TAP interface of the kernel: what urdmad writes to it the kernel receives,
 * what the kernel sends there urdmad reads, whole Ethernet frames without
 * checksum each time.  It goes away with the descriptor.
 */
#ifndef URDMA_URDMAD_TAP_H
#define URDMA_URDMAD_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TAP_NAME_MAX = 15 }; /* IFNAMSIZ with its zero is 16 */

struct tap_setup {
	const char *name; /* at most TAP_NAME_MAX characters */
	uint8_t mac[6];
	uint32_t mtu;
	uint8_t ipv4[4]; /* becomes the interface's address */
	uint8_t prefix_len;
	bool has_ipv6; /* and so does this, beside the link-local one */
	uint8_t ipv6[16];
	uint8_t ipv6_prefix_len;
};

struct tap {
	int fd;
	unsigned int ifindex;
};

/* Makes the interface and brings it up.  0, or a negative errno and in *step
 * what could not be done. */
int tap_open(struct tap *tap, const struct tap_setup *setup, const char **step);
void tap_close(struct tap *tap); /* also after a tap_open that failed */

/* One frame: its length, 0: there is none now, or a negative errno. */
ssize_t tap_read(const struct tap *tap, void *frame, size_t room);
/* False: the kernel does not take it. */
bool tap_write(const struct tap *tap, const void *frame, size_t len);

#endif
