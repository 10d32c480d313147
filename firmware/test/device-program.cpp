// A device as a program, for the tests that run the library against a real server:
//   device-program HOST PORT STORAGE [--bearer] [--die-at STEP] [--clock MS] COMMAND…
// Each command prints one line: its name, the status, the HTTP status, the code, the body. `--die-at` cuts the power
// at that step; every access to the network and to the storage is one, and a write is also cut in its middle.
#include <stdlib.h>

#include <string>

#include "gapura.h"
#include "gapura/posix.h"

static unsigned long allocations = 0;
#if defined(__GLIBC__) && !defined(GAPURA_SANITIZED)
// Every allocation of the program counts, those in mbedTLS and in the C library too.
extern "C" void *__libc_malloc(size_t size);
extern "C" void *__libc_calloc(size_t count, size_t size);
extern "C" void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}
extern "C" void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}
#endif

using namespace gapura;

static int stepsLeft = -1;
static int stepsTaken = 0;
static constexpr int diedCode = 42;

static bool isLastStep() {
  stepsTaken++;
  return stepsLeft > 0 && --stepsLeft == 0;
}
static void step() {
  if (isLastStep()) _exit(diedCode);
}

class MortalTransport : public PosixTransport {
 public:
  bool connect(const char *host, uint16_t port) override {
    step();
    return PosixTransport::connect(host, port);
  }
  bool send(const uint8_t *data, size_t size) override {
    step();
    return PosixTransport::send(data, size);
  }
  size_t receive(uint8_t *into, size_t size, uint32_t timeoutMs) override {
    size_t count = PosixTransport::receive(into, size, timeoutMs);
    step();
    return count;
  }
};

class MortalStorage : public FileStorage {
 public:
  using FileStorage::FileStorage;
  bool write(int slot, const uint8_t *data, size_t size) override {
    step();
    if (isLastStep()) {
      FileStorage::write(slot, data, size / 2);
      _exit(diedCode);
    }
    bool stored = FileStorage::write(slot, data, size);
    step();
    return stored;
  }
};

class ShiftedClock : public PosixClock {
 public:
  int64_t shiftMs = 0;
  uint64_t millis() override { return static_cast<uint64_t>(static_cast<int64_t>(PosixClock::millis()) + shiftMs); }
};

static const char *nameOf(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::notProvisioned: return "notProvisioned";
    case Status::noAnswer: return "noAnswer";
    case Status::refused: return "refused";
    case Status::untrusted: return "untrusted";
    case Status::tooLarge: return "tooLarge";
    case Status::notStored: return "notStored";
  }
  return "?";
}

static void print(const char *what, const Answer &answer) {
  printf("%s\t%s\t%d\t", what, nameOf(answer.status), answer.httpStatus);
  for (char c : answer.code) putchar(c < ' ' ? '?' : c);
  putchar('\t');
  for (char c : answer.body) putchar(c < ' ' ? '?' : c);
  putchar('\n');
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  Server server{argv[1], static_cast<uint16_t>(atoi(argv[2]))};
  MortalStorage storage(argv[3]);
  MortalTransport transport;
  ShiftedClock clock;
  int at = 4;
  uint64_t time = 0;
  for (; at < argc && argv[at][0] == '-'; at++) {
    std::string_view option = argv[at];
    if (option == "--bearer") server.mode = Mode::bearer;
    else if (option == "--die-at" && at + 1 < argc) stepsLeft = atoi(argv[++at]);
    else if (option == "--clock" && at + 1 < argc) time = strtoull(argv[++at], nullptr, 10);
    else return 2;
  }
  Device device(transport, storage, clock, server);
  device.begin();
  if (time != 0) device.setTime(time);

  for (; at < argc; at++) {
    std::string_view command = argv[at];
    auto argument = [&] { return at + 1 < argc ? argv[++at] : const_cast<char *>(""); };
    if (command == "provision") {  // NAME KEY SECRET
      Introduction me{argument(), argument(), argument()};
      print("provision", device.provision(me));
    } else if (command == "provision-plain") {
      Introduction me{argument(), argument(), argument()};
      me.sendSecret = true;
      print("provision-plain", device.provision(me));
    } else if (command == "provision-derived") {  // NAME KEY DEVICEKEY
      Introduction me{argument(), argument()};
      uint8_t key[hashBytes];
      if (readBase64Url(argument(), key, sizeof key) != sizeof key) return 2;
      me.deviceKey = key;
      print("provision-derived", device.provision(me));
    } else if (command == "telemetry") {
      print("telemetry", device.telemetry(argument()));
    } else if (command == "attributes") {
      print("attributes", device.attributes(argument()));
    } else if (command == "shared") {
      print("shared", device.sharedAttributes(argument()));
    } else if (command == "next") {
      print("next", device.nextAttributes(static_cast<uint32_t>(atoi(argument()))));
    } else if (command == "renew") {
      print("renew", device.renewKey());
    } else if (command == "who") {
      const Identity &me = device.identity();
      printf("who\t%s\t%s\t%s\t%s\n", me.deviceId, me.instance, me.current.kid, me.next.kid);
    } else if (command == "wait") {
      usleep(static_cast<useconds_t>(atoi(argument())) * 1000);
    } else if (command == "steps") {
      printf("steps\t%d\n", stepsTaken);
    } else if (command == "measure") {  // COUNT: the same telemetry again and again on one connection
      int count = atoi(argument());
      device.telemetry("{\"warm\":1}");
      unsigned long before = allocations;
      int good = 0;
      for (int i = 0; i < count; i++) good += device.telemetry("{\"temperature\":21.5,\"humidity\":55}").ok();
      unsigned long after = allocations;
      printf("measure\t%d\t%lu\t%zu\t%lu\n", good, after - before, sizeof(Device), before);
    } else {
      return 2;
    }
  }
  return 0;
}
