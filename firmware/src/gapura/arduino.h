// The ports on Arduino for ESP32: any Client (WiFiClient, WiFiClientSecure, EthernetClient), Preferences, millis().
#pragma once

#include <Arduino.h>
#include <Client.h>
#include <Preferences.h>

#include "ports.h"

namespace gapura {

class ArduinoTransport : public Transport {
 public:
  explicit ArduinoTransport(::Client &client) : client_(client) {}

  bool connect(const char *host, uint16_t port) override { return client_.connect(host, port) == 1; }
  bool connected() override { return client_.connected() != 0; }
  void close() override { client_.stop(); }

  bool send(const uint8_t *data, size_t size) override {
    while (size > 0) {
      size_t sent = client_.write(data, size);
      if (sent == 0) return false;
      data += sent;
      size -= sent;
    }
    return true;
  }

  size_t receive(uint8_t *into, size_t size, uint32_t timeoutMs) override {
    uint32_t started = ::millis();
    while (client_.available() <= 0) {
      if (!client_.connected() || ::millis() - started >= timeoutMs) return 0;
      ::delay(1);
    }
    int count = client_.read(into, size);
    return count > 0 ? static_cast<size_t>(count) : 0;
  }

 private:
  ::Client &client_;
};

/** Two entries of the flash's key-value store (NVS), which replaces an entry only when the new one is whole. */
class PreferencesStorage : public KeyStorage {
 public:
  explicit PreferencesStorage(const char *name = "gapura") : name_(name) {}

  size_t read(int slot, uint8_t *into, size_t size) override {
    Preferences preferences;
    if (!preferences.begin(name_, true)) return 0;
    size_t count = preferences.getBytesLength(key(slot)) <= size ? preferences.getBytes(key(slot), into, size) : 0;
    preferences.end();
    return count;
  }

  bool write(int slot, const uint8_t *data, size_t size) override {
    Preferences preferences;
    if (!preferences.begin(name_, false)) return false;
    bool stored = preferences.putBytes(key(slot), data, size) == size;
    preferences.end();
    return stored;
  }

 private:
  static const char *key(int slot) { return slot == 0 ? "identity0" : "identity1"; }
  const char *name_;
};

class ArduinoClock : public Clock {
 public:
  /** millis() begins again after 49 days; this does not, when it is asked at least that often. */
  uint64_t millis() override {
    uint32_t now = ::millis();
    if (now < last_) wraps_ += uint64_t{1} << 32;
    last_ = now;
    return wraps_ + now;
  }

 private:
  uint32_t last_ = 0;
  uint64_t wraps_ = 0;
};

}  // namespace gapura
