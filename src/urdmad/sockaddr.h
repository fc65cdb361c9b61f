/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* struct sockaddr_in and sockaddr_in6, as control messages carry them, and
 * what libcm makes of them. */
#ifndef URDMA_URDMAD_SOCKADDR_H
#define URDMA_URDMAD_SOCKADDR_H

#include "cm/addr.h"
#include "urdma/control.h"

/* -ENODEV: an InfiniBand address, and this is none; -EINVAL: any other family.
 * Family 0 is CM_NONE. */
int sockaddr_decode(struct cm_addr *addr, const struct urdma_sockaddr *from);
void sockaddr_encode(struct urdma_sockaddr *to, const struct cm_addr *addr);

#endif
