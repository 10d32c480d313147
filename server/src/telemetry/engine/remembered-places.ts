/**
 * Which series stood at which place of a device's messages: a device sends the same keys in the same order nearly always,
 * so that a number is compared where a name would be looked up. All devices share one array (0.1 KB for a device with
 * five keys; arrays and objects of their own took 0.4).
 */

/** Places of a message that are remembered. */
const placesLimit = 64;
/** Of a device: where its places begin, how many there are, and for which version they hold. */
const deviceFields = 3;
/** Of a place: the number of the key that stood there last, and its series; series 0 is none. */
const placeFields = 2;

export class RememberedPlaces {
  #devices = new Uint32Array(64 * deviceFields);
  #places = new Uint32Array(256 * placeFields);
  #used = 0;
  /** Of the device that was opened. */
  #start = 0;
  #width = 0;

  /**
   * What follows is about this device.
   * @param points in its message
   * @param version what was remembered for another one does not hold any more
   */
  open(device: number, points: number, version: number): void {
    const at = device * deviceFields;
    if (at >= this.#devices.length) this.#devices = grown(this.#devices, at + deviceFields);
    const width = this.#devices[at + 1] ?? 0;
    if (width < points && width < placesLimit) this.#widen(at, Math.min(placesLimit, Math.max(points, width * 2)));
    this.#start = this.#devices[at] ?? 0;
    this.#width = this.#devices[at + 1] ?? 0;
    if (this.#devices[at + 2] === version) return;
    this.#places.fill(0, this.#start, this.#start + this.#width * placeFields);
    this.#devices[at + 2] = version;
  }

  /** @returns the series that stood at this place under this key, 0 when another did, or none */
  series(place: number, key: number): number {
    if (place >= this.#width) return 0;
    const at = this.#start + place * placeFields;
    return this.#places[at] === key ? (this.#places[at + 1] ?? 0) : 0;
  }

  remember(place: number, key: number, series: number): void {
    if (place >= this.#width) return;
    const at = this.#start + place * placeFields;
    this.#places[at] = key;
    this.#places[at + 1] = series;
  }

  /** The places move to the end, with room for more. They double at least, so what is left behind is less than half. */
  #widen(at: number, width: number): void {
    const start = this.#used;
    this.#used += width * placeFields;
    if (this.#used > this.#places.length) this.#places = grown(this.#places, this.#used);
    const from = this.#devices[at] ?? 0;
    this.#places.copyWithin(start, from, from + (this.#devices[at + 1] ?? 0) * placeFields);
    this.#devices[at] = start;
    this.#devices[at + 1] = width;
  }
}

function grown(from: Uint32Array<ArrayBuffer>, least: number): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(Math.max(least, Math.ceil(from.length * 1.5)));
  to.set(from);
  return to;
}
