// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/eal.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "urdmad/config.h"
#include "urdmad/log.h"

enum {
	ARGS_MAX = 256,
	ARG_BYTES = 1200,
	/* What EAL and the drivers take beside the ports' buffers. */
	SLACK = 64 << 20,
};

/* rte_eal_init() moves its pointers about, so the memory is kept apart. */
struct args {
	char *argv[ARGS_MAX + 1];
	char *owned[ARGS_MAX];
	int argc;
};

static void __attribute__((format(printf, 2, 3)))
add(struct args *args, const char *format, ...)
{
	va_list list;
	char text[ARG_BYTES];

	if (args->argc == ARGS_MAX)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	args->owned[args->argc] = strdup(text);
	args->argv[args->argc] = args->owned[args->argc];
	args->argc += args->argv[args->argc] != NULL;
}

/* Does eal_args say something about it itself? */
static bool given(const struct config *config, const char *option)
{
	size_t len = strlen(option);

	for (size_t i = 0; i < config->eal_arg_count; i++)
		if (strncmp(config->eal_args[i], option, len) == 0 &&
		    (config->eal_args[i][len] == '\0' ||
		     config->eal_args[i][len] == '='))
			return true;
	return false;
}

/* Free hugepages of the default 2 MiB size. */
static bool hugepages_suffice(uint64_t memory)
{
	FILE *file = fopen(
		"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
		"re");
	uint64_t pages = 0;

	if (!file)
		return false;
	if (fscanf(file, "%" SCNu64, &pages) != 1)
		pages = 0;
	fclose(file);
	return pages << 21 >= memory;
}

static void add_memory(struct args *args, const struct config *config,
		       uint64_t memory)
{
	static const char *const decisions[] = {
		"--in-memory",	"--no-huge", "--huge-dir",
		"--socket-mem", "-m",	     "--legacy-mem"
	};

	for (size_t i = 0; i < sizeof(decisions) / sizeof(*decisions); i++)
		if (given(config, decisions[i]))
			return;
	memory += SLACK;
	if (hugepages_suffice(memory)) {
		/* One file a segment list: virtio_user passes them on. */
		add(args, "--in-memory");
		add(args, "--single-file-segments");
		return;
	}
	add(args, "--no-huge");
	add(args, "--no-shconf");
	add(args, "-m");
	add(args, "%" PRIu64, (memory >> 20) + 1);
}

static void add_pci(struct args *args, const struct config *config)
{
	bool any = false;

	for (size_t i = 0; i < config->port_count; i++) {
		const struct port_config *port = &config->ports[i];

		any |= !port->netdev && !port->device && !port->pci_address;
	}
	if (any)
		return; /* whatever DPDK finds */
	for (size_t i = 0; i < config->port_count; i++) {
		const char *address = config->ports[i].pci_address;

		if (address) {
			add(args, "--allow=%s", address);
			any = true;
		}
	}
	if (!any && !given(config, "--no-pci"))
		add(args, "--no-pci");
}

/* One thread for everything, on whichever processor is free. */
static void add_lcore(struct args *args)
{
	char cpus[ARG_BYTES - 32] = "";
	cpu_set_t set;
	size_t len = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && len < sizeof(cpus) - 8; cpu++)
		if (CPU_ISSET(cpu, &set))
			len += (size_t)snprintf(cpus + len, sizeof(cpus) - len,
						"%s%d", len ? "," : "", cpu);
	add(args, "--lcores=0@(%s)", cpus);
}

static void build(struct args *args, const struct config *config,
		  uint64_t memory)
{
	add(args, "urdmad");
	if (!given(config, "--lcores") && !given(config, "-l") &&
	    !given(config, "-c"))
		add_lcore(args);
	add_memory(args, config, memory);
	add_pci(args, config);
	if (!given(config, "--file-prefix"))
		add(args, "--file-prefix=urdmad%d", (int)getpid());
	if (!given(config, "--log-level"))
		add(args, "--log-level=4"); /* warnings */
	if (!given(config, "--no-telemetry") && !given(config, "--telemetry"))
		add(args, "--no-telemetry");
	for (size_t i = 0; i < config->eal_arg_count; i++)
		add(args, "%s", config->eal_args[i]);
}

int eal_start(const struct config *config, uint64_t memory)
{
	struct args args = { 0 };
	int result = 0;

	build(&args, config, memory);
	rte_openlog_stream(stderr);
	if (rte_eal_init(args.argc, args.argv) < 0) {
		result = rte_errno ? -rte_errno : -EINVAL;
		log_error("DPDK does not start: %s (see eal_args in the "
			  "configuration)",
			  strerror(-result));
	}
	for (int i = 0; i < ARGS_MAX; i++)
		free(args.owned[i]);
	return result;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}
