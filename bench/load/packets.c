/* CONNECT, and PUBLISH from a template. */
#include "load.h"
#include <stdio.h>
#include <string.h>

enum { MAX_BODY = 65536, MAX_RUNS = 512 };

static char body[MAX_BODY];
static uint8_t packet[MAX_BODY + 512];
/* Where in it the packet identifier, the time and the runs of changing digits stand. */
static int id_at, ts_at, digits[MAX_RUNS], digit_runs[MAX_RUNS], digit_count;
int publish_len;

/* At most 128 bytes. Returns how many. */
int build_connect(const Conn *c, uint8_t *at) {
  char user[32], id[32];
  int user_len = snprintf(user, sizeof user, "bench-%d", c->user), id_len = snprintf(id, sizeof id, "c-%d", c->user);
  int n = 0;
  at[n++] = 0x10;
  at[n++] = (uint8_t)(10 + 2 + id_len + 2 + user_len);
  memcpy(at + n, "\0\4MQTT\4\x82\0\0", 10); /* clean session, a user name, no keep-alive */
  n += 10;
  at[n++] = 0, at[n++] = (uint8_t)id_len;
  memcpy(at + n, id, (size_t)id_len), n += id_len;
  at[n++] = 0, at[n++] = (uint8_t)user_len;
  memcpy(at + n, user, (size_t)user_len), n += user_len;
  return n;
}

void load_payload(const char *file, const char *topic, int qos) {
  FILE *f = fopen(file, "r");
  if (!f) die(file);
  size_t size = fread(body, 1, sizeof body - 1, f);
  fclose(f);
  body[size] = 0;
  size_t topic_len = strlen(topic), remaining = 2 + topic_len + (qos ? 2 : 0) + size;
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
  for (size_t i = 0; i < size; i++) {
    if (body[i] == '#' && ts_at < 0) ts_at = n + (int)i;
    if (body[i] == '@' && digit_count < MAX_RUNS) {
      int from = (int)i;
      while (body[i + 1] == '@') i++;
      digits[digit_count] = n + from, digit_runs[digit_count++] = (int)i - from + 1;
    }
  }
  memcpy(packet + n, body, size);
  publish_len = n + (int)size;
}

static void write_digits(uint8_t *at, int count, uint64_t value) {
  for (int i = count - 1; i >= 0; i--, value /= 10) at[i] = (uint8_t)('0' + value % 10);
}

/* The next message of this connection, `publish_len` bytes. */
void build_publish(Conn *c, uint8_t *at) {
  memcpy(at, packet, (size_t)publish_len);
  if (id_at >= 0) {
    if (++c->next_id == 0) c->next_id = 1;
    at[id_at] = (uint8_t)(c->next_id >> 8), at[id_at + 1] = (uint8_t)c->next_id;
  }
  if (ts_at >= 0) write_digits(at + ts_at, 13, options.ts_base + c->sent);
  uint64_t value = c->sent * 7u + (uint64_t)c->user * 131u;
  for (int i = 0; i < digit_count; i++, value += 977) write_digits(at + digits[i], digit_runs[i], value);
}
