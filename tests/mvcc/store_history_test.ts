import { History } from "./store_history.ts";

const SEEDS = 300;
const STEPS = 220;

Deno.test("Store agrees with a list of all events through random histories", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const history = new History(seed);
    try {
      for (let step = 1; step <= STEPS; step++) {
        history.step();
        if (step % 110 === 0) history.compareEverything();
      }
      history.finishCompactions();
      history.compareEverything();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
