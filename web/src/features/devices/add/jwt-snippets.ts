/** Code for devices that prove themselves by JSON Web Tokens; the wire is docs/reference/device-auth.md. */
import { quoted, shell } from './quote.ts';
import type { SnippetContext, SnippetLanguage } from './snippets.ts';

export interface JwtKey {
  readonly kind: 'jwt';
  readonly kid: string;
  /** base64url; shown this once. */
  readonly key: string;
  readonly deviceId: string;
  readonly instance: string;
}
export interface JwtProvision {
  readonly kind: 'jwtProvision';
  readonly key: string;
  readonly secret: string;
}

const sample = '{"temperature": 25.4}';
const member = (name: string): string => `sed -n 's/.*"${name}":"\\([^"]*\\)".*/\\1/p'`;

export function ofJwtKey(language: SnippetLanguage, { host, httpUrl, mqttPort }: SnippetContext, way: JwtKey): string {
  const { kid, key, deviceId, instance } = way;
  const token = `# The server makes a token for an hour; a device may as well sign its own.
TOKEN=$(curl -sS ${shell(`${httpUrl}/api/v1/auth/token`)} -d grant_type=client_credentials \\
  -d client_id=${shell(kid)} -d client_secret=${shell(key)} | ${member('access_token')})`;
  switch (language) {
    case 'curl':
      return `${token}
${bearerPost(httpUrl)}`;
    case 'mosquitto':
      return `${token}
${bearerPublish(host, mqttPort)}`;
    case 'python':
      return `${pythonHead(httpUrl)}
me = {"kid": ${quoted(kid)}, "key": ${quoted(key)}, "deviceId": ${quoted(deviceId)}}
offset = now()["now"] / 1000 - time.time()  # this machine's clock may be wrong
${pythonSigned}`;
    case 'arduino':
      return `${arduinoHead(httpUrl)}

void setup() {
  WiFi.begin("YOUR_WIFI", "YOUR_PASSWORD");
  while (WiFi.status() != WL_CONNECTED) delay(100);
  if (device.begin()) return;
  // Once: put the key where it survives a power cut; the device renews it from then on.
  static const uint8_t key[] = {${bytesOf(key)}};
  gapura::Identity me{};
  gapura::copyText(${quoted(deviceId)}, me.deviceId);
  gapura::copyText(${quoted(instance)}, me.instance);
  gapura::copyText(${quoted(kid)}, me.current.kid);
  me.current.size = sizeof key;
  memcpy(me.current.bytes, key, sizeof key);
  gapura::IdentityStore store(storage);
  if (store.save(me)) device.begin();
}
${arduinoLoop}`;
    case 'node':
      return `// In a copy of Gapura: git clone, then node device.ts
import { createFileIdentityStore } from './sdk/device/jwt-identity.ts';
import { createJwtDevice } from './sdk/device/jwt-device.ts';

const store = createFileIdentityStore('gapura-identity.json');
if ((await store.load()) === undefined) {
  await store.save({
    deviceId: ${quoted(deviceId)},
    instance: ${quoted(instance)},
    current: { kid: ${quoted(kid)}, alg: 'HS256', key: ${quoted(key)} },
  });
}
${nodeSend(httpUrl)}`;
  }
}

export function ofJwtProvision(
  language: SnippetLanguage,
  { host, httpUrl, mqttPort }: SnippetContext,
  { key, secret }: JwtProvision,
): string {
  const request = JSON.stringify({
    deviceName: 'sensor-1',
    provisionDeviceKey: key,
    provisionDeviceSecret: secret,
    credentialsType: 'JWT',
  });
  const introduce = `# 1. Once: ask for a key. It is told this once; the other languages prove the secret instead of sending it.
ANSWER=$(curl -sS ${shell(`${httpUrl}/api/v1/provision`)} \\
  -H 'content-type: application/json' -d ${shell(request)})
KID=$(echo "$ANSWER" | ${member('kid')})
KEY=$(echo "$ANSWER" | ${member('key')})
# 2. The server makes a token for an hour.
TOKEN=$(curl -sS ${shell(`${httpUrl}/api/v1/auth/token`)} -d grant_type=client_credentials \\
  -d "client_id=$KID" -d "client_secret=$KEY" | ${member('access_token')})`;
  switch (language) {
    case 'curl':
      return `${introduce}
${bearerPost(httpUrl)}`;
    case 'mosquitto':
      return `${introduce}
${bearerPublish(host, mqttPort)}`;
    case 'python':
      return `${pythonHead(httpUrl)}
key, secret, name = ${quoted(key)}, ${quoted(secret)}, "sensor-%012x" % uuid.getnode()
kept = pathlib.Path("gapura-identity.json")
time_now = now("?kid=" + urllib.parse.quote(key, safe=""))
offset = time_now["now"] / 1000 - time.time()  # this machine's clock may be wrong

if not kept.exists():  # once: prove the secret, which stays here, and get a key
    nonce = time_now["nonce"]
    body = json.dumps({"deviceName": name, "provisionDeviceKey": key, "credentialsType": "JWT",
                       "provisionNonce": nonce}, separators=(",", ":"))[:-1] + ',"provisionProof":""}'
    proof = b64(mac(secret.encode(), f"gapura-provision-v1\\n{name}\\n{nonce}\\n{body}"))
    answer = json.load(urllib.request.urlopen(URL + "/api/v1/provision", (body[:-2] + proof + '"}').encode()))
    kept.write_text(json.dumps(answer["credentialsValue"]))
me = json.loads(kept.read_text())
${pythonSigned}`;
    case 'arduino':
      return `${arduinoHead(httpUrl)}

void setup() {
  WiFi.begin("YOUR_WIFI", "YOUR_PASSWORD");
  while (WiFi.status() != WL_CONNECTED) delay(100);
  if (device.begin()) return;
  static char name[32];  // once: prove the secret, which is not sent, and get a key
  snprintf(name, sizeof name, "esp32-%012llx", ESP.getEfuseMac());
  device.provision({name, ${quoted(key)}, ${quoted(secret)}});
}
${arduinoLoop}`;
    case 'node':
      return `// In a copy of Gapura: git clone, then node device.ts
import { hostname } from 'node:os';
import { createFileIdentityStore } from './sdk/device/jwt-identity.ts';
import { createJwtDevice } from './sdk/device/jwt-device.ts';
import { provisionJwt } from './sdk/device/jwt-provision.ts';

const store = createFileIdentityStore('gapura-identity.json');
if ((await store.load()) === undefined) {
  // Once: prove the secret, which is not sent, and get a key.
  const identity = await provisionJwt({
    baseUrl: ${quoted(httpUrl)},
    deviceName: hostname(),
    provisionDeviceKey: ${quoted(key)},
    by: { secret: ${quoted(secret)} },
  });
  await store.save(identity);
}
${nodeSend(httpUrl)}`;
  }
}

const bearerPost = (httpUrl: string): string => `curl -sS ${shell(`${httpUrl}/api/v1/telemetry`)} \\
  -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '${sample}'`;

const bearerPublish = (host: string, port: number): string =>
  `mosquitto_pub -h ${shell(host)} -p ${port} -u jwt -P "$TOKEN" -q 1 \\
  -t v1/devices/me/telemetry -m '${sample}'`;

const pythonHead = (
  httpUrl: string,
): string => `# Without packages. Each request is signed: nobody on the way can change or repeat it.
import base64, hashlib, hmac, json, pathlib, time, urllib.parse, urllib.request, uuid

URL = ${quoted(httpUrl)}
b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
mac = lambda key, text: hmac.new(key, text.encode(), hashlib.sha256).digest()
now = lambda query="": json.load(urllib.request.urlopen(URL + "/api/v1/time" + query))`;

const pythonSigned = `
def send(target, body):
    jti = int((time.time() + offset) * 1000)  # milliseconds; never twice
    claims = {"sub": me["deviceId"], "iat": jti // 1000, "exp": jti // 1000 + 60, "jti": str(jti),
              "rqh": b64(hashlib.sha256(f"POST {target}\\n".encode() + body).digest())}
    head = {"alg": "HS256", "typ": "dr+jwt", "kid": me["kid"]}
    unsigned = ".".join(b64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    token = unsigned + "." + b64(mac(base64.urlsafe_b64decode(me["key"] + "=="), unsigned))
    headers = {"authorization": "DeviceJWT " + token, "content-type": "application/json"}
    return urllib.request.urlopen(urllib.request.Request(URL + target, body, headers)).read()

send("/api/v1/telemetry", json.dumps({"temperature": 25.4}).encode())`;

/** The library speaks plain HTTP over any client of the board: its signatures stand in for TLS, not for secrecy. */
function arduinoHead(httpUrl: string): string {
  const { hostname, port, protocol } = new URL(httpUrl);
  const isTls = protocol === 'https:';
  const network = isTls
    ? 'WiFiClientSecure network;  // network.setCACert(…): Settings → Certificates'
    : 'WiFiClient network;';
  return `// platformio.ini: lib_deps = symlink:///path/to/gapura/firmware
#include <Preferences.h>
#include <WiFi.h>${isTls ? '\n#include <WiFiClientSecure.h>' : ''}
#include <gapura.h>

${network}
gapura::ArduinoTransport transport(network);
gapura::PreferencesStorage storage;
gapura::ArduinoClock boardClock;
gapura::Device device(transport, storage, boardClock, {${quoted(hostname)}, ${port === '' ? (isTls ? 443 : 80) : port}});`;
}

const arduinoLoop = `
void loop() {
  gapura::Answer answer = device.telemetry("{\\"temperature\\":25.4}");
  if (!answer.ok()) Serial.printf("HTTP %d\\n", answer.httpStatus);
  delay(10000);
}`;

const nodeSend = (
  httpUrl: string,
): string => `// Each request is signed, and no answer is believed that does not prove itself.
const device = await createJwtDevice({ baseUrl: ${quoted(httpUrl)}, store });
await device.postTelemetry({ temperature: 25.4 });`;

/** base64url as C++ writes bytes. */
function bytesOf(base64url: string): string {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Array.from(text, (unit) => `0x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`).join(', ');
}
