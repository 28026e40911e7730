/** Seeds that follow one another on the same two servers. */
const SEEDS_PER_STORE = 20;

/**
 * The seeds of a test, grouped by the store they share. The environment variable HISTORY_SEEDS
 * takes others, such as those of a failed run: `7` or `1-20` or `3,5,100-110`.
 */
export function seedGroups(defaultSeeds: string): number[][] {
  const groups = new Map<number, number[]>();
  for (const seed of parseSeeds(Deno.env.get("HISTORY_SEEDS") ?? defaultSeeds)) {
    const number = Math.floor((seed - 1) / SEEDS_PER_STORE);
    const group = groups.get(number) ?? [];
    group.push(seed);
    groups.set(number, group);
  }
  return [...groups.values()];
}

/** Whether the group of this seed is one of every second, whichever of its seeds are run. */
export function isInOddGroup(seed: number): boolean {
  return Math.floor((seed - 1) / SEEDS_PER_STORE) % 2 === 1;
}

function parseSeeds(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
