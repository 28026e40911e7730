import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collectGarbage: unknown = vm.runInNewContext("gc");

/** The memory that this process really uses: what is left when all garbage is gone. */
export async function usedMemoryBytes(): Promise<number> {
  if (typeof collectGarbage !== "function") throw new Error("there is no garbage collector");
  // Finalizers run in turns of their own and may let go of more.
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
