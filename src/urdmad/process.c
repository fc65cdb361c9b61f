// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/process.h"

#include <stdio.h>
#include <string.h>

void process_name(pid_t pid, char name[static PROCESS_NAME])
{
	char path[32];
	FILE *file;

	name[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(name, PROCESS_NAME, file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	fclose(file);
}
