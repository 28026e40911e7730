/**
 * The seeds of the simulation: `1-300`, say, or what the environment variable SIMULATION_SEEDS
 * has, such as those of a failed run: `7` or `1-20` or `3,5,100-110`.
 */
export function simulationSeeds(defaultSeeds: string): number[] {
  const text = Deno.env.get("SIMULATION_SEEDS") ?? defaultSeeds;
  return text.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
