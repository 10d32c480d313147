// One HTTP/1.1 exchange over a kept connection, in buffers of fixed size.
#pragma once

#include "ports.h"
#include "text.h"

namespace gapura {

/** What is read of an answer's head. */
struct HttpHead {
  int status = 0;
  /** From `Date`, seconds since 1970; 0 when there was none. */
  uint64_t dateSeconds = 0;
  uint32_t retryAfterSeconds = 0;
  char proof[48] = "";
  char nonce[96] = "";
};

/** Takes a body in pieces, as they arrive. For bodies that no buffer of a small board holds, such as firmware. */
class BodySink {
 public:
  virtual ~BodySink() = default;
  /** @returns false to give up */
  virtual bool take(const uint8_t *data, size_t size) = 0;
};

enum class HttpResult : uint8_t {
  done,
  /** Nothing came back. On a kept connection: the server may have closed it before it saw the request. */
  noAnswer,
  /** Something came back that is no answer, or not all of it. */
  broken,
};

namespace detail {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline bool sameWord(std::string_view a, std::string_view lowerCase) {
  if (a.size() != lowerCase.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (lower(a[i]) != lowerCase[i]) return false;
  }
  return true;
}

inline bool readNumber(std::string_view text, uint64_t &value) {
  if (text.empty() || text.size() > 12) return false;
  value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

/** `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). @returns seconds since 1970, 0 for another text */
inline uint64_t readHttpDate(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text.substr(25) != " GMT") return 0;
  uint64_t day, year, hour, minute, second;
  if (!readNumber(text.substr(5, 2), day) || !readNumber(text.substr(12, 4), year) ||
      !readNumber(text.substr(17, 2), hour) || !readNumber(text.substr(20, 2), minute) ||
      !readNumber(text.substr(23, 2), second)) {
    return 0;
  }
  size_t at = months.find(text.substr(8, 3));
  if (at == std::string_view::npos || at % 3 != 0 || year < 1970) return 0;
  uint64_t month = at / 3 + 1;
  // Days since 1970-01-01 with years that begin in March, so that a leap day comes last.
  uint64_t y = month <= 2 ? year - 1 : year;
  uint64_t dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + dayOfYear - 719468;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace detail

/** Reads answers, whole lines and bodies by length or in chunks (RFC 9112). */
class HttpConnection {
 public:
  HttpConnection(Transport &transport, const char *host, uint16_t port)
      : transport_(transport), host_(host), port_(port) {}

  /** Whether the connection was opened by an earlier request: then its end may just be the server's idle timeout. */
  bool isKept() { return kept_ && transport_.connected(); }

  /**
   * Sends a request and reads its answer.
   * @param head with the empty line
   * @param timeoutMs for each wait, not for the whole
   */
  HttpResult exchange(std::string_view head, std::string_view body, HttpHead &answer, BodySink &sink,
                      uint32_t timeoutMs) {
    timeoutMs_ = timeoutMs;
    if (!transport_.connected()) {
      kept_ = false;
      transport_.close();
      if (!transport_.connect(host_, port_)) return HttpResult::noAnswer;
    }
    readAt_ = readEnd_ = 0;
    if (!sendText(head) || (!body.empty() && !sendText(body))) return fail(HttpResult::noAnswer);
    do {
      answer = HttpHead();
      HttpResult result = readHead(answer);
      if (result != HttpResult::done) return fail(result);
    } while (answer.status >= 100 && answer.status < 200);
    if (!readBody(answer, sink)) return fail(HttpResult::broken);
    if (closeAfter_) close();
    else kept_ = true;
    return HttpResult::done;
  }

  void close() {
    transport_.close();
    kept_ = false;
  }

 private:
  HttpResult fail(HttpResult result) {
    close();
    return result;
  }

  bool sendText(std::string_view text) {
    return transport_.send(reinterpret_cast<const uint8_t *>(text.data()), text.size());
  }

  bool fill() {
    if (readAt_ < readEnd_) return true;
    readAt_ = 0;
    readEnd_ = transport_.receive(buffer_, sizeof buffer_, timeoutMs_);
    return readEnd_ > 0;
  }

  /** A line without its end. What is longer than the buffer is cut: no header that matters is. */
  bool readLine(char *line, size_t capacity, std::string_view &text) {
    size_t size = 0;
    for (size_t total = 0; total < maxLineBytes; total++) {
      if (!fill()) return false;
      char c = static_cast<char>(buffer_[readAt_++]);
      if (c == '\n') {
        if (size > 0 && line[size - 1] == '\r') size--;
        text = {line, size};
        return true;
      }
      if (size < capacity) line[size++] = c;
    }
    return false;
  }

  HttpResult readHead(HttpHead &answer) {
    char line[160];
    std::string_view text;
    if (!fill()) return HttpResult::noAnswer;
    uint64_t status = 0;
    if (!readLine(line, sizeof line, text) || text.size() < 12 || text.substr(0, 7) != "HTTP/1." ||
        !detail::readNumber(text.substr(9, 3), status)) {
      return HttpResult::broken;
    }
    answer.status = static_cast<int>(status);
    closeAfter_ = text[7] == '0';
    isChunked_ = false;
    hasLength_ = false;
    length_ = 0;
    for (int count = 0; count < maxHeaders; count++) {
      if (!readLine(line, sizeof line, text)) return HttpResult::broken;
      if (text.empty()) return HttpResult::done;
      if (!readHeader(text, answer)) return HttpResult::broken;
    }
    return HttpResult::broken;
  }

  bool readHeader(std::string_view text, HttpHead &answer) {
    size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view name = text.substr(0, colon);
    std::string_view value = text.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    uint64_t number = 0;
    if (detail::sameWord(name, "content-length")) {
      hasLength_ = true;
      return detail::readNumber(value, length_);
    }
    if (detail::sameWord(name, "transfer-encoding")) isChunked_ = detail::sameWord(value, "chunked");
    else if (detail::sameWord(name, "connection")) closeAfter_ = closeAfter_ || detail::sameWord(value, "close");
    else if (detail::sameWord(name, "date")) answer.dateSeconds = detail::readHttpDate(value);
    else if (detail::sameWord(name, "device-proof")) copy(value, answer.proof);
    else if (detail::sameWord(name, "device-nonce")) copy(value, answer.nonce);
    else if (detail::sameWord(name, "retry-after") && detail::readNumber(value, number)) {
      answer.retryAfterSeconds = static_cast<uint32_t>(number);
    }
    return true;
  }

  template <size_t size>
  static void copy(std::string_view value, char (&into)[size]) {
    if (value.size() >= size) return;
    memcpy(into, value.data(), value.size());
    into[value.size()] = 0;
  }

  bool readBody(const HttpHead &answer, BodySink &sink) {
    if (answer.status == 204 || answer.status == 304) return true;
    if (isChunked_) return readChunks(sink);
    if (hasLength_) return readBytes(length_, sink);
    closeAfter_ = true;
    while (fill()) {
      if (!sink.take(buffer_ + readAt_, readEnd_ - readAt_)) return false;
      readAt_ = readEnd_;
    }
    return true;
  }

  bool readBytes(uint64_t left, BodySink &sink) {
    while (left > 0) {
      if (!fill()) return false;
      size_t size = readEnd_ - readAt_;
      if (size > left) size = static_cast<size_t>(left);
      if (!sink.take(buffer_ + readAt_, size)) return false;
      readAt_ += size;
      left -= size;
    }
    return true;
  }

  bool readChunks(BodySink &sink) {
    char line[32];
    std::string_view text;
    for (;;) {
      if (!readLine(line, sizeof line, text) || text.empty()) return false;
      uint64_t size = 0;
      size_t digits = 0;
      for (; digits < text.size() && digits < 8; digits++) {
        char c = detail::lower(text[digits]);
        if (c >= '0' && c <= '9') size = size * 16 + static_cast<uint64_t>(c - '0');
        else if (c >= 'a' && c <= 'f') size = size * 16 + static_cast<uint64_t>(c - 'a' + 10);
        else break;
      }
      if (digits == 0) return false;
      if (size == 0) break;
      if (!readBytes(size, sink) || !readLine(line, sizeof line, text) || !text.empty()) return false;
    }
    for (int count = 0; count < maxHeaders; count++) {
      if (!readLine(line, sizeof line, text)) return false;
      if (text.empty()) return true;
    }
    return false;
  }

  /** Against an answer that never ends; Gapura's have a dozen short headers. */
  static constexpr size_t maxLineBytes = 4096;
  static constexpr int maxHeaders = 64;

  Transport &transport_;
  const char *host_;
  uint16_t port_;
  uint32_t timeoutMs_ = 0;
  uint64_t length_ = 0;
  size_t readAt_ = 0;
  size_t readEnd_ = 0;
  bool kept_ = false;
  bool closeAfter_ = false;
  bool isChunked_ = false;
  bool hasLength_ = false;
  uint8_t buffer_[256];
};

}  // namespace gapura
