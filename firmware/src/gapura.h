// Gapura: devices that prove themselves on every request. docs/guides/device-security.md says what each mode stops.
#pragma once

#include "gapura/device.h"

#if defined(ARDUINO)
#include "gapura/arduino.h"
#endif
