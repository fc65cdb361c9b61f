// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The names of files that are urdma's under the preload library. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/preload_test.h"

#define DEVICE "/dev/infiniband/uverbs0"
#define CLASS "/sys/class/infiniband"

static void assert_is_device(const struct stat *st, dev_t rdev)
{
	assert_true(S_ISCHR(st->st_mode));
	assert_int_equal(st->st_rdev, rdev);
}

static void a_device_is_a_character_device_of_its_number(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(DEVICE, &st), 0);
	assert_is_device(&st, makedev(231, 192));
	assert_int_equal(lstat(DEVICE, &st), 0);
	assert_is_device(&st, makedev(231, 192));
	assert_int_equal(fstatat(AT_FDCWD, DEVICE, &st, 0), 0);
	assert_is_device(&st, makedev(231, 192));
	assert_int_equal(stat("/dev/infiniband/rdma_cm", &st), 0);
	assert_is_device(&st, makedev(10, 58));
}

static void statx_says_the_same(void **state)
{
	struct statx stx;
	int fd = open_verbs();

	(void)state;
	assert_int_equal(statx(AT_FDCWD, DEVICE, 0, STATX_BASIC_STATS, &stx),
			 0);
	assert_true(S_ISCHR(stx.stx_mode));
	assert_int_equal(stx.stx_rdev_major, 231);
	assert_int_equal(stx.stx_rdev_minor, 192);
	memset(&stx, 0, sizeof(stx));
	assert_int_equal(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx),
			 0);
	assert_true(S_ISCHR(stx.stx_mode));
	assert_int_equal(stx.stx_rdev_major, 231);
	close(fd);
}

static void an_open_device_is_one_too(void **state)
{
	struct stat st;
	int fd = open_verbs();

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_is_device(&st, makedev(231, 192));
	assert_int_equal(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	assert_is_device(&st, makedev(231, 192));
	close(fd);
	fd = open_cm();
	assert_int_equal(fstat(fd, &st), 0);
	assert_is_device(&st, makedev(10, 58));
	close(fd);
}

static void whoever_may_use_the_socket_may_use_a_device(void **state)
{
	(void)state;
	assert_int_equal(access(DEVICE, F_OK), 0);
	assert_int_equal(access(DEVICE, R_OK | W_OK), 0);
	assert_int_equal(faccessat(AT_FDCWD, DEVICE, R_OK | W_OK, 0), 0);
	assert_int_equal(access("/dev/infiniband/uverbs1", F_OK), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(access("/dev/infiniband/uverbs1", R_OK), -1);
	assert_int_equal(errno, ENOENT);
}

static void the_class_directory_lists_our_device_only(void **state)
{
	DIR *dir = opendir(CLASS);
	struct dirent **list;
	struct dirent *entry;
	unsigned int found = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		found += strcmp(entry->d_name, "urdma0") == 0 ? 1
			 : entry->d_name[0] == '.'	      ? 0
							      : 100;
	closedir(dir);
	assert_int_equal(found, 1);
	assert_int_equal(scandir(CLASS, &list, NULL, alphasort), 3);
	assert_string_equal(list[2]->d_name, "urdma0");
	for (int i = 0; i < 3; i++)
		free(list[i]);
	free(list);
}

static void read_line(FILE *file, char *line, int size)
{
	assert_non_null(file);
	assert_non_null(fgets(line, size, file));
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

static void files_below_it_are_read_by_every_kind_of_open(void **state)
{
	static const char name[] = CLASS "/urdma0/node_type";
	char line[64] = { 0 };
	int fd, dir;

	(void)state;
	read_line(fopen(name, "r"), line, sizeof(line));
	assert_string_equal(line, "4: RNIC");
	fd = open(name, O_RDONLY);
	assert_int_equal(read(fd, line, 3), 3);
	close(fd);
	dir = open(CLASS "/urdma0", O_RDONLY | O_DIRECTORY);
	fd = openat(dir, "node_type", O_RDONLY);
	assert_int_equal(read(fd, line, 3), 3);
	close(fd);
	close(dir);
	fd = openat(AT_FDCWD, name, O_RDONLY);
	assert_int_equal(read(fd, line, 3), 3);
	close(fd);
}

static void names_are_resolved_and_matched_in_our_tree(void **state)
{
	char resolved[PATH_MAX];
	glob_t found;

	(void)state;
	assert_non_null(realpath(CLASS "/urdma0", resolved));
	assert_non_null(strstr(resolved, getenv("URDMA_SOCKET")));
	assert_int_equal(glob(CLASS "/urdma0/ports/*", 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	globfree(&found);
}

static void repeated_slashes_make_no_difference(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat("//dev//infiniband///uverbs0", &st), 0);
	assert_is_device(&st, makedev(231, 192));
	assert_int_equal(access("/sys//class/infiniband//urdma0", F_OK), 0);
}

static void names_that_only_look_alike_are_left_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat("/dev/infinibandit", &st), -1);
	assert_int_equal(stat("/sys/class", &st), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_is_device(&st, makedev(1, 3));
	assert_int_equal(access("/sys/class/misc/rdma_cm_other", F_OK), -1);
}

static void a_device_that_is_not_there_cannot_be_opened(void **state)
{
	(void)state;
	assert_int_equal(open("/dev/infiniband/uverbs1", O_RDWR), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(open("/dev/infiniband/umad0", O_RDWR), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(open("/dev/infiniband/uverbs00", O_RDWR), -1);
	assert_int_equal(errno, ENOENT);
}

static void an_urdmad_of_another_version_is_no_device(void **state)
{
	(void)state;
	assert_int_equal(fake_ask("version 77"), 0);
	assert_int_equal(open(DEVICE, O_RDWR), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(fake_ask("version 1"), 0);
	close(open_verbs());
}

static void the_kernels_devices_are_not_asked_for_over_netlink(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA), -1);
	assert_int_equal(errno, EPROTONOSUPPORT);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	assert_true(fd >= 0);
	close(fd);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_a_character_device_of_its_number),
		cmocka_unit_test(statx_says_the_same),
		cmocka_unit_test(an_open_device_is_one_too),
		cmocka_unit_test(whoever_may_use_the_socket_may_use_a_device),
		cmocka_unit_test(the_class_directory_lists_our_device_only),
		cmocka_unit_test(files_below_it_are_read_by_every_kind_of_open),
		cmocka_unit_test(names_are_resolved_and_matched_in_our_tree),
		cmocka_unit_test(repeated_slashes_make_no_difference),
		cmocka_unit_test(names_that_only_look_alike_are_left_alone),
		cmocka_unit_test(a_device_that_is_not_there_cannot_be_opened),
		cmocka_unit_test(an_urdmad_of_another_version_is_no_device),
		cmocka_unit_test(
			the_kernels_devices_are_not_asked_for_over_netlink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	return preload_test_main(argv, run);
}
