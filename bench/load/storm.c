/* Clients that come, log in, say goodbye and go. */
#include "load.h"
#include <stdio.h>
#include <sys/epoll.h>

void storm(uint64_t count, int concurrency, int users) {
  uint64_t begun = 0, done = 0;
  clear_latencies();
  dead = 0;
  double cpu = cpu_s();
  uint64_t start = now_ns();
  for (int i = 0; i < concurrency && begun < count; i++, begun++)
    conn_open(&conns[i], (int)begun, options.first + (int)(begun % (uint64_t)users));
  while (done + (uint64_t)dead < count) {
    struct epoll_event events[512];
    int n = epoll_wait(ep, events, 512, 10000);
    if (n == 0) break;
    for (int i = 0; i < n; i++) {
      Conn *c = events[i].data.ptr;
      if (c->state == CLOSED) continue;
      if (conn_advance(c)) {
        record(now_ns() - c->began);
        conn_write(c, "\xe0\0", 2);
        conn_close(c);
        done++;
      }
      if (c->state == CLOSED && begun < count) {
        conn_open(c, (int)begun, options.first + (int)(begun % (uint64_t)users));
        begun++;
      }
    }
  }
  printf("{\"connected\":%lu,\"lost\":%d,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
         (unsigned long)done, dead, (double)(now_ns() - start) / 1e9, cpu_s() - cpu, percentile_us(0.5) / 1000,
         percentile_us(0.99) / 1000);
  dead = 0;
}
