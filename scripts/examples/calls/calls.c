// The calls of paird's local API that a product needs, in C without a library:
//
//   cc -o calls calls.c
//   calls SOCKET status | token | publish TOPIC PAYLOAD | subscribe FILTER
//
// It exits with 0 after an answer 2xx and with 1 else. The answers are JSON; a product that reads more of them than
// this program does takes a JSON library.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void fail(const char *what) {
	perror(what);
	exit(1);
}

// query writes text into out so that it can stand in a URL.
static void query(char *out, const char *text) {
	for (; *text; text++) {
		out += sprintf(out, "%%%02X", (unsigned char)*text);
	}
	*out = 0;
}

// once makes a call. It returns the status code; the answer's body is what is left to read in *answer. HTTP/1.0
// needs no chunks: the body ends with the connection.
static int once(const char *path, const char *method, const char *target, const char *body, FILE **answer) {
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), status;
	char line[8192];
	if (strlen(path) >= sizeof at.sun_path) {
		fprintf(stderr, "%s: too long for a socket\n", path);
		exit(1);
	}
	strcpy(at.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) || !(*answer = fdopen(fd, "r+"))) {
		fail(path);
	}
	fprintf(*answer, "%s %s HTTP/1.0\r\nHost: paird\r\nContent-Length: %zu\r\n\r\n%s", method, target, strlen(body), body);
	if (fflush(*answer) || !fgets(line, sizeof line, *answer) || sscanf(line, "HTTP/%*s %d", &status) != 1) {
		fail("no answer");
	}
	while (fgets(line, sizeof line, *answer) && strcmp(line, "\r\n")) {
	}
	return status;
}

// call makes a call, and again while paird is busy. An answer that is no 2xx is printed and ends the program.
static FILE *call(const char *path, const char *method, const char *target, const char *body) {
	FILE *answer;
	for (;;) {
		int status = once(path, method, target, body, &answer);
		if (status / 100 == 2) {
			return answer;
		}
		char text[1024];
		size_t n = fread(text, 1, sizeof text - 1, answer);
		text[n] = 0;
		fclose(answer);
		if (status != 503 || !strstr(text, "\"busy\"")) {
			fprintf(stderr, "%s %s: %d %s\n", method, target, status, text);
			exit(1);
		}
		sleep(1);
	}
}

// show prints what is left of an answer.
static void show(FILE *answer) {
	char text[4096];
	for (size_t n; (n = fread(text, 1, sizeof text, answer)) > 0;) {
		fwrite(text, 1, n, stdout);
	}
	fclose(answer);
}

// value is where the value of a field begins, past the quote of a string.
static char *value(char *json, const char *field) {
	char name[32];
	snprintf(name, sizeof name, "\"%s\":", field);
	char *at = strstr(json, name);
	return at ? at + strlen(name) + (at[strlen(name)] == '"') : "";
}

// token prints the access token of an answer.
static void token(FILE *answer) {
	static char text[256 << 10];
	text[fread(text, 1, sizeof text - 1, answer)] = 0;
	fclose(answer);
	char *at = value(text, "access_token");
	printf("%.*s\n", (int)strcspn(at, "\""), at);
}

// base64 prints the bytes that text stands for, up to its closing quote (RFC 4648 section 4).
static void base64(const char *text) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	for (const char *digit; *text && (digit = strchr(digits, *text)); text++) {
		bits = bits << 6 | (unsigned)(digit - digits);
		if ((have += 6) >= 8) {
			putchar(bits >> (have -= 8) & 0xff);
		}
	}
}

// subscribe prints messages, one on a line, and acknowledges each only then: one may come twice, none is lost.
static void subscribe(const char *path, const char *filter) {
	static char line[256 << 10]; // a payload has 64 KiB at most, in base64
	char target[1024] = "/v1/messages?topic=";
	query(target + strlen(target), filter);
	FILE *stream = call(path, "GET", target, "");
	while (fgets(line, sizeof line, stream)) {
		if (strncmp(line, "data: ", 6)) {
			continue; // a heartbeat
		}
		char *topic = value(line, "topic");
		printf("%.*s ", (int)strcspn(topic, "\""), topic);
		base64(value(line, "payload"));
		putchar('\n');
		fflush(stdout);
		snprintf(target, sizeof target, "/v1/messages/%llu/ack", strtoull(value(line, "seq"), NULL, 10));
		fclose(call(path, "POST", target, ""));
	}
}

int main(int argc, char **argv) {
	const char *what = argc > 2 ? argv[2] : "";
	char target[1024] = "/v1/publish?topic=";
	if (argc == 3 && !strcmp(what, "status")) {
		show(call(argv[1], "GET", "/v1/status", ""));
	} else if (argc == 3 && !strcmp(what, "token")) {
		token(call(argv[1], "GET", "/v1/token?min_ttl=60s", ""));
	} else if (argc == 5 && !strcmp(what, "publish") && strlen(argv[3]) < 300) {
		query(target + strlen(target), argv[3]);
		show(call(argv[1], "POST", target, argv[4]));
	} else if (argc == 4 && !strcmp(what, "subscribe") && strlen(argv[3]) < 300) {
		subscribe(argv[1], argv[3]);
		return 1; // the stream ended, as it does when paird restarts
	} else {
		fprintf(stderr, "usage: calls SOCKET status | token | publish TOPIC PAYLOAD | subscribe FILTER\n");
		return 2;
	}
	return 0;
}
