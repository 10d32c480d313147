/** Attributes as people write them: what reads as JSON is that, all else is a text. */

export const attributeTypes = ['text', 'number', 'flag', 'json'] as const;
export type AttributeType = (typeof attributeTypes)[number];

export function typeOfAttribute(value: unknown): AttributeType {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'flag';
  return typeof value === 'string' ? 'text' : 'json';
}

export function attributeToText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
}

/** @returns the value, or undefined when the text is none of that type; null is no attribute */
export function attributeOfText(type: AttributeType, text: string): unknown {
  if (type === 'text') return text;
  if (type === 'flag') return text === 'true';
  if (type === 'number') {
    const number = Number(text.trim().replace(',', '.'));
    return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
  }
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
