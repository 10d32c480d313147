/* Messages, as fast as the window lets them or at a rate, and what came back. */
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { MAX_SECONDS = 1024 };

static RunOptions options_of_run;
static int qos, window;
static uint32_t ring;
static uint64_t acked_total, sent_total, stop_at;
static uint8_t *scratch;
static size_t scratch_size;

static void keep_rest(Conn *c, const uint8_t *data, size_t len) {
  c->rest = malloc(len);
  memcpy(c->rest, data, len);
  c->rest_len = len, c->rest_at = 0, c->blocked = 1;
  watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

/* Sends so many messages in one write; only when nothing waits. */
static void publish(Conn *c, int count, uint64_t time) {
  size_t len = (size_t)count * (size_t)publish_len;
  if (len > scratch_size) scratch = realloc(scratch, scratch_size = len);
  for (int i = 0; i < count; i++) {
    build_publish(c, scratch + (size_t)i * (size_t)publish_len);
    if (qos) c->times[c->sent % ring] = time;
    c->sent++;
  }
  if (qos) c->inflight += (uint32_t)count;
  sent_total += (uint64_t)count;
  ssize_t n = conn_write(c, scratch, len);
  if (n < 0 && errno != EAGAIN) {
    conn_lost(c);
    return;
  }
  if (n < 0) n = 0;
  if ((size_t)n < len) keep_rest(c, scratch + n, len - (size_t)n);
}

static void unblock(Conn *c) {
  ssize_t n = conn_write(c, c->rest + c->rest_at, c->rest_len - c->rest_at);
  if (n < 0) {
    if (errno != EAGAIN) conn_lost(c);
    return;
  }
  c->rest_at += (size_t)n;
  if (c->rest_at < c->rest_len) return;
  free(c->rest);
  c->rest = NULL, c->blocked = 0;
  watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

static void receive(Conn *c) {
  static uint8_t buffer[65536];
  memcpy(buffer, c->in, (size_t)c->in_len);
  ssize_t n = conn_read(c, buffer + c->in_len, sizeof buffer - 8);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    conn_lost(c);
    return;
  }
  uint64_t now = now_ns();
  size_t at = 0, end = (size_t)c->in_len + (size_t)n;
  for (; end - at >= 4; at += 4) {
    if (buffer[at] != 0x40 || buffer[at + 1] != 2) {
      fprintf(stderr, "mqtt-load: a packet of type %d came\n", buffer[at] >> 4);
      conn_lost(c);
      return;
    }
    if (qos) record(now - c->times[(c->sent - c->inflight) % ring]);
    c->inflight--, c->acked++, acked_total++;
  }
  c->in_len = (int)(end - at);
  memcpy(c->in, buffer + at, (size_t)c->in_len);
}

static void wait_events(int64_t timeout_ns) {
  struct epoll_event events[512];
  struct timespec t = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  int n = epoll_pwait2(ep, events, 512, &t, NULL);
  for (int i = 0; i < n; i++) {
    Conn *c = events[i].data.ptr;
    if (c->state != OPEN) continue;
    if (c->blocked && events[i].events & EPOLLOUT) unblock(c);
    if (c->state == OPEN && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
    if (c->state == OPEN && qos && !options_of_run.rate && !c->blocked && (int)c->inflight < window &&
        now_ns() < stop_at) {
      publish(c, window - (int)c->inflight, now_ns());
    }
  }
}

static uint64_t open_inflight(void) {
  uint64_t all = 0;
  for (int i = 0; i < options.connections; i++)
    if (conns[i].state == OPEN) all += conns[i].inflight + (conns[i].blocked ? 1 : 0);
  return all;
}

/* One after the other, so that each has its turn. */
static Conn *next_connection(void) {
  static int next;
  if (next >= options.connections) next = 0;
  return &conns[next++];
}

/* What is due since the start; each message is measured from the moment when its burst was due. */
static void send_due(uint64_t start, uint64_t now, uint64_t *due_sent, uint64_t *not_sent) {
  uint64_t rate = options_of_run.rate, burst = (uint64_t)options_of_run.burst, due = (now - start) * rate / 1000000000u;
  for (int tries = 0; *due_sent + burst <= due && tries < 4096; *due_sent += burst, tries++) {
    Conn *c = next_connection();
    if (c->state != OPEN || c->blocked || (int)(c->inflight + burst) > window) *not_sent += burst;
    else publish(c, (int)burst, start + *due_sent * 1000000000u / rate);
  }
  wait_events(*due_sent + burst <= due ? 0 : 250000);
}

static void send_unconfirmed(void) {
  int wrote = 0;
  for (int i = 0; i < 64; i++) {
    Conn *c = next_connection();
    if (c->state == OPEN && !c->blocked) publish(c, window, 0), wrote = 1;
  }
  wait_events(wrote ? 0 : 1000000);
}

static void send_to_all(int count) {
  for (int i = 0; i < options.connections; i++)
    if (conns[i].state == OPEN) publish(&conns[i], count, now_ns());
}

/* Behind QoS 0 one message of QoS 1, whose acknowledgement says that all before it was handled. */
static void confirm_qos0(const RunOptions *wanted) {
  uint64_t limit = now_ns() + 60000000000u;
  for (int blocked = 1; blocked && now_ns() < limit;) {
    wait_events(1000000);
    blocked = 0;
    for (int i = 0; i < options.connections; i++) blocked |= conns[i].state == OPEN && conns[i].blocked;
  }
  qos = 1;
  load_payload(wanted->payload, options.topic, 1);
  send_to_all(1);
}

static void write_counts(const char *file, int was_qos0) {
  FILE *f = fopen(file, "w");
  if (!f) die(file);
  for (int i = 0; i < options.connections; i++) {
    Conn *c = &conns[i];
    uint32_t sent = c->sent - c->first_of_run;
    uint32_t pair[2] = {sent, was_qos0 && c->acked ? sent : c->acked};
    fwrite(pair, sizeof pair, 1, f);
  }
  fclose(f);
}

void run(const RunOptions *wanted) {
  options_of_run = *wanted;
  qos = wanted->qos, window = wanted->window;
  load_payload(wanted->payload, options.topic, qos);
  ring = (uint32_t)window + 1;
  for (int i = 0; i < options.connections; i++) {
    Conn *c = &conns[i];
    /* The ring of each starts where the count stands. */
    free(c->times);
    c->times = calloc(ring, sizeof *c->times);
    c->first_of_run = c->sent, c->acked = 0;
  }
  clear_latencies();
  acked_total = 0, sent_total = 0;
  double cpu = cpu_s();
  uint64_t start = now_ns(), not_sent = 0, due_sent = 0, second = start + 1000000000u, acked_before = 0;
  uint64_t per_second[MAX_SECONDS];
  int seconds = 0;
  stop_at = start + wanted->ms * 1000000u;
  if (qos && !wanted->rate) send_to_all(window);
  for (uint64_t now = start; now < stop_at && dead < options.connections; now = now_ns()) {
    if (now >= second) {
      if (seconds < MAX_SECONDS) per_second[seconds++] = acked_total - acked_before;
      acked_before = acked_total, second += 1000000000u;
    }
    if (wanted->rate) send_due(start, now, &due_sent, &not_sent);
    else if (qos) wait_events(20000000);
    else send_unconfirmed();
  }
  int was_qos0 = qos == 0;
  if (was_qos0) confirm_qos0(wanted);
  stop_at = 0;
  uint64_t limit = now_ns() + 60000000000u;
  while (now_ns() < limit && open_inflight() > 0) wait_events(5000000);
  uint64_t unacknowledged = open_inflight();
  double took = (double)(now_ns() - start) / 1e9;
  write_counts(wanted->counts, was_qos0);
  printf("{\"sent\":%lu,\"acknowledged\":%lu,\"notSent\":%lu,\"unacknowledged\":%lu,\"lost\":%d,\"seconds\":%.6f,"
         "\"cpuSeconds\":%.6f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"maxMs\":%.3f,\"perSecond\":[",
         (unsigned long)sent_total, (unsigned long)(was_qos0 ? sent_total : acked_total), (unsigned long)not_sent,
         (unsigned long)unacknowledged, dead, took, cpu_s() - cpu, percentile_us(0.5) / 1000,
         percentile_us(0.99) / 1000, percentile_us(0.999) / 1000, (double)worst_us / 1000);
  for (int i = 0; i < seconds; i++) printf("%s%lu", i ? "," : "", (unsigned long)per_second[i]);
  printf("]}\n");
}
