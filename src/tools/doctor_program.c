// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "tools/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tools/elf.h"

/* As many as the kernel follows. */
enum { MAX_INTERPRETERS = 5 };

struct patient {
	struct findings *findings;
	const struct where *where;
	unsigned int interpreters; /* followed */
};

static void look_at_file(struct patient *patient, const char *path);

/* Secure execution: the loader ignores LD_PRELOAD. */
static void look_at_privilege(struct patient *patient, const char *path)
{
	static const char remedy[] =
		"run what it starts under urdma run instead, or a copy of it "
		"without privilege";
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)))
		finding_problem(patient->findings, remedy,
				"%s: set-user-ID or set-group-ID: the loader "
				"drops LD_PRELOAD",
				path);
	if (getxattr(path, "security.capability", NULL, 0) > 0)
		finding_problem(patient->findings, remedy,
				"%s: has file capabilities: the loader drops "
				"LD_PRELOAD",
				path);
}

/* What ldd shows, without starting the program. */
static FILE *list_libraries(const struct patient *patient, const char *path,
			    const char *loader, pid_t *pid)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return NULL;
	*pid = fork();
	if (*pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		execl(loader, loader, "--preload", patient->where->preload,
		      "--list", path, NULL);
		_exit(127);
	}
	close(out[1]);
	if (*pid < 0) {
		close(out[0]);
		return NULL;
	}
	return fdopen(out[0], "r");
}

struct libraries {
	bool preload;
	bool verbs, verbs_missing;
};

static void read_library(struct libraries *found, const char *line,
			 const char *preload)
{
	if (strstr(line, preload) && !strstr(line, "ERROR") &&
	    !strstr(line, "cannot be preloaded"))
		found->preload = true;
	if (strstr(line, "libibverbs.so.1 =>")) {
		found->verbs = true;
		found->verbs_missing = strstr(line, "not found") != NULL;
	}
}

static void judge_libraries(struct patient *patient, const char *path,
			    const struct libraries *found)
{
	if (found->preload)
		finding_ok("%s: its loader takes the preload library", path);
	else
		finding_problem(patient->findings,
				"is it for another C library than this urdma?",
				"%s: its loader does not take the preload "
				"library",
				path);
	if (found->verbs_missing)
		finding_problem(patient->findings,
				"apt-get install libibverbs1, or set "
				"LD_LIBRARY_PATH",
				"%s: libibverbs.so.1 is not found", path);
	else if (found->verbs)
		finding_ok("%s: is linked to libibverbs", path);
	else
		finding_ok("%s: is not linked to libibverbs itself; it may "
			   "load it later",
			   path);
}

static void look_at_libraries(struct patient *patient, const char *path,
			      const char *loader)
{
	struct libraries found = { 0 };
	char line[PATH_MAX + 64];
	pid_t pid;
	FILE *list = list_libraries(patient, path, loader, &pid);

	if (!list)
		return;
	while (fgets(line, sizeof(line), list))
		read_library(&found, line, patient->where->preload);
	fclose(list);
	waitpid(pid, NULL, 0);
	judge_libraries(patient, path, &found);
}

static void look_at_elf(struct patient *patient, const char *path,
			const struct elf_facts *facts)
{
	switch (facts->kind) {
	case ELF_FOREIGN:
		finding_problem(patient->findings,
				"use a program of this urdma's architecture",
				"%s: is for another architecture", path);
		return;
	case ELF_STATIC:
		finding_problem(patient->findings,
				facts->is_go ? "build it with cgo, against "
					       "libibverbs"
					     : "link it dynamically",
				"%s: is %sstatically linked: nothing can be "
				"preloaded",
				path, facts->is_go ? "a Go program and " : "");
		return;
	default:
		break;
	}
	if (strstr(facts->loader, "ld-musl")) {
		finding_problem(patient->findings,
				"use a program built for glibc",
				"%s: is built for musl", path);
		return;
	}
	if (facts->is_go)
		finding_ok("%s: is a Go program: what it does through "
			   "libibverbs works, its own system calls pass the "
			   "library by",
			   path);
	look_at_privilege(patient, path);
	look_at_libraries(patient, path, facts->loader);
}

/* Programs that clean the environment of what they start. */
static void look_at_script(struct patient *patient, const char *path,
			   FILE *script, const char *interpreter)
{
	static const char *const losses[] = { "env -i", "unset LD_PRELOAD",
					      "LD_PRELOAD=", "sudo " };
	char line[1024];

	while (fgets(line, sizeof(line), script))
		for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
			if (strstr(line, losses[i]))
				finding_problem(
					patient->findings,
					"let it start \"urdma run\" itself, "
					"at that place",
					"%s: a script with \"%s\": LD_PRELOAD "
					"may be lost",
					path, losses[i]);
	look_at_file(patient, interpreter);
}

/* The interpreter of "#! interpreter ...", or false. */
static bool read_interpreter(FILE *file, char *interpreter)
{
	char line[PATH_MAX];

	return fgets(line, sizeof(line), file) &&
	       sscanf(line, "#! %4095s", interpreter) == 1;
}

static void look_at_other(struct patient *patient, const char *path)
{
	char interpreter[PATH_MAX];
	FILE *file = fopen(path, "re");

	if (file && read_interpreter(file, interpreter) &&
	    patient->interpreters++ < MAX_INTERPRETERS)
		look_at_script(patient, path, file, interpreter);
	else
		finding_problem(patient->findings, NULL,
				"%s: neither a program nor a script", path);
	if (file)
		fclose(file);
}

static void look_at_file(struct patient *patient, const char *path)
{
	struct elf_facts facts;

	if (access(path, X_OK) < 0 || !elf_look(path, &facts)) {
		finding_problem(patient->findings, NULL, "%s: %s", path,
				strerror(errno));
		return;
	}
	if (facts.kind == ELF_NONE)
		look_at_other(patient, path);
	else
		look_at_elf(patient, path, &facts);
}

/* As execvp() finds it. */
static bool find_program(const char *name, char *path)
{
	const char *dirs = getenv("PATH");

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
	for (const char *dir = dirs ? dirs : "/bin:/usr/bin"; *dir;) {
		int len = (int)strcspn(dir, ":");

		if (snprintf(path, PATH_MAX, "%.*s/%s", len, dir, name) <
			    PATH_MAX &&
		    access(path, X_OK) == 0)
			return true;
		dir += len + (dir[len] == ':');
	}
	return false;
}

void doctor_program(struct findings *findings, const struct where *where,
		    const char *name)
{
	char path[PATH_MAX];
	struct patient patient = { findings, where, 0 };

	if (find_program(name, path))
		look_at_file(&patient, path);
	else
		finding_problem(findings, NULL, "%s: no such program in PATH",
				name);
}
