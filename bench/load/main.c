/*
 * A load of MQTT 3.1.1 clients that is not the bottleneck: one thread, epoll, packets that are copied from a template.
 *
 *   mqtt-load PORT CONNECTIONS FIRST TOPIC TS_BASE TLS
 *
 * opens CONNECTIONS sessions with the user names bench-FIRST, bench-FIRST+1, …, says {"open":…} and then obeys lines:
 *
 *   run QOS WINDOW MILLISECONDS RATE BURST PAYLOAD_FILE COUNTS_FILE
 *       publishes, with at most WINDOW unacknowledged messages per connection (QoS 0: WINDOW messages in one write).
 *       RATE 0: as fast as the window lets it, otherwise messages per second of all connections, BURST of them in one
 *       write, each measured from the moment when its burst was due. QoS 0 ends with one QoS 1 message per connection,
 *       so that all before it was handled. Waits for what is unacknowledged. COUNTS_FILE gets two uint32 per
 *       connection: sent, acknowledged.
 *   storm COUNT CONCURRENCY USERS
 *       connects, logs in, says goodbye and closes, COUNT times, as one of USERS after the other.
 *
 * In a payload each run of '#' becomes the time (TS_BASE + number of the message on its connection), each run of '@'
 * digits that change. All numbers of one connection go on from run to run, so no point of a run replaces another's.
 */
#include "load.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

Options options;
Conn *conns;
int ep, dead;

static void take_all_files(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

/* Returns how many sessions were let in. */
static int open_all(void) {
  int opened = 0, open = 0;
  while (open + dead < options.connections) {
    /* A few at a time: the accept queue of a server may be short. */
    for (; opened < options.connections && opened - open - dead < 128; opened++)
      conn_open(&conns[opened], opened, options.first + opened);
    struct epoll_event events[512];
    int n = epoll_wait(ep, events, 512, 20000);
    if (n == 0) break;
    for (int i = 0; i < n; i++) {
      Conn *c = events[i].data.ptr;
      if (c->state != CLOSED && c->state != OPEN && conn_advance(c)) open++;
    }
  }
  return open;
}

int main(int argc, char **argv) {
  if (argc < 7) return fprintf(stderr, "mqtt-load PORT CONNECTIONS FIRST TOPIC TS_BASE TLS\n"), 2;
  options.port = atoi(argv[1]), options.connections = atoi(argv[2]), options.first = atoi(argv[3]);
  options.topic = argv[4];
  options.ts_base = strtoull(argv[5], NULL, 10), options.tls = atoi(argv[6]);
  if (options.connections > MAX_CONNECTIONS) return fprintf(stderr, "mqtt-load: too many connections\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  take_all_files();
  prepare_connections();
  printf("{\"open\":%d}\n", open_all());
  fflush(stdout);
  char line[4096];
  RunOptions r;
  unsigned long count;
  int concurrency, users;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "run %d %d %lu %lu %d %1023s %1023s", &r.qos, &r.window, &r.ms, &r.rate, &r.burst, r.payload,
               r.counts) == 7) {
      run(&r);
    } else if (sscanf(line, "storm %lu %d %d", &count, &concurrency, &users) == 3) {
      storm(count, concurrency, users);
    } else {
      fprintf(stderr, "mqtt-load: unknown command %s", line);
      return 2;
    }
    fflush(stdout);
  }
  return 0;
}
