/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef URDMA_CONTROL_H
#define URDMA_CONTROL_H
#endif
