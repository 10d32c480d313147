// SHA-256 and HMAC-SHA256 on mbedTLS 2.28 or 3.x. Contexts live on the stack: the generic md layer would allocate.
#pragma once

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <string_view>

#if MBEDTLS_VERSION_MAJOR >= 4
#error "Gapura needs mbedTLS 2.28 or 3.x (ESP-IDF 4.4 to 5.x, Arduino ESP32 core 2 and 3)."
#endif

// All that differs: before 3.0 the functions that return an int are called `…_ret`. (Tests ask for the newer names, which
// 2.28 still has.)
#if MBEDTLS_VERSION_MAJOR >= 3 || defined(GAPURA_TEST_MBEDTLS_3_NAMES)
#define GAPURA_SHA256(step) mbedtls_sha256_##step
#else
#define GAPURA_SHA256(step) mbedtls_sha256_##step##_ret
#endif

namespace gapura {

constexpr size_t hashBytes = 32;

/** Overwrites what must not stay in memory; the compiler may not leave it out. */
inline void wipe(void *memory, size_t size) {
  volatile uint8_t *at = static_cast<volatile uint8_t *>(memory);
  while (size-- > 0) *at++ = 0;
}

class Sha256 {
 public:
  Sha256() {
    mbedtls_sha256_init(&context_);
    reset();
  }
  ~Sha256() { mbedtls_sha256_free(&context_); }
  Sha256(const Sha256 &) = delete;
  Sha256 &operator=(const Sha256 &) = delete;

  void reset() { GAPURA_SHA256(starts)(&context_, 0); }

  void update(const void *data, size_t size) {
    GAPURA_SHA256(update)(&context_, static_cast<const uint8_t *>(data), size);
  }
  void update(std::string_view text) { update(text.data(), text.size()); }

  void finish(uint8_t (&digest)[hashBytes]) { GAPURA_SHA256(finish)(&context_, digest); }

 private:
  mbedtls_sha256_context context_;
};

/** RFC 2104 over SHA-256. */
class HmacSha256 {
 public:
  HmacSha256(const uint8_t *key, size_t size) {
    memset(pad_, 0, sizeof pad_);
    if (size > sizeof pad_) {
      uint8_t digest[hashBytes];
      hash_.update(key, size);
      hash_.finish(digest);
      hash_.reset();
      memcpy(pad_, digest, sizeof digest);
    } else if (size > 0) {
      memcpy(pad_, key, size);
    }
    for (uint8_t &byte : pad_) byte ^= 0x36;
    hash_.update(pad_, sizeof pad_);
  }
  ~HmacSha256() { wipe(pad_, sizeof pad_); }

  void update(const void *data, size_t size) { hash_.update(data, size); }
  void update(std::string_view text) { hash_.update(text); }

  void finish(uint8_t (&mac)[hashBytes]) {
    uint8_t inner[hashBytes];
    hash_.finish(inner);
    for (uint8_t &byte : pad_) byte ^= 0x36 ^ 0x5c;
    hash_.reset();
    hash_.update(pad_, sizeof pad_);
    hash_.update(inner, sizeof inner);
    hash_.finish(mac);
  }

 private:
  static constexpr size_t blockBytes = 64;
  uint8_t pad_[blockBytes];
  Sha256 hash_;
};

/** A secret, or another text whose bytes are a key. */
inline const uint8_t *bytesOf(std::string_view text) { return reinterpret_cast<const uint8_t *>(text.data()); }

inline void hmacSha256(const uint8_t *key, size_t size, std::string_view text, uint8_t (&mac)[hashBytes]) {
  HmacSha256 hmac(key, size);
  hmac.update(text);
  hmac.finish(mac);
}

}  // namespace gapura
