/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Program memory through the program's own /proc/self/mem (rdma/place.h).
 *
 * The program opens the file and passes the descriptor.  It stays bound to
 * that address space: after exec or exit reads and writes answer 0 and we say
 * -EFAULT, so never is another program's memory touched, which
 * process_vm_writev(2) by pid could not promise.
 */
#ifndef URDMA_URDMAD_MEM_FD_H
#define URDMA_URDMAD_MEM_FD_H

struct place;

/*
 * Takes `fd` if 0 is returned: one reference in `place`, the last
 * place_put() closes it.  -EINVAL: no `mem` file (that it is one of procfs is
 * verified at the first access: else -EFAULT); -EBADF: not open for
 * reading and writing; -ENOMEM.
 */
int mem_fd_open(int fd, struct place **place);

#endif
