// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "tools/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

/* The file is anybody's: every offset in it is only a place to try. */
static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
	return at <= INT64_MAX && pread(fd, to, len, (off_t)at) == (ssize_t)len;
}

static bool is_native(const ElfW(Ehdr) * header)
{
	ElfW(Ehdr) own;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool known = fd >= 0 && read_at(fd, &own, sizeof(own), 0);

	if (fd >= 0)
		close(fd);
	return known && header->e_ident[EI_CLASS] == own.e_ident[EI_CLASS] &&
	       header->e_ident[EI_DATA] == own.e_ident[EI_DATA] &&
	       header->e_machine == own.e_machine;
}

static void find_loader(int fd, const ElfW(Ehdr) * header,
			struct elf_facts *facts)
{
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		ElfW(Phdr) segment;
		uint64_t at = header->e_phoff + i * sizeof(segment);

		if (!read_at(fd, &segment, sizeof(segment), at))
			return;
		if (segment.p_type != PT_INTERP ||
		    segment.p_filesz >= sizeof(facts->loader) ||
		    !read_at(fd, facts->loader, segment.p_filesz,
			     segment.p_offset))
			continue;
		facts->loader[segment.p_filesz] = '\0';
		facts->kind = ELF_DYNAMIC;
		return;
	}
}

static bool has_section(int fd, const ElfW(Ehdr) * header, const char *name)
{
	ElfW(Shdr) names, section;
	char text[32];
	size_t len = strlen(name) + 1;

	if (!read_at(fd, &names, sizeof(names),
		     header->e_shoff +
			     (uint64_t)header->e_shstrndx * sizeof(names)))
		return false;
	for (unsigned int i = 0; i < header->e_shnum; i++) {
		uint64_t at = header->e_shoff + i * sizeof(section);

		if (read_at(fd, &section, sizeof(section), at) &&
		    read_at(fd, text, len, names.sh_offset + section.sh_name) &&
		    memcmp(text, name, len) == 0)
			return true;
	}
	return false;
}

bool elf_look(const char *path, struct elf_facts *facts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ElfW(Ehdr) header;

	*facts = (struct elf_facts){ .kind = ELF_NONE };
	if (fd < 0)
		return false;
	if (!read_at(fd, &header, sizeof(header), 0) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
		close(fd);
		return true;
	}
	facts->kind = is_native(&header) ? ELF_STATIC : ELF_FOREIGN;
	if (facts->kind == ELF_STATIC) {
		find_loader(fd, &header, facts);
		facts->is_go = has_section(fd, &header, ".go.buildinfo");
	}
	close(fd);
	return true;
}
