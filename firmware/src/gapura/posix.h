// The ports on Linux and macOS, for gateways and for the tests.
#pragma once

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ports.h"

namespace gapura {

#if defined(MSG_NOSIGNAL)
constexpr int sendFlags = MSG_NOSIGNAL;
#else
constexpr int sendFlags = 0;
#endif

class PosixTransport : public Transport {
 public:
  ~PosixTransport() override { close(); }

  bool connect(const char *host, uint16_t port) override {
    close();
    char service[6];
    snprintf(service, sizeof service, "%u", port);
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    if (getaddrinfo(host, service, &wanted, &found) != 0) return false;
    for (addrinfo *at = found; at != nullptr && socket_ < 0; at = at->ai_next) {
      int opened = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
      if (opened < 0) continue;
      if (::connect(opened, at->ai_addr, at->ai_addrlen) == 0) socket_ = opened;
      else ::close(opened);
    }
    freeaddrinfo(found);
    if (socket_ < 0) return false;
    int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#if defined(SO_NOSIGPIPE)
    setsockopt(socket_, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return true;
  }

  bool connected() override { return socket_ >= 0; }

  bool send(const uint8_t *data, size_t size) override {
    while (size > 0) {
      ssize_t sent = ::send(socket_, data, size, sendFlags);
      if (sent <= 0) return false;
      data += sent;
      size -= static_cast<size_t>(sent);
    }
    return true;
  }

  size_t receive(uint8_t *into, size_t size, uint32_t timeoutMs) override {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(timeoutMs)) <= 0) return 0;
    ssize_t count = recv(socket_, into, size, 0);
    return count > 0 ? static_cast<size_t>(count) : 0;
  }

  void close() override {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

 private:
  int socket_ = -1;
};

/** Two files, `<path>.0` and `<path>.1`, that only the owner may read. */
class FileStorage : public KeyStorage {
 public:
  explicit FileStorage(const char *path) : path_(path) {}

  size_t read(int slot, uint8_t *into, size_t size) override {
    char name[512];
    int file = ::open(fileName(slot, name, sizeof name), O_RDONLY);
    if (file < 0) return 0;
    ssize_t count = ::read(file, into, size);
    ::close(file);
    return count > 0 ? static_cast<size_t>(count) : 0;
  }

  bool write(int slot, const uint8_t *data, size_t size) override {
    char name[512];
    int file = ::open(fileName(slot, name, sizeof name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) return false;
    bool stored = ::write(file, data, size) == static_cast<ssize_t>(size) && fsync(file) == 0;
    return ::close(file) == 0 && stored;
  }

 private:
  const char *fileName(int slot, char *into, size_t size) const {
    snprintf(into, size, "%s.%d", path_, slot);
    return into;
  }
  const char *path_;
};

class PosixClock : public Clock {
 public:
  uint64_t millis() override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
  }
};

}  // namespace gapura
