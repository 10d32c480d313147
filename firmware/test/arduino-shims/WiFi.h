#pragma once

#include "Client.h"

class IPAddress {};

class WiFiClient : public Client {
 public:
  int connect(IPAddress ip, uint16_t port) override;
  int connect(const char *host, uint16_t port) override;
  size_t write(uint8_t data) override;
  size_t write(const uint8_t *buf, size_t size) override;
  int available() override;
  int read() override;
  int read(uint8_t *buf, size_t size) override;
  int peek() override;
  void flush() override;
  void stop() override;
  uint8_t connected() override;
  operator bool() override;
  int setNoDelay(bool nodelay);
};

enum wl_status_t { WL_CONNECTED = 3 };

struct WiFiClass {
  wl_status_t begin(const char *ssid, const char *passphrase);
  wl_status_t status();
};
extern WiFiClass WiFi;
