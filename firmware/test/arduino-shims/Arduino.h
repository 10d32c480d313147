// What the library and the sketch use of Arduino, declared as the core for ESP32 declares it, so that a compiler without
// the core can check them. Nothing here runs.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

// As in Arduino.h, where it is a macro too.
#define constrain(amount, low, high) ((amount) < (low) ? (low) : ((amount) > (high) ? (high) : (amount)))

uint32_t millis();
void delay(uint32_t ms);
float temperatureRead();

struct HardwareSerial {
  void begin(unsigned long baud);
  size_t printf(const char *format, ...) __attribute__((format(printf, 2, 3)));
};
extern HardwareSerial Serial;

struct EspClass {
  // uint64_t, which is this on the ESP32.
  unsigned long long getEfuseMac();
};
extern EspClass ESP;
