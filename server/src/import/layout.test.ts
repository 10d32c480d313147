import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delimiterOf } from './csv-stream.ts';
import { layoutOf } from './layout.ts';

/** Column of the file → what it fills. */
function read(first: readonly string[], query: Parameters<typeof layoutOf>[1] = {}) {
  const { hasHeader, columns, ignored } = layoutOf(first, query);
  const targets = columns.map(({ index, target }) => [
    index,
    'field' in target ? target.field : `${target.scope}.${target.attributeKey}`,
  ]);
  return { hasHeader, columns: Object.fromEntries(targets), ignored };
}

const header = (columns: object, ignored: string[] = []) => ({ hasHeader: true, columns, ignored });
const list = (columns: object) => ({ hasHeader: false, columns, ignored: [] });

describe('what the columns are', () => {
  test.each([
    [['name', 'label'], {}, header({ 0: 'name', 1: 'label' })],
    [
      [' NAME ', 'userName', 'attr.Serial', 'shared.x.y'],
      {},
      header({ 0: 'name', 1: 'userName', 2: 'server.Serial', 3: 'shared.x.y' }),
    ],
    [['name', 'Serial', ''], {}, header({ 0: 'name' }, ['Serial'])],
    [['MAC', 'type'], {}, header({ 0: 'name', 1: 'profile' })],
    [['MAC', 'name'], {}, header({ 1: 'name' }, ['MAC'])],
    [['MAC'], {}, header({ 0: 'name' })],
    [['8C:AA:B5:01:02:03'], {}, list({ 0: 'name' })],
    [['toString'], {}, list({ 0: 'name' })],
    [['name'], { header: false }, list({ 0: 'name' })],
    [['bed-1'], { header: true, map: 'name:bed-1' }, header({ 0: 'name' })],
    [['MAC', 'Site', 'name'], { map: 'name:mac,label:Site' }, header({ 0: 'name', 1: 'label' }, ['name'])],
    [['Key: id', 'x'], { map: 'name:Key: id, attr.x : x' }, header({ 0: 'name', 1: 'server.x' })],
    [['a', 'b', 'c'], { map: 'name:3,shared.k:1' }, list({ 0: 'shared.k', 2: 'name' })],
    [['1', '2'], { map: 'name:2' }, header({ 1: 'name' }, ['1'])],
  ])('%j with %j', (first, query, expected) => {
    expect(read(first, query)).toEqual(expected);
  });

  test.each([
    ['no name', ['label', 'profile'], {}],
    ['several unknown columns', ['a', 'b'], {}],
    ['two names', ['name', 'NAME'], {}],
    ['a header whose only column is unknown', ['bed-1'], { header: true }],
    ['several columns without header and map', ['a', 'b'], { header: false }],
    ['a map to a column that is not there', ['a', 'b'], { map: 'name:c' }],
    ['a map of an unknown column', ['a', 'b'], { map: 'nmae:a' }],
    ['a map without a colon', ['a', 'b'], { map: 'name' }],
    ['a map without a title', ['a', 'b'], { map: 'name:' }],
    ['a column that is mapped twice', ['a', 'b'], { map: 'name:a,label:a' }],
    ['a field that is mapped twice', ['a', 'b'], { map: 'name:a,name:b' }],
    ['a place that is mapped twice', ['a', 'b'], { header: false, map: 'name:1,label:1' }],
    ['a field from two places', ['a', 'b'], { header: false, map: 'name:1,name:2' }],
    ['a place beyond the line', ['a', 'b'], { map: 'name:3' }],
    ['too many columns', new Array<string>(501).fill('x'), {}],
  ])('%s is refused', (_what, first, query) => {
    expect(() => layoutOf(first, query)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test('whatever the first line and the map, the answer is a layout with one name or a refusal', () => {
    const title = fc.oneof(fc.constantFrom('name', 'label', 'attr.x', 'MAC', '1', ''), fc.string({ maxLength: 5 }));
    const map = fc.option(fc.string({ unit: fc.constantFrom('name', ':', ',', '1', 'MAC', 'x'), maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(title, { minLength: 1, maxLength: 5 }), map, (first, map) => {
        try {
          const { columns } = layoutOf(first, { map: map ?? undefined });
          const names = columns.filter(({ target }) => 'field' in target && target.field === 'name');
          expect(names).toHaveLength(1);
          expect(new Set(columns.map(({ target }) => JSON.stringify(target))).size).toBe(columns.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_request' });
        }
      }),
    );
  });
});

test.each([
  ['a,b;c,d', ','],
  ['a;b;c,d', ';'],
  ['a\tb', '\t'],
  ['"a;b;c",d', ','],
  ['8C:AA:B5:01:02:03', ','],
])('the delimiter of %j is %j', (line, delimiter) => {
  expect(delimiterOf(line)).toBe(delimiter);
});
