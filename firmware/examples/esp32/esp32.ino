// An ESP32 that provisions itself, sends its temperature every ten seconds, follows a shared attribute and renews its
// key once a month. Over plain HTTP nobody on the way can read a secret, change a value or repeat a request; what it
// sends can be read: use WiFiClientSecure for that.
#include <Preferences.h>
#include <WiFi.h>
#include <gapura.h>

const char *wifiName = "…", *wifiPassword = "…";
const char *provisionKey = "…", *provisionSecret = "…";  // of the device profile

WiFiClient network;
gapura::ArduinoTransport transport(network);
gapura::PreferencesStorage storage;
gapura::ArduinoClock boardClock;
gapura::Device device(transport, storage, boardClock, {"192.168.1.10", 8080});

uint32_t intervalMs = 10000;
uint32_t lastRenewal = 0;
constexpr uint32_t renewAfterMs = 30ul * 24 * 3600 * 1000;

void provision() {
  static char name[32];
  snprintf(name, sizeof name, "esp32-%012llx", ESP.getEfuseMac());
  gapura::Answer answer = device.provision({name, provisionKey, provisionSecret});
  if (answer.ok()) Serial.printf("provisioned as %s\n", device.identity().deviceId);
  else Serial.printf("not provisioned: HTTP %d\n", answer.httpStatus);
}

void setup() {
  Serial.begin(115200);
  WiFi.begin(wifiName, wifiPassword);
  while (WiFi.status() != WL_CONNECTED) delay(200);
  network.setNoDelay(true);
  if (!device.begin()) provision();
}

void loop() {
  if (!device.isProvisioned()) {
    delay(60000);
    provision();
    return;
  }
  char body[64];
  int size = snprintf(body, sizeof body, "{\"temperature\":%.1f}", temperatureRead());
  gapura::Answer answer = device.telemetry({body, static_cast<size_t>(size)});
  if (!answer.ok()) {
    Serial.printf("status %d, HTTP %d %.*s\n", static_cast<int>(answer.status), answer.httpStatus,
                  static_cast<int>(answer.code.size()), answer.code.data());
    if (answer.retryAfterSeconds > 0) delay(answer.retryAfterSeconds * 1000);
  }

  answer = device.sharedAttributes("intervalMs");
  if (answer.ok()) {
    gapura::JsonObject shared(gapura::JsonObject(answer.body).member("shared"));
    std::string_view text = shared.member("intervalMs");
    if (!text.empty()) intervalMs = constrain(atoi(text.data()), 1000, 3600000);  // the text ends at the `}` behind it
  }

  if (millis() - lastRenewal > renewAfterMs && device.renewKey().ok()) lastRenewal = millis();
  delay(intervalMs);
}
