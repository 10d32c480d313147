/* Sockets, with TLS or without, on their way to an open session and to their end. */
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef WITH_TLS
static SSL_CTX *tls;
#endif

void prepare_connections(void) {
  if (options.tls) {
#ifdef WITH_TLS
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
#else
    fprintf(stderr, "mqtt-load was built without TLS\n");
    exit(2);
#endif
  }
  ep = epoll_create1(EPOLL_CLOEXEC);
  conns = calloc(MAX_CONNECTIONS, sizeof *conns);
}

void watch(Conn *c, uint32_t events, int op) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  if (epoll_ctl(ep, op, c->fd, &e) < 0 && errno != ENOENT) die("epoll_ctl");
}

ssize_t conn_write(Conn *c, const void *data, size_t len) {
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

ssize_t conn_read(Conn *c, void *data, size_t len) {
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

void conn_close(Conn *c) {
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

void conn_lost(Conn *c) {
  conn_close(c);
  dead++;
}

void conn_open(Conn *c, int index, int user) {
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
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(0x7f000001u)};
  c->user = user;
  c->began = now_ns();
  c->in_len = 0;
  c->state = CONNECTING;
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("connect");
  watch(c, EPOLLOUT | EPOLLIN, EPOLL_CTL_ADD);
}

static void send_connect(Conn *c) {
  uint8_t packet[128];
  int len = build_connect(c, packet);
  c->state = AWAITING_CONNACK;
  if (conn_write(c, packet, (size_t)len) != len) conn_lost(c);
  else watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

/* On the way to an open session; returns 1 when it is open. */
int conn_advance(Conn *c) {
  if (c->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return conn_lost(c), 0;
#ifdef WITH_TLS
    if (options.tls) {
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
