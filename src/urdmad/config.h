/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /etc/rdma/urdma.json as a structure: checked, with defaults filled in.
 * urdma.json(5) describes the keys.
 */
#ifndef URDMA_URDMAD_CONFIG_H
#define URDMA_URDMAD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CONFIG_ERROR_MAX = 512,
	CONFIG_MAX_PORTS = 64,
	CONFIG_MTU_MAX = 64000, /* a packet buffer's length has 16 bits */
	CONFIG_NAME_MAX = 63,	/* IBV_SYSFS_NAME_MAX with its zero is 64 */
};

struct port_config {
	unsigned int index; /* in `ports` */
	char *name;	    /* of the RDMA device */

	/* At most one of the three; none: the next port that DPDK probed. */
	char *netdev;
	char *pci_address;
	char *device; /* a DPDK vdev string */

	bool roce; /* transport; else iWARP */
	/* iWARP: "cubic" or "rate"; not this configuration's memory. */
	const char *congestion_control;
	bool mpa_crc;	 /* iWARP: CRCs are asked for */
	bool dcqcn;	 /* RoCE: congestion control */
	bool infiniband; /* RoCE: what the link is told to be; else Ethernet */
	bool has_ipv4;	 /* false: none given, the port cannot be used */
	uint8_t ipv4[4]; /* as on the wire */
	uint8_t prefix_len;
	bool has_ipv6; /* beside the link-local one */
	uint8_t ipv6[16];
	uint8_t ipv6_prefix_len;
	bool has_mac; /* false: port_mac_derive() */
	uint8_t mac[6];
	bool exception; /* the kernel shares the port (exception.h) */

	uint32_t mtu; /* IP packet bytes; 0: the interface's, else 1500 */
	uint32_t recv_wait_ms;
	uint32_t mpa_qpn_port; /* 0: no queue pairs by number */
	uint32_t max_qp;
	uint32_t rx_desc_count; /* frames */
	uint32_t tx_desc_count;
	uint32_t rx_burst_size;
	uint32_t tx_burst_size;
};

/* What all programs of one uid together may have. */
struct limits_config {
	uint32_t qp;
	uint32_t cqe;
	uint64_t mr_bytes;
	uint32_t fd; /* sessions, channels and memory descriptors */
};

struct config {
	struct port_config *ports;
	size_t port_count;
	char *sock_name;
	mode_t sock_mode;
	char *sock_group; /* NULL: the daemon's */
	/* More EAL arguments, "--log-level=7" ..., NULL-terminated. */
	char **eal_args;
	size_t eal_arg_count;
	struct limits_config limits;
	uint32_t stats_timer_interval_ms; /* 0: no statistics in the log */
	uint32_t mem_flags;		  /* enum urdma_mem_flags of `memory` */
	bool kernel; /* devices for all programs by the kernel module */
};

/* "FILE: KEY: found X, want Y" */
struct config_error {
	char text[CONFIG_ERROR_MAX];
};

/* 0, or -1 with `error` set and `config` empty. */
int config_load(struct config *config, const char *file,
		struct config_error *error);

/* The same of a text of `len` bytes with a zero behind them, and without the
 * file that messages call it by. */
int config_parse(struct config *config, const char *file, const char *text,
		 size_t len, struct config_error *error);

void config_free(struct config *config);

/* With `kernel`: can its device be the kernel's, too?  The kernel knows an
 * address only where it has one, and no InfiniBand links without a LID's
 * subnet manager. */
static inline bool config_is_kernels(const struct port_config *port)
{
	return port->exception && !port->infiniband;
}

#endif
