// Text without a heap: a writer into a buffer of fixed size, base64url on top of it, and a reader of flat JSON answers.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <string_view>

namespace gapura {

/** Appends to a buffer and remembers when something did not fit; nothing is ever written beyond the end. */
class TextWriter {
 public:
  TextWriter(char *buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) {}

  void put(char c) {
    if (size_ < capacity_) buffer_[size_++] = c;
    else overflowed_ = true;
  }

  void put(std::string_view text) {
    if (text.size() > capacity_ - size_) {
      overflowed_ = true;
      return;
    }
    memcpy(buffer_ + size_, text.data(), text.size());
    size_ += text.size();
  }

  void putNumber(uint64_t value) {
    char digits[20];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (count > 0) put(digits[--count]);
  }

  /** The inside of a JSON string (RFC 8259 §7); bytes of UTF-8 pass as they are. */
  void putJson(std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    for (char c : text) {
      if (c == '"' || c == '\\') {
        put('\\');
        put(c);
      } else if (static_cast<uint8_t>(c) < 0x20) {
        put("\\u00");
        put(hex[static_cast<uint8_t>(c) >> 4]);
        put(hex[c & 15]);
      } else {
        put(c);
      }
    }
  }

  bool ok() const { return !overflowed_; }
  size_t size() const { return size_; }
  const char *data() const { return buffer_; }
  std::string_view view() const { return {buffer_, size_}; }
  std::string_view viewFrom(size_t start) const { return {buffer_ + start, size_ - start}; }

 private:
  char *buffer_;
  size_t capacity_;
  size_t size_ = 0;
  bool overflowed_ = false;
};

/** base64url without padding (RFC 7515 §2), in pieces: the claims of a token need no buffer of their own. */
class Base64UrlWriter {
 public:
  explicit Base64UrlWriter(TextWriter &to) : to_(to) {}

  void put(uint8_t byte) {
    bits_ = bits_ << 8 | byte;
    if (++pending_ < 3) return;
    for (int shift = 18; shift >= 0; shift -= 6) to_.put(alphabet[bits_ >> shift & 63]);
    bits_ = 0;
    pending_ = 0;
  }

  void put(std::string_view text) {
    for (char c : text) put(static_cast<uint8_t>(c));
  }

  void put(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) put(bytes[i]);
  }

  void putNumber(uint64_t value) {
    char digits[20];
    TextWriter text(digits, sizeof digits);
    text.putNumber(value);
    put(text.view());
  }

  /** Writes what is left: one byte gives two characters, two bytes three. */
  void finish() {
    if (pending_ == 0) return;
    uint32_t bits = bits_ << (pending_ == 1 ? 16 : 8);
    for (int shift = 18, count = 0; count <= pending_; shift -= 6, count++) to_.put(alphabet[bits >> shift & 63]);
    pending_ = 0;
    bits_ = 0;
  }

 private:
  static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  TextWriter &to_;
  uint32_t bits_ = 0;
  int pending_ = 0;
};

inline void putBase64Url(TextWriter &to, const uint8_t *bytes, size_t size) {
  Base64UrlWriter writer(to);
  writer.put(bytes, size);
  writer.finish();
}

/** @returns the number of bytes, 0 when the text is not base64url or does not fit */
inline size_t readBase64Url(std::string_view text, uint8_t *into, size_t capacity) {
  uint32_t bits = 0;
  int count = 0;
  size_t size = 0;
  for (char c : text) {
    int value;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    else if (c >= '0' && c <= '9') value = c - '0' + 52;
    else if (c == '-') value = 62;
    else if (c == '_') value = 63;
    else return 0;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      if (size >= capacity) return 0;
      into[size++] = static_cast<uint8_t>(bits >> count);
    }
  }
  // A single character left over, or bits that nobody meant, is no encoding of anything.
  if (count >= 6 || (bits & ((1u << count) - 1)) != 0) return 0;
  return size;
}

/** Takes as long for equal texts as for different ones of the same size. */
inline bool equalInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  uint8_t difference = 0;
  for (size_t i = 0; i < a.size(); i++) difference |= static_cast<uint8_t>(a[i] ^ b[i]);
  return difference == 0;
}

/**
 * The members of one JSON object, read where they stand. Knows as much JSON as the answers to a device need: texts are
 * handed out as they are written (no member that a device reads holds an escape), other values as their source.
 */
class JsonObject {
 public:
  explicit JsonObject(std::string_view text) : text_(text) {}

  /** @returns a text without its quotes, any other value as it is written; empty when there is no such member */
  std::string_view member(std::string_view name) const {
    size_t at = skipSpace(0);
    if (at >= text_.size() || text_[at] != '{') return {};
    at = skipSpace(at + 1);
    while (at < text_.size() && text_[at] == '"') {
      size_t nameEnd = endOfValue(at);
      if (nameEnd == 0) return {};
      std::string_view found = text_.substr(at + 1, nameEnd - at - 2);
      at = skipSpace(nameEnd);
      if (at >= text_.size() || text_[at] != ':') return {};
      at = skipSpace(at + 1);
      size_t end = endOfValue(at);
      if (end == 0) return {};
      if (found == name) {
        return text_[at] == '"' ? text_.substr(at + 1, end - at - 2) : text_.substr(at, end - at);
      }
      at = skipSpace(end);
      if (at >= text_.size() || text_[at] != ',') return {};
      at = skipSpace(at + 1);
    }
    return {};
  }

 private:
  size_t skipSpace(size_t at) const {
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r' || text_[at] == '\n')) at++;
    return at;
  }

  /** @returns the index behind the value that begins at `at`; 0 when it does not end */
  size_t endOfValue(size_t at) const {
    int depth = 0;
    bool inText = false;
    for (; at < text_.size(); at++) {
      char c = text_[at];
      if (inText) {
        if (c == '\\') at++;
        else if (c == '"') {
          inText = false;
          if (depth == 0) return at + 1;
        }
      } else if (c == '"') {
        inText = true;
      } else if (c == '{' || c == '[') {
        depth++;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return at;  // a number or a word that the object's end follows
        if (--depth == 0) return at + 1;
      } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
        return at;
      }
    }
    return 0;
  }

  std::string_view text_;
};

}  // namespace gapura
