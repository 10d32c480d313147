/** A number, a text, a flag, or any other JSON value, boxed so that it is not taken for a text. */
export type TelemetryValue = number | string | boolean | JsonText;

/** A JSON object or array, kept as its text. */
export interface JsonText {
  readonly json: string;
}
