/** Code to paste, with everything that is known filled in. Values are quoted for the language that they stand in. */

import { type JwtKey, type JwtProvision, ofJwtKey, ofJwtProvision } from './jwt-snippets.ts';
import { quoted, shell } from './quote.ts';

export const languages = ['curl', 'mosquitto', 'python', 'arduino', 'node'] as const;
export type SnippetLanguage = (typeof languages)[number];

export interface SnippetContext {
  readonly host: string;
  /** Where the device HTTP API is, without a slash at the end. */
  readonly httpUrl: string;
  readonly mqttPort: number;
  readonly way:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'provision'; readonly key: string; readonly secret: string }
    | JwtKey
    | JwtProvision;
}

const sample = '{"temperature": 25.4}';

export function snippetOf(language: SnippetLanguage, context: SnippetContext): string {
  const { way } = context;
  switch (way.kind) {
    case 'token':
      return ofToken(language, context, way.token);
    case 'provision':
      return ofProvision(language, context, way);
    case 'jwt':
      return ofJwtKey(language, context, way);
    case 'jwtProvision':
      return ofJwtProvision(language, context, way);
  }
}

function ofToken(language: SnippetLanguage, { host, httpUrl, mqttPort }: SnippetContext, token: string): string {
  switch (language) {
    case 'curl':
      return `curl -sS -X POST ${shell(`${httpUrl}/api/v1/${encodeURIComponent(token)}/telemetry`)} \\
  -H 'content-type: application/json' \\
  -d '${sample}'`;
    case 'mosquitto':
      return `mosquitto_pub -h ${shell(host)} -p ${mqttPort} -u ${shell(token)} -q 1 \\
  -t v1/devices/me/telemetry -m '${sample}'`;
    case 'python':
      return `# pip install paho-mqtt
import json, time
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.username_pw_set(${quoted(token)})
client.connect(${quoted(host)}, ${mqttPort})
client.loop_start()
while True:
    client.publish("v1/devices/me/telemetry", json.dumps({"temperature": 25.4}), qos=1).wait_for_publish()
    time.sleep(10)`;
    case 'arduino':
      return `// platformio.ini: lib_deps = knolleary/PubSubClient
#include <PubSubClient.h>
#include <WiFi.h>

WiFiClient network;
PubSubClient mqtt(network);

void setup() {
  WiFi.begin("YOUR_WIFI", "YOUR_PASSWORD");
  while (WiFi.status() != WL_CONNECTED) delay(100);
  mqtt.setServer(${quoted(host)}, ${mqttPort});
}

void loop() {
  if (!mqtt.connected() && !mqtt.connect(WiFi.macAddress().c_str(), ${quoted(token)}, "")) {
    delay(5000);
    return;
  }
  mqtt.loop();
  static unsigned long last = 0;
  if (last == 0 || millis() - last > 10000) {
    last = millis();
    mqtt.publish("v1/devices/me/telemetry", "{\\"temperature\\":25.4}");
  }
}`;
    case 'node':
      return `// npm install mqtt
import mqtt from 'mqtt';

const client = mqtt.connect(${quoted(`mqtt://${host}:${mqttPort}`)}, { username: ${quoted(token)} });
setInterval(() => {
  client.publish('v1/devices/me/telemetry', JSON.stringify({ temperature: 25.4 }), { qos: 1 });
}, 10_000);`;
  }
}

function ofProvision(
  language: SnippetLanguage,
  { host, httpUrl, mqttPort }: SnippetContext,
  { key, secret }: { readonly key: string; readonly secret: string },
): string {
  const request = JSON.stringify({ deviceName: 'sensor-1', provisionDeviceKey: key, provisionDeviceSecret: secret });
  switch (language) {
    case 'curl':
      return `# 1. Once: ask for credentials.
TOKEN=$(curl -sS -X POST ${shell(`${httpUrl}/api/v1/provision`)} \\
  -H 'content-type: application/json' \\
  -d ${shell(request)} | sed -n 's/.*"credentialsValue":"\\([^"]*\\)".*/\\1/p')
# 2. Then: send.
curl -sS -X POST "${httpUrl}/api/v1/$TOKEN/telemetry" \\
  -H 'content-type: application/json' \\
  -d '${sample}'`;
    case 'mosquitto':
      return `# 1. Once: ask for credentials. The answer holds credentialsValue.
mosquitto_rr -h ${shell(host)} -p ${mqttPort} -u provision -q 1 \\
  -t /provision/request -e /provision/response \\
  -m ${shell(request)}
# 2. Then: send, with credentialsValue in the place of TOKEN.
mosquitto_pub -h ${shell(host)} -p ${mqttPort} -u TOKEN -q 1 \\
  -t v1/devices/me/telemetry -m '${sample}'`;
    case 'python':
      return `import json, pathlib, urllib.request, uuid

URL = ${quoted(httpUrl)}
kept = pathlib.Path("gapura-token")

def post(path, body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {"content-type": "application/json"})
    return urllib.request.urlopen(request).read()

if not kept.exists():  # once: ask for credentials
    answer = json.loads(post("/api/v1/provision", {
        "deviceName": "sensor-%012x" % uuid.getnode(),
        "provisionDeviceKey": ${quoted(key)},
        "provisionDeviceSecret": ${quoted(secret)},
    }))
    kept.write_text(answer["credentialsValue"])
post("/api/v1/" + kept.read_text() + "/telemetry", {"temperature": 25.4})`;
    case 'arduino':
      return `// platformio.ini: lib_deps = knolleary/PubSubClient, bblanchon/ArduinoJson
#include <ArduinoJson.h>
#include <HTTPClient.h>
#include <Preferences.h>
#include <WiFi.h>

Preferences kept;

int post(const String& path, const String& body, String& answer) {
  HTTPClient http;
  http.begin(String(${quoted(httpUrl)}) + path);
  http.addHeader("content-type", "application/json");
  const int status = http.POST(body);
  answer = http.getString();
  http.end();
  return status;
}

void setup() {
  WiFi.begin("YOUR_WIFI", "YOUR_PASSWORD");
  while (WiFi.status() != WL_CONNECTED) delay(100);
  kept.begin("gapura");
  if (kept.isKey("token")) return;
  JsonDocument request;  // once: ask for credentials
  request["deviceName"] = "esp32-" + WiFi.macAddress();
  request["provisionDeviceKey"] = ${quoted(key)};
  request["provisionDeviceSecret"] = ${quoted(secret)};
  String body, answer;
  serializeJson(request, body);
  if (post("/api/v1/provision", body, answer) != 200) return;
  JsonDocument credentials;
  deserializeJson(credentials, answer);
  kept.putString("token", credentials["credentialsValue"].as<String>());
}

void loop() {
  String answer;
  if (kept.isKey("token")) post("/api/v1/" + kept.getString("token") + "/telemetry", "{\\"temperature\\":25.4}", answer);
  delay(10000);
}`;
    case 'node':
      return `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

const url = ${quoted(httpUrl)};
const post = (path, body) =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

if (!existsSync('gapura-token')) {
  // Once: ask for credentials.
  const answer = await post('/api/v1/provision', {
    deviceName: hostname(),
    provisionDeviceKey: ${quoted(key)},
    provisionDeviceSecret: ${quoted(secret)},
  });
  writeFileSync('gapura-token', (await answer.json()).credentialsValue, { mode: 0o600 });
}
await post(\`/api/v1/\${readFileSync('gapura-token', 'utf8')}/telemetry\`, { temperature: 25.4 });`;
  }
}
