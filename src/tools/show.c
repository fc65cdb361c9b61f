// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tools/show.h"

#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct options {
	const char *socket;
	bool json;
	double interval; /* seconds, 0: one look */
};

static struct json_object *read_answer(int fd, uint64_t bytes)
{
	char *text = malloc(bytes + 1);
	struct json_object *answer = NULL;

	if (text && pread(fd, text, bytes, 0) == (ssize_t)bytes) {
		text[bytes] = '\0';
		answer = json_tokener_parse(text);
	}
	free(text);
	return answer;
}

/* NULL: said why. */
static struct json_object *ask(int session)
{
	struct urdma_empty nothing = { 0 };
	struct urdma_show_reply reply;
	int fd = -1;
	struct client_call call = {
		.op = URDMA_OP_SHOW,
		.request = &nothing,
		.request_len = sizeof(nothing),
		.reply = &reply,
		.reply_len = sizeof(reply),
		.got = &fd,
		.got_count = 1,
	};
	int result = client_call(session, &call);
	struct json_object *answer;

	if (result < 0) {
		fprintf(stderr, "urdma show: %s\n", strerror(-result));
		return NULL;
	}
	answer = read_answer(fd, reply.bytes);
	close(fd);
	if (!answer)
		fprintf(stderr, "urdma show: the answer makes no sense\n");
	return answer;
}

static void wait_for(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds };

	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int show(int session, const struct options *options)
{
	struct json_object *before = NULL, *now = ask(session);

	if (now && options->interval > 0) {
		before = now;
		wait_for(options->interval);
		now = ask(session);
	}
	if (now && options->json)
		puts(json_object_to_json_string_ext(
			now, JSON_C_TO_STRING_PRETTY |
				     JSON_C_TO_STRING_NOSLASHESCAPE));
	else if (now)
		show_print(now, before);
	json_object_put(before);
	json_object_put(now);
	return now ? EXIT_SUCCESS : STATUS_FAILED;
}

static int usage(void)
{
	fprintf(stderr, "usage: urdma show [-s SOCKET] [--json] "
			"[--interval SECONDS]\n");
	return STATUS_USAGE;
}

/* False: bad usage. */
static bool parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "interval", required_argument, NULL, 'i' },
		{ 0 },
	};
	int option;
	char *end;

	while ((option = getopt_long(argc, argv, "s:ji:", longs, NULL)) != -1) {
		switch (option) {
		case 's':
			options->socket = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'i':
			options->interval = strtod(optarg, &end);
			if (*end || end == optarg ||
			    !(options->interval > 0 &&
			      options->interval <= 86400))
				return false;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

int show_main(int argc, char **argv)
{
	struct client_hello hello = { .kind = URDMA_SESSION_TOOL };
	struct options options = { .socket = client_socket_path() };
	struct urdma_hello_reply reply = { 0 };
	char why[512];
	int session, status;

	if (!parse(argc, argv, &options))
		return usage();
	session = client_connect(options.socket, &hello, SOCK_CLOEXEC, &reply);
	if (session < 0) {
		client_explain(why, sizeof(why), options.socket, session,
			       reply.version);
		fprintf(stderr, "urdma show: %s\n", why);
		return STATUS_FAILED;
	}
	status = show(session, &options);
	close(session);
	return status;
}
