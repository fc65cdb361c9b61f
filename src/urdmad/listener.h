/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The socket that programs connect to. */
#ifndef URDMA_URDMAD_LISTENER_H
#define URDMA_URDMAD_LISTENER_H

struct config;

/*
 * Makes the directory, takes the place of a socket that a dead daemon left,
 * sets mode and group.  The descriptor, or a negative errno with the reason
 * logged: -EADDRINUSE when a living daemon answers there.
 */
int listener_open(const struct config *config);
/* Removes the socket from the file system too; a negative fd is fine. */
void listener_close(const struct config *config, int fd);

#endif
