import type { Cursor } from './cursor.ts';
import type { ProtocolVersion, PublishPacket } from './packets.ts';
import { allowedProperties, numberOf, property, readProperties } from './properties.ts';

/**
 * Reads the bytes after the fixed header of a PUBLISH.
 * @param flags the lower four bits of its first byte; retain means nothing here (reference §1.2)
 * @returns undefined when the cursor has a fault
 */
export function decodePublish(cursor: Cursor, flags: number, version: ProtocolVersion): PublishPacket | undefined {
  const qos = (flags >> 1) & 3;
  if (qos === 3) cursor.malformed('QoS 3'); // [MQTT-3.3.1-4]
  if (qos === 0 && (flags & 0x08) !== 0) cursor.malformed('DUP with QoS 0'); // [MQTT-3.3.1-2]
  const topic = cursor.repeatedText();
  const packetId = qos === 0 ? 0 : cursor.uint16();
  let topicAlias = 0;
  if (version === 5) {
    const properties = readProperties(cursor, allowedProperties.publish);
    if (properties.size > 0) {
      topicAlias = numberOf(properties, property.topicAlias, -1);
      if (topicAlias === 0) cursor.fail('topic_alias_invalid', 'a topic alias of 0'); // [MQTT-3.3.2-8]
      if (topicAlias === -1) topicAlias = 0;
    }
  }
  const { bytes, position: start, end } = cursor;
  if (cursor.fault !== undefined || qos === 3) return undefined;
  if (qos !== 0 && packetId === 0) {
    cursor.malformed('packet identifier 0'); // [MQTT-2.2.1-3]
    return undefined;
  }
  if (topic === '' && topicAlias === 0) {
    if (version === 5) cursor.fail('protocol_error', 'neither a topic nor an alias');
    else cursor.malformed('an empty topic'); // [MQTT-4.7.3-1]
    return undefined;
  }
  if (topic.includes('+') || topic.includes('#')) {
    cursor.malformed('wildcards in the topic of a PUBLISH'); // [MQTT-3.3.2-2]
    return undefined;
  }
  return { topic, qos: qos === 0 ? 0 : qos === 1 ? 1 : 2, packetId, topicAlias, bytes, start, end };
}
