/** Dashboards: widgets on a grid, where their values come from, and over which time they are shown. */
import { type Static, Type } from 'typebox';
import { Id, linePattern, namePattern, TimestampMs } from './common.ts';
import { aggregateFunctions } from './telemetry.ts';

/** Columns of the grid; a row is as high as the console makes it. */
export const gridColumns = 12;
/** More are read by nobody, and each asks the server. */
export const widgetsLimit = 60;
const rowsLimit = 1000;
/** Characters of a layout as JSON: pictures of plans stand in it. Below the limit of a body. */
export const layoutCharsLimit = 900_000;

const WidgetId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,36}$' });
const VariableName = Type.String({ pattern: '^[a-z][a-zA-Z0-9_]{0,31}$' });
const Key = Type.String({ minLength: 1, maxLength: 255, description: 'Telemetry key' });
const Keys = Type.Array(Key, { minItems: 1, maxItems: 8 });
const Title = Type.String({ maxLength: 120, pattern: linePattern });
const Unit = Type.Optional(Type.String({ maxLength: 16, pattern: linePattern }));
const Decimals = Type.Optional(Type.Integer({ minimum: 0, maximum: 6 }));

/** Which devices: one, all of a profile, or what a variable of the dashboard says. */
export const WidgetSource = Type.Union([
  Type.Object({ type: Type.Literal('device'), deviceId: Id }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('profile'), profileId: Id }, { additionalProperties: false }),
  Type.Object({ type: Type.Literal('variable'), name: VariableName }, { additionalProperties: false }),
]);
export type WidgetSource = Static<typeof WidgetSource>;

/** From this value on it is shown in this tone. */
const Thresholds = Type.Optional(
  Type.Array(
    Type.Object(
      { from: Type.Number(), tone: Type.Union([Type.Literal('ok'), Type.Literal('warn'), Type.Literal('danger')]) },
      { additionalProperties: false },
    ),
    { maxItems: 5 },
  ),
);

const frame = {
  id: WidgetId,
  title: Title,
  x: Type.Integer({ minimum: 0, maximum: gridColumns - 1 }),
  y: Type.Integer({ minimum: 0, maximum: rowsLimit }),
  w: Type.Integer({ minimum: 1, maximum: gridColumns }),
  h: Type.Integer({ minimum: 1, maximum: 40 }),
};
const closed = { additionalProperties: false };

export const Widget = Type.Union([
  Type.Object(
    {
      ...frame,
      kind: Type.Literal('value'),
      source: WidgetSource,
      key: Key,
      unit: Unit,
      decimals: Decimals,
      thresholds: Thresholds,
    },
    closed,
  ),
  Type.Object(
    {
      ...frame,
      kind: Type.Literal('timeSeries'),
      source: WidgetSource,
      keys: Keys,
      aggregate: Type.Optional(Type.Enum(aggregateFunctions)),
      unit: Unit,
    },
    closed,
  ),
  Type.Object(
    { ...frame, kind: Type.Literal('bar'), source: WidgetSource, key: Key, unit: Unit, decimals: Decimals },
    closed,
  ),
  Type.Object(
    {
      ...frame,
      kind: Type.Literal('gauge'),
      source: WidgetSource,
      key: Key,
      min: Type.Number(),
      max: Type.Number(),
      unit: Unit,
      decimals: Decimals,
      thresholds: Thresholds,
    },
    closed,
  ),
  Type.Object({ ...frame, kind: Type.Literal('statusGrid'), source: WidgetSource }, closed),
  Type.Object({ ...frame, kind: Type.Literal('table'), source: WidgetSource, keys: Keys, decimals: Decimals }, closed),
  Type.Object(
    { ...frame, kind: Type.Literal('events'), list: Type.Union([Type.Literal('audit'), Type.Literal('security')]) },
    closed,
  ),
  Type.Object(
    {
      ...frame,
      kind: Type.Literal('map'),
      source: WidgetSource,
      latitudeKey: Key,
      longitudeKey: Key,
      valueKey: Type.Optional(Key),
      plan: Type.Optional(
        Type.Object(
          {
            image: Type.String({
              maxLength: 700_000,
              pattern: '^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+$',
              description: 'A picture; the keys then say how far from its bottom and its left, 0 to 100',
            }),
            width: Type.Integer({ minimum: 1, maximum: 20_000 }),
            height: Type.Integer({ minimum: 1, maximum: 20_000 }),
          },
          closed,
        ),
      ),
    },
    closed,
  ),
  Type.Object({ ...frame, kind: Type.Literal('text'), text: Type.String({ maxLength: 10_000 }) }, closed),
]);
export type Widget = Static<typeof Widget>;
export type WidgetKind = Widget['kind'];

/** What a reader of the dashboard may choose: a device, or a profile whose devices are shown. */
export const DashboardVariable = Type.Union([
  Type.Object(
    {
      name: VariableName,
      label: Title,
      type: Type.Literal('device'),
      deviceId: Type.Optional(Id),
      profileId: Type.Optional(Id),
    },
    closed,
  ),
  Type.Object(
    { name: VariableName, label: Title, type: Type.Literal('profile'), profileId: Type.Optional(Id) },
    closed,
  ),
]);
export type DashboardVariable = Static<typeof DashboardVariable>;

export const DashboardLayout = Type.Object(
  {
    version: Type.Literal(1),
    range: Type.Union([
      Type.Literal('live'),
      Type.Literal('1h'),
      Type.Literal('24h'),
      Type.Literal('7d'),
      Type.Literal('30d'),
    ]),
    variables: Type.Array(DashboardVariable, { maxItems: 5 }),
    widgets: Type.Array(Widget, { maxItems: widgetsLimit }),
  },
  closed,
);
export type DashboardLayout = Static<typeof DashboardLayout>;

const dashboardFields = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: namePattern }),
  description: Type.String({ maxLength: 4000, pattern: '^[^\\u0000]*$' }),
};

export const DashboardSummary = Type.Object({
  id: Id,
  ...dashboardFields,
  widgetCount: Type.Integer(),
  createdAt: TimestampMs,
  updatedAt: TimestampMs,
});
export type DashboardSummary = Static<typeof DashboardSummary>;

export const Dashboard = Type.Object({
  id: Id,
  ...dashboardFields,
  layout: DashboardLayout,
  revision: Type.Integer({ description: 'Rises with each change' }),
  createdAt: TimestampMs,
  updatedAt: TimestampMs,
});
export type Dashboard = Static<typeof Dashboard>;

export const CreateDashboard = Type.Object(
  {
    name: dashboardFields.name,
    description: Type.Optional(dashboardFields.description),
    layout: Type.Optional(DashboardLayout),
  },
  closed,
);
export type CreateDashboard = Static<typeof CreateDashboard>;

/** With `revision`, a change is refused with `conflict` when somebody else has changed it since. */
export const UpdateDashboard = Type.Object(
  {
    name: Type.Optional(dashboardFields.name),
    description: Type.Optional(dashboardFields.description),
    layout: Type.Optional(DashboardLayout),
    revision: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type UpdateDashboard = Static<typeof UpdateDashboard>;

/** Where map tiles come from: what the operator has set, and nowhere else. */
export const MapSettings = Type.Object({
  tilesUrl: Type.Union([Type.String(), Type.Null()], {
    description: 'With {z}, {x} and {y}; null: maps have no tiles',
  }),
  attribution: Type.String(),
});
export type MapSettings = Static<typeof MapSettings>;
