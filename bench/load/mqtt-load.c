/*
 * A load of MQTT 3.1.1 clients that is not the bottleneck: one thread, epoll, packets that are copied from a template.
 *
 *   mqtt-load PORT CONNECTIONS FIRST TOPIC TS_BASE TLS
 *
 * opens CONNECTIONS sessions with the user names bench-FIRST, bench-FIRST+1, …, says {"ready":…} and then obeys lines:
 *
 *   run QOS WINDOW MILLISECONDS RATE PAYLOAD_FILE COUNTS_FILE
 *       publishes, with at most WINDOW unacknowledged messages per connection (QoS 0: WINDOW messages in one write).
 *       RATE 0: as fast as the window lets it, otherwise messages per second of all connections, each measured from the
 *       moment when it was due. QoS 0 ends with one QoS 1 message per connection, so that all before it was handled.
 *       Waits for what is unacknowledged. COUNTS_FILE gets two uint32 per connection: sent, acknowledged.
 *   storm COUNT CONCURRENCY
 *       connects, logs in, says goodbye and closes, COUNT times.
 *
 * In a payload each run of '#' becomes the time (TS_BASE + number of the message on its connection), each run of '@'
 * digits that change. All numbers of one connection go on from run to run, so no point of a run replaces another's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
static SSL_CTX *tls;
#endif

enum { CLOSED, CONNECTING, HANDSHAKE, AWAITING_CONNACK, OPEN };

typedef struct {
  int fd, state, blocked;
  uint32_t first_of_run, sent, acked, inflight;
  uint16_t next_id;
  uint8_t in[8];
  int in_len;
  uint8_t *rest; /* what the socket did not take */
  size_t rest_len, rest_at;
  uint64_t *times; /* when each unacknowledged message was sent, a ring */
  uint64_t began;
#ifdef WITH_TLS
  SSL *ssl;
#endif
} Conn;

/* Powers of two, each in 32 steps: 3 % wide. */
static uint64_t histogram[64 * 32], worst;
static Conn *conns;
static int connections, first, port, use_tls, ep, dead;
static uint32_t ring;
static uint64_t ts_base, acked_total, sent_total, stop_at;
static uint8_t connect_packet[128];
static char template_text[65536];
static uint8_t packet[66000];
static int packet_len, id_at, ts_at, digits[512], digit_runs[512], digit_count;
static uint8_t *scratch;
static size_t scratch_size;
static int qos, window;
static uint64_t rate;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double cpu_s(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
  fprintf(stderr, "mqtt-load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void record(uint64_t ns) {
  uint64_t us = ns / 1000 + 1;
  int power = 63 - __builtin_clzll(us);
  int step = power >= 5 ? (int)(us >> (power - 5)) & 31 : (int)(us << (5 - power)) & 31;
  histogram[power * 32 + step]++;
  if (us > worst) worst = us;
}

static double percentile_us(double share) {
  uint64_t all = 0, seen = 0;
  for (int i = 0; i < 64 * 32; i++) all += histogram[i];
  for (int i = 0; i < 64 * 32; i++) {
    seen += histogram[i];
    if (all > 0 && seen >= (uint64_t)(share * (double)all + 0.5)) return (double)(1ull << (i / 32)) * (1 + (i % 32) / 32.0);
  }
  return 0;
}

static void watch(Conn *c, uint32_t events, int op) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  if (epoll_ctl(ep, op, c->fd, &e) < 0 && errno != ENOENT) die("epoll_ctl");
}

static ssize_t conn_write(Conn *c, const void *data, size_t len) {
#ifdef WITH_TLS
  if (c->ssl) {
    int n = SSL_write(c->ssl, data, (int)len);
    if (n > 0) return n;
    int why = SSL_get_error(c->ssl, n);
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
  }
#endif
  return send(c->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t conn_read(Conn *c, void *data, size_t len) {
#ifdef WITH_TLS
  if (c->ssl) {
    int n = SSL_read(c->ssl, data, (int)len);
    if (n > 0) return n;
    int why = SSL_get_error(c->ssl, n);
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
    return -1;
  }
#endif
  return recv(c->fd, data, len, 0);
}

static void conn_close(Conn *c) {
  if (c->state == CLOSED) return;
#ifdef WITH_TLS
  if (c->ssl) {
    SSL_free(c->ssl);
    c->ssl = NULL;
  }
#endif
  close(c->fd);
  c->state = CLOSED;
}

static void conn_lost(Conn *c) {
  conn_close(c);
  dead++;
}

static void conn_open(Conn *c, int index) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket");
  int yes = 1, buffer = 65536;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  /* Without a bound the kernel would keep megabytes of QoS 0 messages per connection. */
  setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  /* Several source addresses: one has 28,000 ports, and a closed connection keeps its own for a minute. */
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)(index % 16))};
  if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(0x7f000001u)};
  c->began = now_ns();
  c->in_len = 0;
  c->state = CONNECTING;
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("connect");
  watch(c, EPOLLOUT | EPOLLIN, EPOLL_CTL_ADD);
}

static void send_connect(Conn *c) {
  int index = first + (int)(c - conns);
  char user[32], id[32];
  int user_len = snprintf(user, sizeof user, "bench-%d", index), id_len = snprintf(id, sizeof id, "c-%d", index), n = 0;
  uint8_t *p = connect_packet;
  p[n++] = 0x10;
  p[n++] = (uint8_t)(10 + 2 + id_len + 2 + user_len);
  memcpy(p + n, "\0\4MQTT\4\x82\0\0", 10); /* clean session, a user name, no keep-alive */
  n += 10;
  p[n++] = 0, p[n++] = (uint8_t)id_len;
  memcpy(p + n, id, (size_t)id_len), n += id_len;
  p[n++] = 0, p[n++] = (uint8_t)user_len;
  memcpy(p + n, user, (size_t)user_len), n += user_len;
  c->state = AWAITING_CONNACK;
  if (conn_write(c, p, (size_t)n) != n) conn_lost(c);
  else watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

/* On the way to an open session; returns 1 when it is open. */
static int conn_advance(Conn *c) {
  if (c->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return conn_lost(c), 0;
#ifdef WITH_TLS
    if (use_tls) {
      c->ssl = SSL_new(tls);
      SSL_set_fd(c->ssl, c->fd);
      SSL_set_connect_state(c->ssl);
      c->state = HANDSHAKE;
    } else
#endif
      return send_connect(c), 0;
  }
#ifdef WITH_TLS
  if (c->state == HANDSHAKE) {
    int n = SSL_do_handshake(c->ssl);
    if (n == 1) {
      send_connect(c);
      return 0;
    }
    int why = SSL_get_error(c->ssl, n);
    if (why == SSL_ERROR_WANT_READ) watch(c, EPOLLIN, EPOLL_CTL_MOD);
    else if (why == SSL_ERROR_WANT_WRITE) watch(c, EPOLLOUT, EPOLL_CTL_MOD);
    else conn_lost(c);
    return 0;
  }
#endif
  ssize_t n = conn_read(c, c->in + c->in_len, (size_t)(4 - c->in_len));
  if (n < 0 && errno == EAGAIN) return 0;
  if (n <= 0) return conn_lost(c), 0;
  c->in_len += (int)n;
  if (c->in_len < 4) return 0;
  if (c->in[0] != 0x20 || c->in[3] != 0) return conn_lost(c), 0;
  c->in_len = 0;
  c->state = OPEN;
  return 1;
}

static void load_payload(const char *file, const char *topic) {
  FILE *f = fopen(file, "r");
  if (!f) die(file);
  size_t body = fread(template_text, 1, sizeof template_text, f);
  fclose(f);
  size_t topic_len = strlen(topic), remaining = 2 + topic_len + (qos ? 2 : 0) + body;
  int n = 0;
  packet[n++] = (uint8_t)(0x30 | qos << 1);
  for (size_t rest = remaining;;) {
    uint8_t low = rest & 0x7f;
    rest >>= 7;
    packet[n++] = rest ? low | 0x80 : low;
    if (!rest) break;
  }
  packet[n++] = (uint8_t)(topic_len >> 8), packet[n++] = (uint8_t)topic_len;
  memcpy(packet + n, topic, topic_len), n += (int)topic_len;
  id_at = qos ? n : -1;
  if (qos) n += 2;
  ts_at = -1, digit_count = 0;
  for (size_t i = 0; i < body; i++) {
    if (template_text[i] == '#' && ts_at < 0) ts_at = n + (int)i;
    if (template_text[i] == '@' && digit_count < 512) {
      int from = (int)i;
      while (template_text[i + 1] == '@') i++;
      digits[digit_count] = n + from, digit_runs[digit_count++] = (int)i - from + 1;
    }
  }
  memcpy(packet + n, template_text, body);
  packet_len = n + (int)body;
}

static void write_digits(uint8_t *at, int count, uint64_t value) {
  for (int i = count - 1; i >= 0; i--, value /= 10) at[i] = (uint8_t)('0' + value % 10);
}

static void build(Conn *c, uint8_t *at) {
  memcpy(at, packet, (size_t)packet_len);
  if (id_at >= 0) {
    if (++c->next_id == 0) c->next_id = 1;
    at[id_at] = (uint8_t)(c->next_id >> 8), at[id_at + 1] = (uint8_t)c->next_id;
  }
  if (ts_at >= 0) write_digits(at + ts_at, 13, ts_base + c->sent);
  uint64_t value = c->sent * 7u + (uint64_t)(c - conns) * 131u;
  for (int i = 0; i < digit_count; i++, value += 977) write_digits(at + digits[i], digit_runs[i], value);
}

static void keep_rest(Conn *c, const uint8_t *data, size_t len) {
  c->rest = malloc(len);
  memcpy(c->rest, data, len);
  c->rest_len = len, c->rest_at = 0, c->blocked = 1;
  watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

/* Sends so many messages in one write; only when nothing waits. */
static void publish(Conn *c, int count, uint64_t time) {
  size_t len = (size_t)count * (size_t)packet_len;
  if (len > scratch_size) scratch = realloc(scratch, scratch_size = len);
  for (int i = 0; i < count; i++) {
    build(c, scratch + (size_t)i * (size_t)packet_len);
    if (qos) c->times[c->sent % ring] = time;
    c->sent++;
  }
  if (qos) c->inflight += (uint32_t)count;
  sent_total += (uint64_t)count;
  ssize_t n = conn_write(c, scratch, len);
  if (n < 0 && errno != EAGAIN) return conn_lost(c);
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
  if (n <= 0) return conn_lost(c);
  uint64_t now = now_ns();
  size_t at = 0, end = (size_t)c->in_len + (size_t)n;
  for (; end - at >= 4; at += 4) {
    if (buffer[at] != 0x40 || buffer[at + 1] != 2) {
      fprintf(stderr, "mqtt-load: a packet of type %d came\n", buffer[at] >> 4);
      return conn_lost(c);
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
    if (c->state == OPEN && qos && !rate && !c->blocked && (int)c->inflight < window && now_ns() < stop_at) {
      publish(c, window - (int)c->inflight, now_ns());
    }
  }
}

static uint64_t open_inflight(void) {
  uint64_t all = 0;
  for (int i = 0; i < connections; i++) if (conns[i].state == OPEN) all += conns[i].inflight + (conns[i].blocked ? 1 : 0);
  return all;
}

static void run(uint64_t ms, const char *payload, const char *topic, const char *counts) {
  load_payload(payload, topic);
  ring = (uint32_t)window + 1;
  for (int i = 0; i < connections; i++) {
    Conn *c = &conns[i];
    /* The ring of each starts where the count stands. */
    free(c->times);
    c->times = calloc(ring, sizeof *c->times);
    c->first_of_run = c->sent, c->acked = 0;
  }
  memset(histogram, 0, sizeof histogram);
  worst = 0, acked_total = 0, sent_total = 0;
  uint64_t start = now_ns(), not_sent = 0, due_sent = 0, second = start + 1000000000u, acked_before = 0;
  double cpu = cpu_s();
  char per_second[8192] = "";
  size_t per_second_len = 0;
  int next = 0;
  stop_at = start + ms * 1000000u;
  if (qos && !rate)
    for (int i = 0; i < connections; i++) if (conns[i].state == OPEN) publish(&conns[i], window, now_ns());
  for (uint64_t now = start; now < stop_at && dead < connections; now = now_ns()) {
    if (now >= second) {
      if (per_second_len < sizeof per_second - 24)
        per_second_len += (size_t)sprintf(per_second + per_second_len, "%s%lu", per_second_len ? "," : "",
                                          (unsigned long)(acked_total - acked_before));
      acked_before = acked_total, second += 1000000000u;
    }
    if (rate) {
      uint64_t due = (now - start) * rate / 1000000000u;
      for (int tries = 0; due_sent < due && tries < 4096; due_sent++, tries++) {
        Conn *c = &conns[next];
        next = (next + 1) % connections;
        if (c->state != OPEN || c->blocked || (int)c->inflight >= window) not_sent++;
        else publish(c, 1, start + due_sent * 1000000000u / rate);
      }
      wait_events(due_sent < due ? 0 : 250000);
    } else if (qos) {
      wait_events(20000000);
    } else {
      int wrote = 0;
      for (int i = 0; i < 64; i++) {
        Conn *c = &conns[next];
        next = (next + 1) % connections;
        if (c->state == OPEN && !c->blocked) publish(c, window, 0), wrote = 1;
      }
      if (wrote || next < 64) wait_events(wrote ? 0 : 1000000);
    }
  }
  int was_qos0 = qos == 0;
  if (was_qos0) {
    uint64_t limit = now_ns() + 60000000000u;
    for (int blocked = 1; blocked && now_ns() < limit;) {
      wait_events(1000000);
      blocked = 0;
      for (int i = 0; i < connections; i++) blocked |= conns[i].state == OPEN && conns[i].blocked;
    }
    qos = 1;
    load_payload(payload, topic);
    for (int i = 0; i < connections; i++) if (conns[i].state == OPEN) publish(&conns[i], 1, now_ns());
  }
  stop_at = 0;
  uint64_t limit = now_ns() + 60000000000u;
  while (now_ns() < limit && open_inflight() > 0) wait_events(5000000);
  uint64_t unacknowledged = open_inflight();
  double seconds = (double)(now_ns() - start) / 1e9;
  FILE *f = fopen(counts, "w");
  if (!f) die(counts);
  for (int i = 0; i < connections; i++) {
    Conn *c = &conns[i];
    uint32_t sent = c->sent - c->first_of_run;
    /* The last message of QoS 0 vouches for those before it. */
    uint32_t pair[2] = {sent, was_qos0 && c->acked ? sent : c->acked};
    fwrite(pair, sizeof pair, 1, f);
  }
  fclose(f);
  printf("{\"sent\":%lu,\"acknowledged\":%lu,\"notSent\":%lu,\"unacknowledged\":%lu,\"lost\":%d,\"seconds\":%.6f,"
         "\"cpuSeconds\":%.6f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"maxMs\":%.3f,\"perSecond\":[%s]}\n",
         (unsigned long)sent_total, (unsigned long)(was_qos0 ? sent_total : acked_total), (unsigned long)not_sent,
         (unsigned long)unacknowledged, dead, seconds, cpu_s() - cpu, percentile_us(0.5) / 1000,
         percentile_us(0.99) / 1000, percentile_us(0.999) / 1000, (double)worst / 1000, per_second);
}

static void storm(uint64_t count, int concurrency) {
  uint64_t begun = 0, done = 0;
  memset(histogram, 0, sizeof histogram);
  worst = 0, dead = 0;
  double cpu = cpu_s();
  uint64_t start = now_ns();
  for (int i = 0; i < concurrency && begun < count; i++) conn_open(&conns[i], (int)begun++);
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
      if (c->state == CLOSED && begun < count) conn_open(c, (int)begun++);
    }
  }
  printf("{\"connected\":%lu,\"lost\":%d,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n",
         (unsigned long)done, dead, (double)(now_ns() - start) / 1e9, cpu_s() - cpu, percentile_us(0.5) / 1000,
         percentile_us(0.99) / 1000);
  dead = 0;
}

int main(int argc, char **argv) {
  if (argc < 7) return fprintf(stderr, "mqtt-load PORT CONNECTIONS FIRST TOPIC TS_BASE TLS\n"), 2;
  port = atoi(argv[1]), connections = atoi(argv[2]), first = atoi(argv[3]);
  const char *topic = argv[4];
  ts_base = strtoull(argv[5], NULL, 10), use_tls = atoi(argv[6]);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (use_tls) {
#ifdef WITH_TLS
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
#else
    return fprintf(stderr, "mqtt-load was built without TLS\n"), 2;
#endif
  }
  ep = epoll_create1(EPOLL_CLOEXEC);
  conns = calloc(65536, sizeof *conns);
  int opened = 0, open = 0;
  while (open + dead < connections) {
    /* A few at a time: the accept queue of a server may be short. */
    while (opened < connections && opened - open - dead < 128) conn_open(&conns[opened], opened), opened++;
    struct epoll_event events[512];
    int n = epoll_wait(ep, events, 512, 20000);
    if (n == 0) break;
    for (int i = 0; i < n; i++) {
      Conn *c = events[i].data.ptr;
      if (c->state != CLOSED && c->state != OPEN && conn_advance(c)) open++;
    }
  }
  printf("{\"open\":%d}\n", open);
  fflush(stdout);
  char line[4096], payload[1024], counts[1024];
  unsigned long ms, per_s, count;
  int concurrency;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "run %d %d %lu %lu %1023s %1023s", &qos, &window, &ms, &per_s, payload, counts) == 6) {
      rate = per_s;
      run(ms, payload, topic, counts);
    } else if (sscanf(line, "storm %lu %d", &count, &concurrency) == 2) {
      storm(count, concurrency);
    } else {
      fprintf(stderr, "mqtt-load: unknown command %s", line);
      return 2;
    }
    fflush(stdout);
  }
  return 0;
}
