/** Remembers its own place in the roster that it stands in; only the roster writes it. */
export interface Member {
  place: number;
}

/**
 * A set of things that come and go all the time. A Set of V8 is built anew after every so many deletions; what it was
 * before still points at all that was in it, and once that is old, everything in it outlives the collections of young
 * garbage. Of 20,000 connections that came and went nearly all were kept so until all of memory was collected.
 */
export class Roster<T extends Member> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** @param member that stands in no roster */
  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Safe to call twice. */
  delete(member: T): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = -1;
  }

  /** Those that stand in it now; who leaves meanwhile is in the list all the same. */
  list(): T[] {
    return [...this.#members];
  }
}
