// What the library needs of the board: a connection, a place for keys, and a clock that only counts.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gapura {

/** One TCP (or TLS) connection to the server. */
class Transport {
 public:
  virtual ~Transport() = default;
  /** Opens the connection; an open one has been closed before. */
  virtual bool connect(const char *host, uint16_t port) = 0;
  virtual bool connected() = 0;
  /** @returns whether every byte was taken */
  virtual bool send(const uint8_t *data, size_t size) = 0;
  /**
   * Waits until at least one byte is there.
   * @returns how many were read; 0 when the connection has ended or nothing came in time
   */
  virtual size_t receive(uint8_t *into, size_t size, uint32_t timeoutMs) = 0;
  virtual void close() = 0;
};

/**
 * Two slots that survive a power cut. A write may be torn (the slot then holds rubbish, or what it held before), but
 * must not touch the other slot: the library writes them in turns and takes the newest whole one.
 */
class KeyStorage {
 public:
  virtual ~KeyStorage() = default;
  /** @returns how many bytes the slot held, 0 when none; at most `size` are read */
  virtual size_t read(int slot, uint8_t *into, size_t size) = 0;
  /** @returns whether the slot holds the data now */
  virtual bool write(int slot, const uint8_t *data, size_t size) = 0;
};

/** Counts milliseconds since some moment, for example the start. It need not know the date. */
class Clock {
 public:
  virtual ~Clock() = default;
  virtual uint64_t millis() = 0;
};

}  // namespace gapura
