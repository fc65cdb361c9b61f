/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The device tree beside the fake urdmad's socket: one device, urdma0. */
#ifndef URDMA_TESTS_FAKE_TREE_H
#define URDMA_TESTS_FAKE_TREE_H

#define FAKE_GUID 0x020000fffe00002aULL

/* 0, or -1 with errno. */
int fake_tree_write(const char *socket);

#endif
