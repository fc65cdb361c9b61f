// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/module.h>

#include "urdma.h"

static int __init urdma_init(void)
{
	int error = urdma_device_init();

	if (error)
		return error;
	error = urdma_daemon_init();
	if (error)
		urdma_device_exit();
	return error;
}

static void __exit urdma_exit(void)
{
	urdma_daemon_exit();
	urdma_device_exit();
}

module_init(urdma_init);
module_exit(urdma_exit);

MODULE_DESCRIPTION("RDMA devices of urdmad, a network card made of software");
MODULE_LICENSE("Dual BSD/GPL");
