// Who the device is: its ids and at most two keys, kept so that no power cut at any moment loses the last good state.
#pragma once

#include "crypto.h"
#include "ports.h"
#include "text.h"

namespace gapura {

/** A device key: HS256, 32 to 64 bytes. */
struct DeviceKey {
  char kid[65];
  uint8_t size;
  uint8_t bytes[64];

  bool exists() const { return size != 0; }
  std::string_view kidText() const { return {kid}; }
};

/** What is stored. Only bytes and texts, so its layout is the same everywhere. */
struct Identity {
  char deviceId[64];
  char instance[64];
  /** The key that the server has accepted. */
  DeviceKey current;
  /** The next one, stored before its first use; it becomes `current` when the server has proved that it knows it. */
  DeviceKey next;

  std::string_view deviceIdText() const { return {deviceId}; }
  std::string_view instanceText() const { return {instance}; }
};

/** @returns false when the text does not fit */
template <size_t size>
bool copyText(std::string_view text, char (&into)[size]) {
  if (text.size() >= size) return false;
  memset(into, 0, size);
  memcpy(into, text.data(), text.size());
  return true;
}

/**
 * Writes to the two slots in turns. A record carries a number that grows and a checksum: what is torn is not whole, and
 * the whole one with the highest number counts.
 */
class IdentityStore {
 public:
  explicit IdentityStore(KeyStorage &storage) : storage_(storage) {}

  /** @returns whether a whole identity was found */
  bool load(Identity &identity) {
    newest_ = -1;
    for (int slot = 0; slot < 2; slot++) {
      Record record;
      if (storage_.read(slot, reinterpret_cast<uint8_t *>(&record), sizeof record) == sizeof record && isWhole(record)) {
        uint32_t number = numberOf(record);
        if (newest_ < 0 || static_cast<int32_t>(number - number_) > 0) {
          newest_ = slot;
          number_ = number;
          identity = record.identity;
        }
      }
      wipe(&record, sizeof record);
    }
    return newest_ >= 0;
  }

  /** @returns whether it is stored; when not, what was stored before still is */
  bool save(const Identity &identity) {
    Record record;
    memcpy(record.magic, magic, sizeof record.magic);
    uint32_t number = newest_ < 0 ? 1 : number_ + 1;
    for (int i = 0; i < 4; i++) record.number[i] = static_cast<uint8_t>(number >> (8 * i));
    record.identity = identity;
    checksum(record, record.checksum);
    int slot = newest_ == 0 ? 1 : 0;
    bool stored = storage_.write(slot, reinterpret_cast<const uint8_t *>(&record), sizeof record);
    wipe(&record, sizeof record);
    if (!stored) return false;
    newest_ = slot;
    number_ = number;
    return true;
  }

 private:
  struct Record {
    uint8_t magic[4];
    uint8_t number[4];
    Identity identity;
    uint8_t checksum[16];
  };
  static_assert(alignof(Record) == 1, "a stored record has no gaps");
  static constexpr uint8_t magic[4] = {'G', 'P', 'R', 1};

  static void checksum(const Record &record, uint8_t (&into)[16]) {
    uint8_t digest[hashBytes];
    Sha256 hash;
    hash.update(&record, sizeof record - sizeof record.checksum);
    hash.finish(digest);
    memcpy(into, digest, sizeof into);
  }

  static bool isWhole(const Record &record) {
    uint8_t expected[16];
    checksum(record, expected);
    return memcmp(record.magic, magic, sizeof record.magic) == 0 &&
           memcmp(record.checksum, expected, sizeof expected) == 0;
  }

  static uint32_t numberOf(const Record &record) {
    uint32_t number = 0;
    for (int i = 3; i >= 0; i--) number = number << 8 | record.number[i];
    return number;
  }

  KeyStorage &storage_;
  int newest_ = -1;
  uint32_t number_ = 0;
};

}  // namespace gapura
