import { SimulatedCrash } from "../simulated_hardware.ts";

/** Runs what a simulated loss of power may end; its result is undefined then. */
export async function survive<T>(run: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
    return undefined;
  }
}
