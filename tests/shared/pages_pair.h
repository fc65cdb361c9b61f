/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registered memory that urdmad has mapped, both sides in one process: the
 * preload library's, and urdmad's mem_map.c behind a client_call() that has no
 * socket.
 */
#ifndef URDMA_TESTS_PAGES_PAIR_H
#define URDMA_TESTS_PAGES_PAIR_H

#include "unit/unit.h"

#include <stdbool.h>

#include <urdma/control.h>

enum { PAGE = URDMA_MEM_PAGE };

/* This kernel: pages at edges are had, too. */
extern bool can_move;

/* Finds out can_move.  False: this user has no userfaultfd, as the output says;
 * nothing can be tested. */
bool pages_pair_usable(void);

/* Urdmad's side: program memory as its stack uses it. */
struct place *place(void);

/* A region begins and ends: 0 or a negative errno. */
int add(const void *at, size_t len);
void drop(const void *at, size_t len);

/* Private memory with something in it; the caller's to unmap. */
uint8_t *some_pages(size_t count);

/* Whether urdmad has the page at `at`. */
bool is_backed(const void *at);

/* Page by page: 'x', it has; any other, it has not. */
void assert_backed(const uint8_t *pages, const char *wanted);

/* Each side sees what the other one writes. */
void assert_shared(uint8_t *at, size_t len);

/* Set-up and teardown; the latter fails if anything is left behind. */
int open_map(void **state);
int close_map(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_map, close_map)

#endif
