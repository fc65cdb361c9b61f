/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an executable file says about how it will be started. */
#ifndef URDMA_TOOLS_ELF_H
#define URDMA_TOOLS_ELF_H

#include <limits.h>
#include <stdbool.h>

enum elf_kind {
	ELF_NONE,    /* something else */
	ELF_FOREIGN, /* for another architecture than ours */
	ELF_STATIC,  /* no dynamic loader, hence no LD_PRELOAD */
	ELF_DYNAMIC,
};

struct elf_facts {
	enum elf_kind kind;
	bool is_go;	       /* has a Go compiler's build information */
	char loader[PATH_MAX]; /* ELF_DYNAMIC: PT_INTERP */
};

/* False: the file cannot be read; errno says why. */
bool elf_look(const char *path, struct elf_facts *facts);

#endif
