"""A Gapura device in Python without packages: provisions itself with a proof, then signs every request it sends.
python3 jwt_device.py http://localhost:8080 PROVISION_KEY PROVISION_SECRET my-device '{"temperature": 21.5}'"""
import base64, hashlib, hmac, json, sys, time, urllib.parse, urllib.request

url, provision_key, secret, name, telemetry = sys.argv[1:]
b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
mac = lambda key, *parts: hmac.new(key, b"".join(p.encode() if isinstance(p, str) else p for p in parts), hashlib.sha256).digest()
def proven(key, jti, answer, body):
    proof = mac(mac(key, "gapura-response-v1"), f"{jti}\n{answer.status:03d}\n", hashlib.sha256(body).digest())
    return hmac.compare_digest(b64(proof), answer.headers.get("Device-Proof", ""))

def provision():
    time_url = f"{url}/api/v1/time?kid={urllib.parse.quote(provision_key, safe='')}"
    now = json.load(urllib.request.urlopen(time_url))
    nonce, offset = now["nonce"], now["now"] / 1000 - time.time()  # this machine's clock may be wrong
    body = json.dumps({"deviceName": name, "provisionDeviceKey": provision_key, "credentialsType": "JWT",
                       "provisionNonce": nonce}, separators=(",", ":"), ensure_ascii=False)[:-1] + ',"provisionProof":""}'
    proof = b64(mac(secret.encode(), f"gapura-provision-v1\n{name}\n{nonce}\n", body))
    answer = urllib.request.urlopen(f"{url}/api/v1/provision", (body[:-2] + proof + '"}').encode())
    text = answer.read()
    if json.loads(text)["status"] != "SUCCESS" or not proven(secret.encode(), nonce, answer, text):
        sys.exit(f"not provisioned: {text.decode()}")
    return json.loads(text)["credentialsValue"], offset  # kid, key, deviceId, instance: keep it, the key is shown once

def signed(me, offset, method, target, body=b""):
    key, jti = base64.urlsafe_b64decode(me["key"] + "=="), int((time.time() + offset) * 1000)  # jti: never twice
    claims = {"sub": me["deviceId"], "iat": jti // 1000, "exp": jti // 1000 + 60, "jti": str(jti),
              "rqh": b64(hashlib.sha256(f"{method} {target}\n".encode() + body).digest())}
    head = {"alg": "HS256", "typ": "dr+jwt", "kid": me["kid"]}
    unsigned = ".".join(b64(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    headers = {"Authorization": f"DeviceJWT {unsigned}.{b64(mac(key, unsigned))}"}
    answer = urllib.request.urlopen(urllib.request.Request(url + target, body or None, headers, method=method))
    if not proven(key, jti, answer, text := answer.read()):
        sys.exit("the answer does not come from the server")
    return text

me, offset = provision()
signed(me, offset, "POST", "/api/v1/telemetry", telemetry.encode())
print("taken")
