import fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { expect, test } from 'vitest';
import { Cursor } from './cursor.ts';
import { decodeConnect } from './decode-connect.ts';
import { decodePublish } from './decode-publish.ts';
import { decodeAuth, decodeDisconnect, decodeEmpty, decodePuback } from './decode-short.ts';
import { decodeSubscribe, decodeUnsubscribe } from './decode-subscribe.ts';
import {
  encodeConnack,
  encodeDisconnect,
  encodePingresp,
  encodePuback,
  encodePublish,
  encodeSuback,
  encodeUnsuback,
  publishBytes,
} from './encode.ts';
import { Outbox } from './outbox.ts';
import { PacketReader } from './packet-reader.ts';
import { type ProtocolVersion, type PublishPacket, packetType } from './packets.ts';

const limit = 65_536;

/** Decodes whatever type the header says, as the handlers do. */
function decode(header: number, cursor: Cursor, version: ProtocolVersion): unknown {
  switch (header >> 4) {
    case packetType.connect:
      return decodeConnect(cursor);
    case packetType.publish:
      return withPayload(decodePublish(cursor, header & 15, version));
    case packetType.puback:
      return decodePuback(cursor, version);
    case packetType.subscribe:
      return decodeSubscribe(cursor, version);
    case packetType.unsubscribe:
      return decodeUnsubscribe(cursor, version);
    case packetType.disconnect:
      return decodeDisconnect(cursor, version);
    case packetType.auth:
      return decodeAuth(cursor);
    default:
      return decodeEmpty(cursor);
  }
}

/** Feeds the chunks; @returns what came out: decoded packets, and the fault that ended it */
/** The payload itself in the place of where it is. */
function withPayload(packet: PublishPacket | undefined): unknown {
  if (packet === undefined) return undefined;
  const { bytes, start, end, ...fields } = packet;
  return { ...fields, payload: Buffer.from(bytes.subarray(start, end)) };
}

function readAll(chunks: readonly Uint8Array[], version: ProtocolVersion) {
  const reader = new PacketReader(limit);
  const cursor = new Cursor();
  const packets: unknown[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk));
    while (reader.next()) {
      cursor.reset(reader.buffer, reader.start, reader.end);
      const packet = decode(reader.header, cursor, version);
      if (cursor.fault !== undefined) return { packets, fault: cursor.fault };
      packets.push(packet);
    }
    if (reader.fault !== undefined) return { packets, fault: reader.fault };
  }
  return { packets, fault: undefined };
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

function generate(packet: Packet, protocolVersion: ProtocolVersion): Buffer {
  return mqttPacket.generate(packet, { protocolVersion });
}

/** What mqtt-packet makes of our bytes. */
function parse(bytes: Buffer, protocolVersion: ProtocolVersion): Packet[] {
  const parser = mqttPacket.parser({ protocolVersion });
  const packets: Packet[] = [];
  parser.on('packet', (packet) => packets.push(packet));
  parser.on('error', (error) => {
    throw error;
  });
  expect(parser.parse(bytes)).toBe(0);
  return packets;
}

const version = fc.constantFrom<ProtocolVersion>(3, 4, 5);
const wellFormed = (maxLength: number) =>
  fc.string({ unit: 'binary', maxLength }).filter((text) => !text.includes('\0'));
const topic = wellFormed(80).filter((text) => text !== '' && !/[+#]/.test(text));
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const packetId = fc.integer({ min: 1, max: 65_535 });
const cuts = fc.array(fc.nat(), { maxLength: 5 });
const someProperties: { [name: string]: string | string[] } = { colour: 'red', füllstand: ['1', '2'] };
const userProperties = fc.option(fc.constant(someProperties), { nil: undefined });

/** mqtt-packet throws for properties that are present and undefined. */
type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
function defined<T extends object>(value: T): Defined<T> {
  // Only members without a value leave, and those are optional in the result.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}

test('a PUBLISH of mqtt-packet decodes to the same topic, payload, QoS and identifier, however it is cut', () => {
  fc.assert(
    fc.property(
      version,
      topic,
      payload,
      fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      packetId,
      fc.boolean(),
      cuts,
      fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
      userProperties,
      (protocolVersion, topicName, body, qos, messageId, retain, places, topicAlias, users) => {
        const bytes = generate(
          {
            cmd: 'publish',
            topic: topicName,
            payload: body,
            qos,
            messageId,
            retain,
            dup: false,
            ...(protocolVersion === 5 && {
              properties: defined({ topicAlias, userProperties: users, contentType: 'a/b', messageExpiryInterval: 7 }),
            }),
          },
          protocolVersion,
        );
        const { packets, fault } = readAll(split(bytes, places), protocolVersion);
        expect(fault).toBeUndefined();
        expect(packets).toEqual([
          {
            topic: topicName,
            qos,
            packetId: qos === 0 ? 0 : messageId,
            topicAlias: protocolVersion === 5 ? (topicAlias ?? 0) : 0,
            payload: body,
          },
        ]);
      },
    ),
  );
});

test('a CONNECT of mqtt-packet decodes to the same fields, however it is cut', () => {
  fc.assert(
    fc.property(
      version,
      wellFormed(30).filter((id) => id !== ''),
      fc.boolean(),
      fc.nat(65_535),
      fc.option(wellFormed(40), { nil: undefined }),
      fc.option(wellFormed(40), { nil: undefined }),
      fc.boolean(),
      cuts,
      fc.integer({ min: 1, max: 65_535 }),
      userProperties,
      (protocolVersion, clientId, clean, keepalive, username, password, will, places, receiveMaximum, users) => {
        const named = username !== undefined && username !== '';
        const secret = named && password !== undefined && password !== '' ? password : undefined;
        const bytes = generate(
          {
            cmd: 'connect',
            protocolVersion,
            protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
            clientId,
            clean,
            keepalive,
            ...(named && { username }),
            ...(secret !== undefined && { password: Buffer.from(secret) }),
            ...(will && { will: { topic: 'gone', payload: Buffer.from('x'), qos: 1, retain: true } }),
            ...(protocolVersion === 5 && {
              properties: defined({
                receiveMaximum,
                sessionExpiryInterval: 60,
                requestProblemInformation: false,
                userProperties: users,
              }),
            }),
          },
          protocolVersion,
        );
        const { packets, fault } = readAll(split(bytes, places), protocolVersion);
        expect(fault).toBeUndefined();
        expect(packets).toEqual([
          {
            version: protocolVersion,
            cleanStart: clean,
            keepAliveS: keepalive,
            clientId,
            username: named ? username : undefined,
            password: secret,
            sessionExpiryIntervalS: protocolVersion === 5 ? 60 : 0,
            receiveMaximum: protocolVersion === 5 ? receiveMaximum : 65_535,
            maximumPacketSize: Number.POSITIVE_INFINITY,
            wantsProblemInformation: protocolVersion !== 5,
            authenticationMethod: undefined,
            authenticationData: undefined,
          },
        ]);
      },
    ),
  );
});

test('SUBSCRIBE, UNSUBSCRIBE, PUBACK, PINGREQ and DISCONNECT of mqtt-packet decode the same in one stream', () => {
  const filter = wellFormed(40).filter((text) => text !== '');
  fc.assert(
    fc.property(
      fc.constantFrom<ProtocolVersion>(4, 5),
      fc.array(fc.record({ topic: filter, qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2) }), { minLength: 1, maxLength: 5 }),
      packetId,
      cuts,
      (protocolVersion, subscriptions, messageId, places) => {
        const filters = subscriptions.map((subscription) => subscription.topic);
        const stream = Buffer.concat([
          generate(
            {
              cmd: 'subscribe',
              messageId,
              subscriptions: subscriptions.map((s) => ({ ...s, nl: false, rap: false, rh: 0 })),
            },
            protocolVersion,
          ),
          generate({ cmd: 'unsubscribe', messageId, unsubscriptions: filters }, protocolVersion),
          generate({ cmd: 'puback', messageId, reasonCode: 0 }, protocolVersion),
          generate({ cmd: 'pingreq' }, protocolVersion),
          generate({ cmd: 'disconnect', reasonCode: 4 }, protocolVersion),
        ]);
        const { packets, fault } = readAll(split(stream, places), protocolVersion);
        expect(fault).toBeUndefined();
        expect(packets).toEqual([
          { packetId: messageId, requests: subscriptions.map((s) => ({ filter: s.topic, qos: s.qos })) },
          { packetId: messageId, filters },
          messageId,
          undefined,
          { reasonCode: protocolVersion === 5 ? 4 : 0, sessionExpiryIntervalS: 0 },
        ]);
      },
    ),
  );
});

test('a stream cut at every byte gives what it gives in one piece', () => {
  const stream = Buffer.concat([
    generate(
      {
        cmd: 'publish',
        topic: 'v1/devices/me/telemetry',
        payload: Buffer.alloc(300, 'x'),
        qos: 1,
        messageId: 7,
        dup: false,
        retain: false,
      },
      5,
    ),
    generate({ cmd: 'pingreq' }, 5),
    generate({ cmd: 'publish', topic: 'v2/t', payload: '', qos: 0, dup: false, retain: false }, 5),
  ]);
  const whole = readAll([stream], 5);
  expect(whole.packets).toHaveLength(3);
  for (let at = 0; at <= stream.length; at++) {
    expect(readAll([stream.subarray(0, at), stream.subarray(at)], 5)).toEqual(whole);
  }
  expect(
    readAll(
      Array.from(stream, (byte) => Buffer.of(byte)),
      5,
    ),
  ).toEqual(whole);
});

test('what is encoded here is what mqtt-packet reads', () => {
  fc.assert(
    fc.property(
      version,
      topic,
      payload,
      packetId,
      fc.constantFrom<0 | 1>(0, 1),
      fc.option(wellFormed(30), { nil: undefined }),
      fc.boolean(),
      (protocolVersion, topicName, body, id, qos, reason, sessionPresent) => {
        const out = new Outbox();
        const v5 = protocolVersion === 5;
        encodeConnack(out, protocolVersion, sessionPresent, 0, {
          receiveMaximum: 100,
          maximumQos: 1,
          retainAvailable: false,
          maximumPacketSize: limit,
          assignedClientId: reason,
          topicAliasMaximum: 16,
          subscriptionIdentifiersAvailable: false,
          sharedSubscriptionsAvailable: false,
          serverKeepAliveS: 400,
          sessionExpiryIntervalS: 0,
        });
        const before = out.length;
        encodePublish(out, protocolVersion, topicName, body, qos, id);
        expect(out.length - before).toBe(publishBytes(protocolVersion, topicName, body, qos));
        encodePuback(out, protocolVersion, id, 0, undefined);
        encodePuback(out, protocolVersion, id, 0x99, reason);
        encodeSuback(out, protocolVersion, id, [0, 1, 0x80]);
        encodeUnsuback(out, protocolVersion, id, [0, 0x11]);
        encodePingresp(out);
        if (v5) encodeDisconnect(out, 0x8e, reason);
        const packets = parse(out.take(), protocolVersion);
        expect(packets[0]).toMatchObject({
          cmd: 'connack',
          sessionPresent,
          ...(v5 ? { reasonCode: 0 } : { returnCode: 0 }),
        });
        if (v5) {
          expect(packets[0]).toMatchObject({
            properties: {
              receiveMaximum: 100,
              maximumQoS: 1,
              retainAvailable: false,
              maximumPacketSize: limit,
              topicAliasMaximum: 16,
              subscriptionIdentifiersAvailable: false,
              sharedSubscriptionAvailable: false,
              serverKeepAlive: 400,
              sessionExpiryInterval: 0,
              ...(reason !== undefined && { assignedClientIdentifier: reason }),
            },
          });
        }
        expect(packets[1]).toMatchObject({
          cmd: 'publish',
          topic: topicName,
          payload: body,
          qos,
          ...(qos === 1 && { messageId: id }),
        });
        expect(packets[2]).toMatchObject({ cmd: 'puback', messageId: id });
        expect(packets[3]).toMatchObject({ cmd: 'puback', messageId: id, ...(v5 && { reasonCode: 0x99 }) });
        if (v5 && reason !== undefined) expect(packets[3]).toMatchObject({ properties: { reasonString: reason } });
        expect(packets[4]).toMatchObject({ cmd: 'suback', messageId: id, granted: [0, 1, 0x80] });
        expect(packets[5]).toMatchObject({ cmd: 'unsuback', messageId: id, ...(v5 && { granted: [0, 0x11] }) });
        expect(packets[6]).toMatchObject({ cmd: 'pingresp' });
        expect(packets[7]?.cmd).toBe(v5 ? 'disconnect' : undefined);
        if (v5) expect(packets[7]).toMatchObject({ reasonCode: 0x8e });
      },
    ),
  );
});

test('random bytes end in packets or in a fault, the same one however they are cut', () => {
  fc.assert(
    fc.property(version, fc.uint8Array({ maxLength: 200 }), cuts, (protocolVersion, bytes, places) => {
      const whole = readAll([bytes], protocolVersion);
      expect(readAll(split(Buffer.from(bytes), places), protocolVersion)).toEqual(whole);
    }),
    { numRuns: 2000 },
  );
});

test('a valid packet with one byte changed never throws and never reads beyond itself', () => {
  const originals: Buffer[] = [
    generate(
      {
        cmd: 'connect',
        protocolVersion: 5,
        protocolId: 'MQTT',
        clientId: 'c',
        clean: true,
        keepalive: 9,
        username: 'u',
        password: Buffer.from('p'),
        properties: { receiveMaximum: 5, userProperties: { a: 'b' } },
        will: { topic: 'w', payload: 'x', qos: 1 },
      },
      5,
    ),
    generate(
      {
        cmd: 'publish',
        topic: 'v2/t',
        payload: '{"a":1}',
        qos: 1,
        messageId: 3,
        dup: false,
        retain: false,
        properties: { topicAlias: 2, contentType: 'x' },
      },
      5,
    ),
    generate(
      { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: 'v2/a', qos: 1, nl: false, rap: false, rh: 0 }] },
      5,
    ),
  ];
  for (const original of originals) {
    for (let at = 0; at < original.length; at++) {
      for (let value = 0; value < 256; value += 5) {
        const bytes = Buffer.from(original);
        bytes[at] = value;
        const next = generate({ cmd: 'pingreq' }, 5);
        expect(() => readAll([bytes, next], 5)).not.toThrow();
      }
    }
  }
});

const malformed: readonly (readonly [string, string, ProtocolVersion])[] = [
  ['packet type 0', '0000', 5],
  ['a remaining length of five bytes', '30ffffffff01', 5],
  ['a remaining length that is not in shortest form', '308000', 5],
  ['flags on PINGREQ', 'c100', 5],
  ['SUBSCRIBE without its flags', '80080001000376322f6101', 4],
  ['PUBLISH with QoS 3', '36080004' + '76322f74' + '0001', 4],
  ['PUBLISH with DUP and QoS 0', '38060004' + '76322f74', 4],
  ['PUBLISH with packet identifier 0', '32080004' + '76322f74' + '0000', 4],
  ['PUBLISH with a + in its topic', '30050003' + '612f2b', 4],
  ['PUBLISH with a # in its topic', '30050003' + '612f23', 4],
  ['PUBLISH with an empty topic', '30020000', 4],
  ['PUBLISH whose topic is longer than the packet', '3003000576', 4],
  ['PUBLISH whose topic is not UTF-8', '30040002c328', 4],
  ['PUBLISH whose topic holds a surrogate', '30050003eda080', 4],
  ['PUBLISH whose topic holds U+0000', '300400026100', 4],
  ['PUBLISH with an unknown property', '30080002' + '6161' + '03' + '7f0000', 5],
  ['PUBLISH with properties longer than the packet', '30050002' + '6161' + '09', 5],
  ['SUBSCRIBE with packet identifier 0', '8209' + '0000' + '0004' + '76322f61' + '01', 4],
  ['SUBSCRIBE with QoS 3', '8209' + '0001' + '0004' + '76322f61' + '03', 4],
  ['SUBSCRIBE with reserved option bits', '8209' + '0001' + '0004' + '76322f61' + '05', 4],
  ['SUBSCRIBE with reserved option bits of MQTT 5', '820a' + '0001' + '00' + '0004' + '76322f61' + '41', 5],
  ['UNSUBSCRIBE with packet identifier 0', 'a208' + '0000' + '0004' + '76322f61', 4],
  ['PUBACK with packet identifier 0', '40020000', 4],
  ['PUBACK with something behind it', '4003000100', 4],
  ['PINGREQ with a body', 'c00100', 4],
  ['DISCONNECT of MQTT 3.1.1 with a body', 'e00100', 4],
  ['CONNECT with the reserved flag', '100d' + '00044d515454' + '04' + '03' + '0000' + '000161', 4],
  ['CONNECT with a will QoS but no will', '100d' + '00044d515454' + '04' + '0a' + '0000' + '000161', 4],
  ['CONNECT with a password but no user name', '1010' + '00044d515454' + '04' + '42' + '0000' + '000161' + '000170', 4],
  ['CONNECT with something behind it', '100e' + '00044d515454' + '04' + '02' + '0000' + '000161' + '00', 4],
];

test.each(malformed)('%s is malformed', (_name, hex, protocolVersion) => {
  expect(readAll([Buffer.from(hex, 'hex')], protocolVersion)).toMatchObject({
    packets: [],
    fault: { code: 'malformed_packet' },
  });
});

const wrong: readonly (readonly [string, string, ProtocolVersion, string])[] = [
  ['PUBLISH with neither topic nor alias', '3003000000', 5, 'protocol_error'],
  ['PUBLISH with a topic alias of 0', '30060000' + '03' + '230000', 5, 'topic_alias_invalid'],
  [
    'PUBLISH with the same property twice',
    '300c0002' + '6161' + '06' + '230001' + '230001' + '7b',
    5,
    'protocol_error',
  ],
  ['PUBLISH with a payload format of 2', '30070002' + '6161' + '02' + '0102', 5, 'protocol_error'],
  ['SUBSCRIBE without filters', '82020001', 4, 'protocol_error'],
  ['SUBSCRIBE with retain handling 3', '820a' + '0001' + '00' + '0004' + '76322f61' + '31', 5, 'protocol_error'],
  [
    'SUBSCRIBE with an identifier',
    '820c' + '0001' + '02' + '0b01' + '0004' + '76322f61' + '01',
    5,
    'subscription_identifiers_not_supported',
  ],
  ['UNSUBSCRIBE without filters', 'a2020001', 4, 'protocol_error'],
  ['CONNECT of another protocol', '100d' + '000448545450' + '04' + '02' + '0000' + '000161', 4, 'protocol_error'],
  [
    'CONNECT with Receive Maximum 0',
    '1011' + '00044d515454' + '05' + '02' + '0000' + '03' + '210000' + '000161',
    5,
    'protocol_error',
  ],
];

test.each(wrong)('%s is not allowed', (_name, hex, protocolVersion, code) => {
  expect(readAll([Buffer.from(hex, 'hex')], protocolVersion)).toMatchObject({ packets: [], fault: { code } });
});

test('a packet above the limit is refused by its fixed header, before any of it is kept', () => {
  const reader = new PacketReader(limit);
  reader.push(Buffer.from('30ffffff7f', 'hex'));
  expect(reader.next()).toBe(false);
  expect(reader.fault?.code).toBe('packet_too_large');
  expect(reader.bufferedBytes).toBe(0);
});

test('a packet of exactly the limit is read, one byte more is not', () => {
  const of = (remaining: number) => {
    const bytes = Buffer.alloc(4 + remaining, 0x20);
    bytes.set([0x30, (remaining & 0x7f) | 0x80, ((remaining >> 7) & 0x7f) | 0x80, remaining >> 14, 0, 1]);
    return bytes;
  };
  expect(readAll([of(limit)], 4).packets).toHaveLength(1);
  expect(readAll([of(limit + 1)], 4)).toMatchObject({ packets: [], fault: { code: 'packet_too_large' } });
});
