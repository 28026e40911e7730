import { LiteralError, parseGoBool } from "../../base/go_literal.ts";
import { goQuote } from "../../base/go_quote.ts";
import { ValueError } from "./errors.ts";

/** How finished etcd calls the feature behind a gate. */
type Stage = "alpha" | "beta";

interface GateSpec {
  readonly stage: Stage;
  readonly default: boolean;
}

/** All of etcd's. Some choose between ways to do something of which one alone is here. */
const GATES: ReadonlyMap<string, GateSpec> = new Map<string, GateSpec>([
  ["StopGRPCServiceOnDefrag", { stage: "alpha", default: false }],
  ["InitialCorruptCheck", { stage: "alpha", default: false }],
  ["CompactHashCheck", { stage: "alpha", default: false }],
  // Moot: transactions read from the store itself, never from a copy of what is not committed yet.
  ["TxnModeWriteWithSharedBuffer", { stage: "beta", default: true }],
  ["LeaseCheckpoint", { stage: "alpha", default: false }],
  ["LeaseCheckpointPersist", { stage: "alpha", default: false }],
  // Moot so far: it chooses from where other members are called; see Config.inferLocalAddr().
  ["SetMemberLocalAddr", { stage: "alpha", default: false }],
  // Moot: keep-alives are answered from memory, and all that was acknowledged is applied there.
  ["FastLeaseKeepAlive", { stage: "beta", default: true }],
  ["PriorityRequest", { stage: "alpha", default: false }],
]);

/** Gates that stand for all gates of a stage which are not named themselves. */
const STAGE_GATES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ["AllAlpha", "alpha"],
  ["AllBeta", "beta"],
]);

/** The names of all gates that stand for one feature. */
export const FEATURE_GATE_NAMES: readonly string[] = [...GATES.keys()];

/**
 * Which optional features are on. An instance never changes; with() makes another one.
 *
 * @example
 * ```ts
 * import { newConfig } from "@detcd/detcd";
 *
 * const config = newConfig();
 * config.serverFeatureGate = config.serverFeatureGate.with("InitialCorruptCheck=true");
 * if (!config.serverFeatureGate.enabled("InitialCorruptCheck")) throw new Error("not on");
 * ```
 */
export class FeatureGates {
  readonly #chosen: ReadonlyMap<string, boolean>;

  private constructor(chosen: ReadonlyMap<string, boolean>) {
    this.#chosen = chosen;
  }

  /** Every gate as etcd leaves it. */
  static defaults(): FeatureGates {
    return new FeatureGates(new Map());
  }

  /** Whether the feature is on. Throws a ValueError when there is no such gate. */
  enabled(name: string): boolean {
    const spec = GATES.get(name);
    if (spec === undefined) throw new ValueError(`unrecognized feature gate: ${name}`);
    return this.#chosen.get(name) ?? this.#chosen.get(stageGateOf(spec.stage)) ?? spec.default;
  }

  /**
   * These gates with the changes of a text such as `InitialCorruptCheck=true,AllBeta=false`. Throws a
   * ValueError when there is no such gate or a value is not a boolean.
   */
  with(text: string): FeatureGates {
    const chosen = new Map(this.#chosen);
    for (const pair of text.split(",")) {
      if (pair !== "") readPair(pair, chosen);
    }
    return new FeatureGates(chosen);
  }

  /** All gates with their states, those for whole stages too, in the order of their names. */
  states(): { name: string; stage: "alpha" | "beta"; isEnabled: boolean }[] {
    const states = Array.from(
      GATES,
      ([name, { stage }]) => ({ name, stage, isEnabled: this.enabled(name) }),
    );
    for (const [name, stage] of STAGE_GATES) {
      states.push({ name, stage, isEnabled: this.#chosen.get(name) ?? false });
    }
    return states.toSorted((a, b) => a.name < b.name ? -1 : 1);
  }

  /** The names of the gates that differ from their defaults. */
  changedNames(): string[] {
    return FEATURE_GATE_NAMES.filter((name) => this.enabled(name) !== GATES.get(name)?.default);
  }

  /** The gates that differ from their defaults, in the form that with() takes. */
  toString(): string {
    return this.changedNames().map((name) => `${name}=${this.enabled(name)}`).join(",");
  }
}

function stageGateOf(stage: Stage): string {
  return stage === "alpha" ? "AllAlpha" : "AllBeta";
}

function readPair(pair: string, chosen: Map<string, boolean>): void {
  const equals = pair.indexOf("=");
  const name = (equals < 0 ? pair : pair.slice(0, equals)).trim();
  if (equals < 0) throw new ValueError(`missing bool value for ${name}`);
  const isOn = readSwitch(name, pair.slice(equals + 1).trim());
  if (!GATES.has(name) && !STAGE_GATES.has(name)) {
    throw new ValueError(`unrecognized feature gate: ${name}`);
  }
  chosen.set(name, isOn);
}

function readSwitch(name: string, word: string): boolean {
  try {
    return parseGoBool(word);
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    throw new ValueError(
      `invalid value of ${name}=${word}, err: strconv.ParseBool: parsing ${
        goQuote(word)
      }: invalid syntax`,
    );
  }
}
