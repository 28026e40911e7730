import { Buffer } from "node:buffer";
import { nearestName } from "../../base/edit_distance.ts";
import { goQuote } from "../../base/go_quote.ts";
import { Config } from "./config.ts";
import { CLUSTER_STATE_FLAG_NEW } from "./constants.ts";
import { ConfigError, ValueError } from "./errors.ts";
import type { FileEntry, FileMap } from "./file_value.ts";
import { CONFIG_LIMITS } from "./limits.ts";
import { openFailure } from "./open_failure.ts";
import type { Setting } from "./setting.ts";
import { SETTINGS } from "./settings_table.ts";
import { parseYamlFile } from "./yaml_file.ts";

/**
 * Makes a configuration from a YAML or JSON file with etcd's keys, and validates it. Throws a
 * ConfigError that names the file and, where it can, the line. Durations are whole nanoseconds, as
 * in etcd's files. `scripts/packaging/detcd.conf.yml` has every key with its default.
 *
 * @example
 * ```ts
 * import { configFromFile } from "@detcd/detcd";
 *
 * const path = await Deno.makeTempFile({ suffix: ".yml" });
 * await Deno.writeTextFile(path, "name: n1\ninitial-cluster: n1=http://localhost:2380\n");
 * const config = configFromFile(path);
 * if (config.name !== "n1") throw new Error("not read");
 * ```
 */
export function configFromFile(path: string): Config {
  const config = readConfigFile(path);
  config.validate();
  return config;
}

/** Like configFromFile(), without validating. */
export function readConfigFile(path: string): Config {
  return configFromText(path, readText(path));
}

/** Makes a configuration from the text of a config file; `path` is for messages. */
export function configFromText(path: string, text: string): Config {
  const config = new Config();
  const defaultInitialCluster = config.initialCluster;
  const root = parseYamlFile(path, text);
  if (root !== undefined) {
    new ConfigFileReader(path, config).readMap(root, KEYS, []);
    noteKeys(root, config);
  }
  // A cluster found by discovery must not meet the one that is only there by default.
  const isDiscovered = config.dnsCluster !== "" || config.durl !== "" ||
    config.discoveryCfg.endpoints.length > 0;
  if (isDiscovered && config.initialCluster === defaultInitialCluster) config.initialCluster = "";
  if (config.clusterState === "") config.clusterState = CLUSTER_STATE_FLAG_NEW;
  if (config.selfSignedCertValidityYears === 0) config.selfSignedCertValidityYears = 1;
  return config;
}

/** Remembers what was given, under the names that flags have. */
function noteKeys(root: FileMap, config: Config): void {
  for (const { key, value } of root.entries) {
    config.flagsExplicitlySet.add(key);
    if (key !== "peer-transport-security" || value.kind !== "map") continue;
    for (const entry of value.entries) config.flagsExplicitlySet.add(`peer-${entry.key}`);
  }
}

/** The keys of one map of the file: a setting, or the keys of a map below. */
type KeyTree = ReadonlyMap<string, Setting | KeyTree>;

interface MutableKeyTree extends Map<string, Setting | MutableKeyTree> {}

const KEYS: KeyTree = keyTreeOf(SETTINGS);

function keyTreeOf(settings: readonly Setting[]): KeyTree {
  const root: MutableKeyTree = new Map();
  for (const setting of settings) {
    // What etcd takes and ignores, it takes on the command line only.
    if (setting.status !== "ignored") addKey(root, setting.fileKey, setting);
  }
  return root;
}

function addKey(tree: MutableKeyTree, path: readonly string[], setting: Setting): void {
  const [key, ...rest] = path;
  if (rest.length === 0) {
    tree.set(key, setting);
    return;
  }
  const known = tree.get(key);
  const below: MutableKeyTree = known instanceof Map ? known : new Map();
  tree.set(key, below);
  addKey(below, rest, setting);
}

class ConfigFileReader {
  readonly #path: string;
  readonly #config: Config;

  constructor(path: string, config: Config) {
    this.#path = path;
    this.#config = config;
  }

  readMap(map: FileMap, keys: KeyTree, above: readonly string[]): void {
    for (const entry of map.entries) {
      const known = keys.get(entry.key);
      if (known === undefined) throw this.#unknownKey(entry, keys, above);
      if (known instanceof Map) this.#readBelow(entry, known, above);
      else if ("setFromFile" in known) this.#readSetting(entry, known, above);
    }
  }

  #readBelow(entry: FileEntry, keys: KeyTree, above: readonly string[]): void {
    const { key, value } = entry;
    // A heading whose keys are all commented out is no mistake.
    if (value.kind === "nothing") return;
    // The words are etcd's for peer-transport-security.
    if (value.kind !== "map") throw this.#error(entry, `invalid ${key}: must hold further keys`);
    this.readMap(value, keys, [...above, key]);
  }

  #readSetting(entry: FileEntry, setting: Setting, above: readonly string[]): void {
    if (entry.value.kind === "nothing") return;
    try {
      setting.setFromFile(this.#config, entry.value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const name = [...above, entry.key].join(": ");
      throw this.#error(entry, `${name}: ${error.message}`, error);
    }
  }

  #unknownKey(entry: FileEntry, keys: KeyTree, above: readonly string[]): ConfigError {
    const where = above.length === 0 ? "" : ` in ${above.join(": ")}`;
    const hint = hintFor(entry.key, keys);
    return this.#error(entry, `unknown key ${goQuote(entry.key)}${where}${hint}`);
  }

  #error(entry: FileEntry, message: string, cause?: Error): ConfigError {
    return new ConfigError(`${this.#path}:${entry.line}: ${message}`, { cause });
  }
}

/** A flag's name in the wrong place is a likelier slip than a misspelt key. */
function hintFor(key: string, keys: KeyTree): string {
  const misplaced = SETTINGS.find((setting) =>
    setting.flag === key && setting.status !== "ignored"
  );
  const meant = misplaced?.fileKey.join(": ") ?? nearestName(key, keys.keys());
  return meant === undefined ? "" : ` (did you mean ${goQuote(meant)}?)`;
}

function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ConfigError(`${path}: the file is not UTF-8 text`, { cause: error });
  }
}

function readBytes(path: string): Uint8Array {
  try {
    using file = Deno.openSync(path);
    if (file.statSync().isDirectory) throw new ConfigError(`read ${path}: is a directory`);
    return readUpTo(file, path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`open ${path}: ${openFailure(error)}`, { cause: error });
  }
}

/** A size that the file states need not be true, so it is read until it ends or is too long. */
function readUpTo(file: Deno.FsFile, path: string): Uint8Array {
  const limit = CONFIG_LIMITS.configFileBytes;
  const bytes = Buffer.alloc(limit + 1);
  let length = 0;
  while (length <= limit) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
  }
  throw new ConfigError(`${path}: a config file may have ${limit} bytes at the most`);
}
