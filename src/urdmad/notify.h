/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What systemd is told, sd_notify(3); without libsystemd nothing. */
#ifndef URDMA_URDMAD_NOTIFY_H
#define URDMA_URDMAD_NOTIFY_H

void notify_ready(void);
void notify_stopping(void);

#endif
