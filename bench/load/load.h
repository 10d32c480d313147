/* What the parts of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

enum { CLOSED, CONNECTING, HANDSHAKE, AWAITING_CONNACK, OPEN };

typedef struct {
  int fd, state, blocked;
  int user; /* logs in as bench-<user> */
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

enum { MAX_CONNECTIONS = 65536 };

/* What the command line said. */
typedef struct {
  int port, connections, first, tls;
  const char *topic;
  uint64_t ts_base;
} Options;

extern Options options;
extern Conn *conns;
extern int ep;   /* epoll */
extern int dead; /* connections that broke */

/* usage.c: time, and what the program itself costs */
uint64_t now_ns(void);
double cpu_s(void);
void die(const char *what);

/* latencies.c */
extern uint64_t worst_us;
void clear_latencies(void);
void record(uint64_t ns);
double percentile_us(double share);

/* connection.c */
void prepare_connections(void);
void watch(Conn *c, uint32_t events, int op);
ssize_t conn_write(Conn *c, const void *data, size_t len);
ssize_t conn_read(Conn *c, void *data, size_t len);
void conn_close(Conn *c);
void conn_lost(Conn *c);
void conn_open(Conn *c, int index, int user);
int conn_advance(Conn *c);

/* packets.c */
extern int publish_len;
int build_connect(const Conn *c, uint8_t *at);
void load_payload(const char *file, const char *topic, int qos);
void build_publish(Conn *c, uint8_t *at);

/* run.c, storm.c */
typedef struct {
  int qos, window, burst;
  unsigned long ms, rate;
  char payload[1024], counts[1024];
} RunOptions;

void run(const RunOptions *wanted);
void storm(uint64_t count, int concurrency, int users);

#endif
