// The tokens of a device and the proofs of the server, byte by byte (docs/reference/device-auth.md).
#pragma once

#include "crypto.h"
#include "identity.h"
#include "text.h"

namespace gapura {

constexpr uint32_t bearerLifeSeconds = 3600;
constexpr uint32_t signedLifeSeconds = 60;

namespace detail {

inline void putTokenHeader(TextWriter &to, std::string_view type, const DeviceKey &key) {
  Base64UrlWriter header(to);
  header.put("{\"alg\":\"HS256\",\"typ\":\"");
  header.put(type);
  header.put("\",\"kid\":\"");
  header.put(key.kidText());
  header.put("\"}");
  header.finish();
  to.put('.');
}

/** @param start where the token begins in `to` */
inline void putSignature(TextWriter &to, size_t start, const DeviceKey &key) {
  uint8_t mac[hashBytes];
  hmacSha256(key.bytes, key.size, to.viewFrom(start), mac);
  to.put('.');
  putBase64Url(to, mac, sizeof mac);
}

}  // namespace detail

/** A bearer token. The same arguments give the same bytes, so it need not be kept. */
inline void putBearerToken(TextWriter &to, const Identity &identity, const DeviceKey &key, uint64_t issuedSeconds,
                           std::string_view scope) {
  size_t start = to.size();
  detail::putTokenHeader(to, "JWT", key);
  Base64UrlWriter claims(to);
  claims.put("{\"sub\":\"");
  claims.put(identity.deviceIdText());
  claims.put("\",\"aud\":\"");
  claims.put(identity.instanceText());
  claims.put("\",\"iat\":");
  claims.putNumber(issuedSeconds);
  claims.put(",\"exp\":");
  claims.putNumber(issuedSeconds + bearerLifeSeconds);
  claims.put(",\"scope\":\"");
  claims.put(scope);
  claims.put("\"}");
  claims.finish();
  detail::putSignature(to, start, key);
}

struct SignedRequest {
  std::string_view method;
  /** As it stands in the request line, with its query. */
  std::string_view target;
  std::string_view body;
  /** Milliseconds since 1970, never used twice with a key. */
  uint64_t jti;
  /** Empty for none. */
  std::string_view nonce;
};

/** A token for one request alone. */
inline void putSignedToken(TextWriter &to, const Identity &identity, const DeviceKey &key,
                           const SignedRequest &request) {
  uint8_t requestHash[hashBytes];
  Sha256 hash;
  hash.update(request.method);
  hash.update(" ", 1);
  hash.update(request.target);
  hash.update("\n", 1);
  hash.update(request.body);
  hash.finish(requestHash);
  char hashText[44];
  TextWriter hashWriter(hashText, sizeof hashText);
  putBase64Url(hashWriter, requestHash, sizeof requestHash);

  size_t start = to.size();
  detail::putTokenHeader(to, "dr+jwt", key);
  Base64UrlWriter claims(to);
  claims.put("{\"sub\":\"");
  claims.put(identity.deviceIdText());
  claims.put("\",\"iat\":");
  claims.putNumber(request.jti / 1000);
  claims.put(",\"exp\":");
  claims.putNumber(request.jti / 1000 + signedLifeSeconds);
  claims.put(",\"jti\":\"");
  claims.putNumber(request.jti);
  claims.put("\",\"rqh\":\"");
  claims.put(hashWriter.view());
  if (!request.nonce.empty()) {
    claims.put("\",\"nonce\":\"");
    claims.put(request.nonce);
  }
  claims.put("\"}");
  claims.finish();
  detail::putSignature(to, start, key);
}

/** Whether an answer comes from who knows the key, to the request with this `jti`, with this status and body. */
inline bool isProven(const uint8_t *key, size_t keySize, std::string_view jti, int status,
                     const uint8_t (&bodyHash)[hashBytes], std::string_view proof) {
  uint8_t responseKey[hashBytes];
  uint8_t mac[hashBytes];
  hmacSha256(key, keySize, "gapura-response-v1", responseKey);
  char digits[3] = {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                    static_cast<char>('0' + status % 10)};
  HmacSha256 hmac(responseKey, sizeof responseKey);
  hmac.update(jti);
  hmac.update("\n", 1);
  hmac.update(digits, sizeof digits);
  hmac.update("\n", 1);
  hmac.update(bodyHash, sizeof bodyHash);
  hmac.finish(mac);
  wipe(responseKey, sizeof responseKey);
  char text[44];
  TextWriter expected(text, sizeof text);
  putBase64Url(expected, mac, sizeof mac);
  return equalInConstantTime(expected.view(), proof);
}

/** The next key when only its salt travelled. @returns false when the salt is not one */
inline bool deriveNextKey(const DeviceKey &from, std::string_view kid, std::string_view saltText, DeviceKey &next) {
  uint8_t salt[hashBytes];
  if (readBase64Url(saltText, salt, sizeof salt) != sizeof salt || !copyText(kid, next.kid)) return false;
  uint8_t mac[hashBytes];
  HmacSha256 hmac(from.bytes, from.size);
  hmac.update("gapura-next-key-v1\n");
  hmac.update(kid);
  hmac.update("\n", 1);
  hmac.update(salt, sizeof salt);
  hmac.finish(mac);
  memcpy(next.bytes, mac, sizeof mac);
  next.size = sizeof mac;
  wipe(mac, sizeof mac);
  return true;
}

}  // namespace gapura
