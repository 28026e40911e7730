/** How much a queue takes. */
interface FairQueueLimits {
  /** In all. */
  readonly total: number;
  /** Of one member. */
  readonly perMember: number;
}

/** What the members of one group have waiting. */
interface Group<T> {
  /** The one whose turn is next comes first. */
  readonly members: Map<object, T[]>;
  size: number;
}

/**
 * What many ask for who do not know each other, each served in turn: group by group, within a group
 * member by member, and what one member has asked for in the order in which it came. Where all
 * together ask for too much, the greediest loses what it asked for last, so that no one can fill the
 * queue for others.
 */
export class FairQueue<T> {
  readonly #limits: FairQueueLimits;
  /** None of them is empty; the one whose turn is next comes first. */
  readonly #groups = new Map<string, Group<T>>();
  #size = 0;

  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether a member has as many waiting as one may. */
  isFullFor(groupName: string, member: object): boolean {
    const waiting = this.#groups.get(groupName)?.members.get(member);
    return waiting !== undefined && waiting.length >= this.#limits.perMember;
  }

  /** Returns who had to go in return if there are too many, which may be the new one itself. */
  push(groupName: string, member: object, item: T): T | undefined {
    let group = this.#groups.get(groupName);
    if (group === undefined) {
      group = { members: new Map(), size: 0 };
      this.#groups.set(groupName, group);
    }
    const waiting = group.members.get(member);
    if (waiting === undefined) group.members.set(member, [item]);
    else waiting.push(item);
    group.size++;
    return ++this.#size > this.#limits.total ? this.#popGreediest(groupName, member) : undefined;
  }

  /** Takes the one whose turn it is; undefined if nobody waits. */
  shift(): T | undefined {
    for (const [groupName, group] of this.#groups) {
      for (const [member, waiting] of group.members) {
        const item = waiting.shift();
        // Behind all others.
        this.#groups.delete(groupName);
        this.#groups.set(groupName, group);
        group.members.delete(member);
        group.members.set(member, waiting);
        this.#shrunk(groupName, group, member, waiting);
        return item;
      }
    }
    return undefined;
  }

  /** Takes one out of turn; false if it does not wait. */
  delete(groupName: string, member: object, item: T): boolean {
    const group = this.#groups.get(groupName);
    const waiting = group?.members.get(member);
    const index = waiting?.indexOf(item) ?? -1;
    if (group === undefined || waiting === undefined || index < 0) return false;
    waiting.splice(index, 1);
    this.#shrunk(groupName, group, member, waiting);
    return true;
  }

  /** Whoever has just asked, if nobody is greedier. */
  #popGreediest(askingGroup: string, askingMember: object): T | undefined {
    const byGroup = (group: Group<T>) => group.size;
    const [groupName, group] = greatest(this.#groups, askingGroup, byGroup) ?? [];
    if (groupName === undefined || group === undefined) return undefined;
    const byMember = (waiting: T[]) => waiting.length;
    const [member, waiting] = greatest(group.members, askingMember, byMember) ?? [];
    if (member === undefined || waiting === undefined) return undefined;
    const item = waiting.pop();
    this.#shrunk(groupName, group, member, waiting);
    return item;
  }

  #shrunk(groupName: string, group: Group<T>, member: object, waiting: T[]): void {
    this.#size--;
    if (waiting.length === 0) group.members.delete(member);
    if (--group.size === 0) this.#groups.delete(groupName);
  }
}

/** The entry of the greatest size, the favourite if it is one of several. */
function greatest<K, V>(
  entries: ReadonlyMap<K, V>,
  favourite: K,
  sizeOf: (value: V) => number,
): readonly [K, V] | undefined {
  let found: readonly [K, V] | undefined;
  for (const entry of entries) {
    const lead = found === undefined ? 1 : sizeOf(entry[1]) - sizeOf(found[1]);
    if (lead > 0 || (lead === 0 && entry[0] === favourite)) found = entry;
  }
  return found;
}
