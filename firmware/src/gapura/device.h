// A device of Gapura over HTTP: provisions itself, proves itself on every request, checks who answers, renews its key.
#pragma once

#include "http.h"
#include "identity.h"
#include "ports.h"
#include "tokens.h"

/** Bytes of an answer that are kept; attributes and commands fit in 1 KiB. A longer body needs a BodySink. */
#ifndef GAPURA_BODY_BYTES
#define GAPURA_BODY_BYTES 1024
#endif
/** Head of a request: the path and its query, a token of at most 512 characters, and the rest. */
#ifndef GAPURA_HEAD_BYTES
#define GAPURA_HEAD_BYTES 1024
#endif

namespace gapura {

enum class Mode : uint8_t {
  /** One token for an hour. Says who sends, not what; enough over TLS. */
  bearer,
  /** A token for each request: nobody on the way can change, repeat or invent one, nor an answer. For plain HTTP. */
  signedRequests,
};

enum class Status : uint8_t {
  ok,
  /** No key is stored, or the server did not give one. */
  notProvisioned,
  /** No answer came, or only a part of one. Send again later. */
  noAnswer,
  /** The server refused: `httpStatus` and `code` tell why. */
  refused,
  /** The answer does not come from who knows the key. Nothing of it may be believed. */
  untrusted,
  /** The request or its answer does not fit into the buffers. */
  tooLarge,
  /** The key storage did not take the key; the one before still works. */
  notStored,
};

struct Answer {
  Status status = Status::noAnswer;
  int httpStatus = 0;
  /** Valid until the next call. */
  std::string_view body;
  /** The `code` of a refusal, for example `insufficient_scope`. */
  std::string_view code;
  /** When to come back (429, 503); 0 when the server did not say. */
  uint32_t retryAfterSeconds = 0;

  bool ok() const { return status == Status::ok; }
};

struct Server {
  const char *host;
  uint16_t port;
  Mode mode = Mode::signedRequests;
  /** For bearer tokens. */
  const char *scope = "telemetry attributes rpc ota";
  /** For each wait for the network. */
  uint32_t timeoutMs = 10000;
};

/** How a device introduces itself. Texts must live until `provision` returns. */
struct Introduction {
  const char *deviceName;
  /** `provisionDeviceKey` of the profile. */
  const char *key;
  /** `provisionDeviceSecret` of the profile; null for a device with a key of its own. */
  const char *secret = nullptr;
  /** A key that was derived from the profile's group key and burnt in (32 bytes); then no secret is needed. */
  const uint8_t *deviceKey = nullptr;
  /** Sends the secret itself, as ThingsBoard's devices do. Only over TLS, or for a server that knows no proofs. */
  bool sendSecret = false;
};

class Device {
 public:
  Device(Transport &transport, KeyStorage &storage, Clock &clock, const Server &server)
      : http_(transport, server.host, server.port), store_(storage), clock_(clock), server_(server) {}
  ~Device() { wipe(&identity_, sizeof identity_); }
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  /** Reads the stored key. @returns whether there is one */
  bool begin() {
    provisioned_ = store_.load(identity_);
    useNext_ = provisioned_ && identity_.next.exists();
    return provisioned_;
  }

  bool isProvisioned() const { return provisioned_; }
  const Identity &identity() const { return identity_; }

  /** For boards that know the time (NTP, a clock chip); others learn it from the server's answers. */
  void setTime(uint64_t epochMs) { offsetMs_ = static_cast<int64_t>(epochMs) - static_cast<int64_t>(clock_.millis()); }
  /** Milliseconds since 1970; since the start, as long as the device does not know the time. */
  uint64_t now() { return static_cast<uint64_t>(static_cast<int64_t>(clock_.millis()) + offsetMs_); }

  /** `{"temperature":21}`, or `{"ts":…,"values":{…}}`. Ok means that the data is on the server's disk. */
  Answer telemetry(std::string_view json) { return request("POST", "/api/v1/telemetry", json); }

  /** Writes attributes of the client scope. */
  Answer attributes(std::string_view json) { return request("POST", "/api/v1/attributes", json); }

  /** @param sharedKeys names with commas between */
  Answer sharedAttributes(std::string_view sharedKeys) {
    char target[256];
    TextWriter writer(target, sizeof target);
    writer.put("/api/v1/attributes?sharedKeys=");
    putQueryText(writer, sharedKeys);
    return writer.ok() ? request("GET", writer.view(), {}) : failed(Status::tooLarge);
  }

  /** Waits for the next change of shared attributes; refused with 408 when none came in time. */
  Answer nextAttributes(uint32_t waitMs) {
    char target[64];
    TextWriter writer(target, sizeof target);
    writer.put("/api/v1/attributes/updates?timeout=");
    writer.putNumber(waitMs);
    return request("GET", writer.view(), {}, nullptr, waitMs + server_.timeoutMs);
  }

  /**
   * Any request of the device API; what the calls above stand on, and what commands (`/api/v1/rpc`) and downloads
   * (`/api/v1/firmware?…`, with a sink) will.
   * @param body must stay as it is until this returns: it may be sent twice
   * @param sink takes a body of any size; whether its bytes may be used is known when this returns ok
   */
  Answer request(std::string_view method, std::string_view target, std::string_view body, BodySink *sink = nullptr,
                 uint32_t timeoutMs = 0) {
    return requestAs(server_.mode, method, target, body, sink, timeoutMs);
  }

  /** Asks for credentials of its own and stores them. */
  Answer provision(const Introduction &me) {
    http_.close();
    return me.sendSecret ? provisionPlainly(me) : provisionWithProof(me);
  }

  /**
   * Replaces the device's key. Every step is safe against a power cut: the new key is stored before its first use, the
   * server ends the old one only at that use, and the old one is forgotten only when the server has proved by its
   * answer that it knows the new one. A cut before the store leaves an unused key at the server, which it forgets.
   */
  Answer renewKey() {
    Answer answer = requestAs(Mode::signedRequests, "POST", "/api/v1/auth/key", {}, nullptr, 0);
    if (!answer.ok()) return answer;
    JsonObject given(answer.body);
    const DeviceKey &asked = useNext_ ? identity_.next : identity_.current;
    Identity renewed = identity_;
    renewed.current = asked;
    memset(&renewed.next, 0, sizeof renewed.next);
    if (!readNextKey(given, asked, renewed.next)) {
      wipe(&renewed, sizeof renewed);
      return failed(Status::untrusted);
    }
    bool stored = store_.save(renewed);
    if (stored) {
      identity_ = renewed;
      switchTo(true);
    } else {
      answer.status = Status::notStored;
    }
    wipe(&renewed, sizeof renewed);
    return answer;
  }

 private:
  /** Keeps the beginning of a body, and the hash of all of it. */
  class BodyKeeper : public BodySink {
   public:
    BodyKeeper(char *buffer, size_t capacity, BodySink *onward) : buffer_(buffer), capacity_(capacity), onward_(onward) {}

    bool take(const uint8_t *data, size_t size) override {
      hash_.update(data, size);
      if (onward_ != nullptr) return onward_->take(data, size);
      if (size > capacity_ - size_) {
        tooLarge_ = true;
        return false;
      }
      memcpy(buffer_ + size_, data, size);
      size_ += size;
      return true;
    }

    void finish(uint8_t (&digest)[hashBytes]) { hash_.finish(digest); }
    bool tooLarge() const { return tooLarge_; }
    std::string_view view() const { return {buffer_, size_}; }

   private:
    char *buffer_;
    size_t capacity_;
    size_t size_ = 0;
    bool tooLarge_ = false;
    BodySink *onward_;
    Sha256 hash_;
  };

  /** What has been tried within one call: each remedy once, but for the jumps. */
  struct Remedies {
    bool reconnected = false;
    bool tookTime = false;
    bool tookNonce = false;
    int jumps = 0;
    bool wentBack = false;
  };

  Answer failed(Status status) {
    Answer answer;
    answer.status = status;
    return answer;
  }

  Answer requestAs(Mode mode, std::string_view method, std::string_view target, std::string_view body, BodySink *sink,
                   uint32_t timeoutMs) {
    if (!provisioned_) return failed(Status::notProvisioned);
    if (identity_.next.exists() && !useNext_) switchTo(true);
    Remedies tried;
    for (;;) {
      // A key that waits for its first use is used where the server must prove that it knows it.
      bool isSigned = mode == Mode::signedRequests || useNext_ || tried.wentBack;
      const DeviceKey &key = useNext_ ? identity_.next : identity_.current;
      uint64_t jti = nextJti();
      TextWriter head(head_, sizeof head_);
      putHead(head, method, target, body, isSigned, key, jti);
      if (!head.ok()) return failed(Status::tooLarge);

      bool kept = http_.isKept();
      HttpHead got;
      BodyKeeper keeper(body_, sizeof body_, sink);
      HttpResult result =
          http_.exchange(head.view(), body, got, keeper, timeoutMs == 0 ? server_.timeoutMs : timeoutMs);
      if (result == HttpResult::noAnswer && kept && !tried.reconnected) {
        tried.reconnected = true;
        continue;
      }
      if (result != HttpResult::done) return failed(keeper.tooLarge() ? Status::tooLarge : Status::noAnswer);

      Answer answer = read(got, keeper);
      bool proven = isSigned && got.proof[0] != 0 && proves(key, jti, got, keeper);
      if (proven) settleKeys(tried);
      if (got.nonce[0] != 0) memcpy(nonce_, got.nonce, sizeof nonce_);
      if (got.status == 401 && !proven && remedy(answer.code, got, tried)) continue;
      if (isSigned && !proven && got.status < 400) {
        answer.status = Status::untrusted;
        answer.body = answer.code = {};
      }
      return answer;
    }
  }

  /** @returns whether it is worth trying again */
  bool remedy(std::string_view code, const HttpHead &got, Remedies &tried) {
    if (code == "stale_token" && !tried.tookTime && got.dateSeconds != 0) {
      tried.tookTime = true;
      takeTime(got.dateSeconds);
      return true;
    }
    if (code == "use_nonce" && !tried.tookNonce && got.nonce[0] != 0) {
      tried.tookNonce = true;
      needsNonce_ = true;
      return true;
    }
    if (code == "replayed" && tried.jumps < maxJumps) {
      // `Date` has whole seconds: after a restart of the device its clock may be a little behind its last request, and
      // after many quick ones, each of which jumped, behind by more.
      if (got.dateSeconds * 1000 > now()) takeTime(got.dateSeconds);
      lastJti_ = nextJti() + (replayJumpMs << tried.jumps++);
      return true;
    }
    if (code == "invalid_token" && useNext_ && !tried.wentBack) {
      // Perhaps the server has forgotten the new key. Nothing is dropped yet: this answer proves nothing.
      tried.wentBack = true;
      switchTo(false);
      return true;
    }
    if (tried.wentBack) switchTo(true);
    return false;
  }

  /** The server has proved that it knows the key in use: what is not needed any more can go. */
  void settleKeys(const Remedies &tried) {
    if (!identity_.next.exists()) return;
    if (!useNext_ && !tried.wentBack) return;
    Identity settled = identity_;
    if (useNext_) settled.current = identity_.next;
    memset(&settled.next, 0, sizeof settled.next);
    // Not stored: both keys stay, and the next proof brings the next attempt.
    if (store_.save(settled)) {
      identity_ = settled;
      useNext_ = false;
    }
    wipe(&settled, sizeof settled);
  }

  /** Nonces are bound to a key, and so is the remembered bearer token. */
  void switchTo(bool next) {
    useNext_ = next;
    nonce_[0] = 0;
    bearerIssuedSeconds_ = 0;
  }

  void takeTime(uint64_t dateSeconds) {
    // Rounded down by the server: a little late, and never ahead, which would cost the server a write (its `jti` floor).
    setTime(dateSeconds * 1000);
    bearerIssuedSeconds_ = 0;
    // What was made with a clock that ran far ahead was never accepted.
    if (lastJti_ > now() + acceptedAheadMs) lastJti_ = 0;
  }

  uint64_t nextJti() {
    uint64_t time = now();
    return time > lastJti_ ? time : lastJti_ + 1;
  }

  void putHead(TextWriter &to, std::string_view method, std::string_view target, std::string_view body, bool isSigned,
               const DeviceKey &key, uint64_t jti) {
    putRequestLine(to, method, target);
    if (isSigned) {
      lastJti_ = jti;
      to.put("Authorization: DeviceJWT ");
      std::string_view nonce = needsNonce_ ? std::string_view(nonce_) : std::string_view();
      putSignedToken(to, identity_, key, {method, target, body, jti, nonce});
    } else {
      uint64_t seconds = now() / 1000;
      if (bearerIssuedSeconds_ == 0 || seconds - bearerIssuedSeconds_ > bearerLifeSeconds * 9 / 10) {
        bearerIssuedSeconds_ = seconds == 0 ? 1 : seconds;
      }
      to.put("Authorization: Bearer ");
      putBearerToken(to, identity_, key, bearerIssuedSeconds_, server_.scope);
    }
    to.put("\r\n");
    putHeadEnd(to, method, body);
  }

  void putRequestLine(TextWriter &to, std::string_view method, std::string_view target) {
    to.put(method);
    to.put(' ');
    to.put(target);
    to.put(" HTTP/1.1\r\nHost: ");
    to.put(server_.host);
    to.put(':');
    to.putNumber(server_.port);
    to.put("\r\n");
  }

  static void putHeadEnd(TextWriter &to, std::string_view method, std::string_view body) {
    if (method != "GET") {
      to.put("Content-Type: application/json\r\nContent-Length: ");
      to.putNumber(body.size());
      to.put("\r\n");
    }
    to.put("\r\n");
  }

  Answer read(const HttpHead &got, const BodyKeeper &keeper) {
    Answer answer;
    answer.httpStatus = got.status;
    answer.body = keeper.view();
    answer.retryAfterSeconds = got.retryAfterSeconds;
    answer.status = got.status >= 200 && got.status < 300 ? Status::ok : Status::refused;
    if (answer.status == Status::refused) answer.code = JsonObject(answer.body).member("code");
    return answer;
  }

  bool proves(const DeviceKey &key, uint64_t jti, const HttpHead &got, BodyKeeper &keeper) {
    char digits[20];
    TextWriter jtiText(digits, sizeof digits);
    jtiText.putNumber(jti);
    uint8_t bodyHash[hashBytes];
    keeper.finish(bodyHash);
    return isProven(key.bytes, key.size, jtiText.view(), got.status, bodyHash, got.proof);
  }

  static bool readNextKey(const JsonObject &given, const DeviceKey &from, DeviceKey &next) {
    std::string_view kid = given.member("kid");
    if (kid.empty()) return false;
    std::string_view salt = given.member("salt");
    if (!salt.empty()) return deriveNextKey(from, kid, salt, next);
    return readKey(given, next);
  }

  static bool readKey(const JsonObject &given, DeviceKey &key) {
    if (!copyText(given.member("kid"), key.kid) || key.kid[0] == 0) return false;
    key.size = static_cast<uint8_t>(readBase64Url(given.member("key"), key.bytes, sizeof key.bytes));
    return key.size >= hashBytes;
  }

  Answer provisionPlainly(const Introduction &me) {
    TextWriter body(body_, sizeof body_);
    putIntroduction(body, me);
    body.put(",\"provisionDeviceSecret\":\"");
    body.putJson(me.secret == nullptr ? "" : me.secret);
    body.put("\"}");
    if (!body.ok()) return failed(Status::tooLarge);
    HttpHead got;
    uint8_t bodyHash[hashBytes];
    Answer answer = ask("POST", "/api/v1/provision", body.view(), got, bodyHash);
    return answer.ok() ? adopt(answer, me) : answer;
  }

  Answer provisionWithProof(const Introduction &me) {
    char nonce[96];
    Answer answer = fetchNonce(me.key, nonce);
    if (!answer.ok()) return answer;

    TextWriter body(body_, sizeof body_);
    putIntroduction(body, me);
    if (me.deviceKey != nullptr) body.put(",\"provisionProofBy\":\"deviceKey\"");
    body.put(",\"provisionNonce\":\"");
    body.put(nonce);
    body.put("\",\"provisionProof\":\"\"}");
    if (!body.ok()) return failed(Status::tooLarge);
    std::string_view secret = me.secret == nullptr ? "" : me.secret;
    const uint8_t *key = me.deviceKey != nullptr ? me.deviceKey : bytesOf(secret);
    size_t keySize = me.deviceKey != nullptr ? hashBytes : secret.size();
    uint8_t mac[hashBytes];
    HmacSha256 hmac(key, keySize);
    hmac.update("gapura-provision-v1\n");
    hmac.update(me.deviceName);
    hmac.update("\n", 1);
    hmac.update(nonce);
    hmac.update("\n", 1);
    hmac.update(body.view());
    hmac.finish(mac);

    // The proof goes between the last two quotes.
    size_t filledBytes = body.size() - 2;
    TextWriter filled(body_ + filledBytes, sizeof body_ - filledBytes);
    putBase64Url(filled, mac, sizeof mac);
    filled.put("\"}");
    if (!filled.ok()) return failed(Status::tooLarge);
    HttpHead got;
    uint8_t bodyHash[hashBytes];
    answer = ask("POST", "/api/v1/provision", {body_, filledBytes + filled.size()}, got, bodyHash);
    if (!answer.ok()) return answer;
    // Only who knows the secret can hand out keys. A refusal need not prove itself: there is nothing in it to believe.
    if (JsonObject(answer.body).member("status") == "SUCCESS" &&
        !isProven(key, keySize, nonce, got.status, bodyHash, got.proof)) {
      return failed(Status::untrusted);
    }
    return adopt(answer, me);
  }

  Answer fetchNonce(std::string_view key, char (&nonce)[96]) {
    char target[512];
    TextWriter writer(target, sizeof target);
    writer.put("/api/v1/time?kid=");
    putQueryText(writer, key);
    if (!writer.ok()) return failed(Status::tooLarge);
    HttpHead got;
    uint8_t bodyHash[hashBytes];
    Answer answer = ask("GET", writer.view(), {}, got, bodyHash);
    if (!answer.ok()) return answer;
    if (offsetMs_ == 0 && got.dateSeconds != 0) takeTime(got.dateSeconds);
    if (!copyText(JsonObject(answer.body).member("nonce"), nonce) || nonce[0] == 0) return failed(Status::untrusted);
    return answer;
  }

  static void putIntroduction(TextWriter &body, const Introduction &me) {
    body.put("{\"deviceName\":\"");
    body.putJson(me.deviceName);
    body.put("\",\"provisionDeviceKey\":\"");
    body.putJson(me.key);
    body.put("\",\"credentialsType\":\"JWT\"");
  }

  /** Stores who the server says that this device is. */
  Answer adopt(Answer answer, const Introduction &me) {
    JsonObject outer(answer.body);
    if (outer.member("status") != "SUCCESS") {
      answer.status = Status::refused;
      answer.code = outer.member("status");
      return answer;
    }
    JsonObject given(outer.member("credentialsValue"));
    Identity identity;
    memset(&identity, 0, sizeof identity);
    bool whole = copyText(given.member("deviceId"), identity.deviceId) &&
                 copyText(given.member("instance"), identity.instance) && identity.deviceId[0] != 0;
    if (me.deviceKey != nullptr) {
      whole = whole && copyText(given.member("kid"), identity.current.kid) && identity.current.kid[0] != 0;
      memcpy(identity.current.bytes, me.deviceKey, hashBytes);
      identity.current.size = hashBytes;
    } else {
      whole = whole && readKey(given, identity.current);
    }
    if (!whole) {
      answer.status = Status::notProvisioned;
    } else if (!store_.save(identity)) {
      answer.status = Status::notStored;
    } else {
      identity_ = identity;
      provisioned_ = true;
      switchTo(false);
    }
    wipe(&identity, sizeof identity);
    return answer;
  }

  /** A request without credentials. */
  Answer ask(std::string_view method, std::string_view target, std::string_view body, HttpHead &got,
             uint8_t (&bodyHash)[hashBytes]) {
    TextWriter head(head_, sizeof head_);
    putRequestLine(head, method, target);
    putHeadEnd(head, method, body);
    if (!head.ok()) return failed(Status::tooLarge);
    // The request's body may stand in the buffer that its answer is read into: it has been sent by then.
    BodyKeeper keeper(body_, sizeof body_, nullptr);
    HttpResult result = http_.exchange(head.view(), body, got, keeper, server_.timeoutMs);
    if (result != HttpResult::done) return failed(keeper.tooLarge() ? Status::tooLarge : Status::noAnswer);
    keeper.finish(bodyHash);
    return read(got, keeper);
  }

  /** Percent-encodes all but unreserved characters and commas (RFC 3986 §2.3). */
  static void putQueryText(TextWriter &to, std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    for (char c : text) {
      bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                   c == '.' || c == '~' || c == ',';
      if (plain) {
        to.put(c);
      } else {
        to.put('%');
        to.put(hex[static_cast<uint8_t>(c) >> 4]);
        to.put(hex[c & 15]);
      }
    }
  }

  /**
   * More than the second that `Date` leaves open; all jumps together are half of the minute that is allowed. A device
   * that restarts more than four times within a second may have to wait for the rest of that half.
   */
  static constexpr uint64_t replayJumpMs = 2000;
  static constexpr int maxJumps = 4;
  /** The server takes tokens from up to a minute ahead. */
  static constexpr uint64_t acceptedAheadMs = 55000;

  HttpConnection http_;
  IdentityStore store_;
  Clock &clock_;
  Server server_;
  Identity identity_{};
  int64_t offsetMs_ = 0;
  uint64_t lastJti_ = 0;
  uint64_t bearerIssuedSeconds_ = 0;
  bool provisioned_ = false;
  bool useNext_ = false;
  bool needsNonce_ = false;
  char nonce_[96] = "";
  char head_[GAPURA_HEAD_BYTES];
  char body_[GAPURA_BODY_BYTES];
};

}  // namespace gapura
