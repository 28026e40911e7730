import type { Config } from "./config.ts";
import type { FileValue } from "./file_value.ts";
import type { ValueKind } from "./value_kind.ts";

/**
 * What a setting does here. `works`: it is obeyed. `refused`: the feature behind it is not built,
 * so any value but the default is refused. `moot`: it chooses between ways to do something of which
 * one alone is here, so that every choice does the same. `ignored`: etcd takes it and does nothing,
 * and so do we.
 */
export type SettingStatus = "works" | "refused" | "moot" | "ignored";

/** The headings under which help and documentation list settings. */
export const SECTIONS = [
  "Member",
  "Clustering",
  "Security",
  "Auth",
  "Profiling and Monitoring",
  "Logging",
  "Distributed tracing",
  "Tuning",
  "Unsafe",
  "Of earlier releases",
  "Of detcd only",
  "Accepted and ignored",
] as const;

export type Section = typeof SECTIONS[number];

/** One row of the settings table, with the type of its values closed over. */
export interface Setting {
  readonly section: Section;
  /** The flag's name without dashes; a few settings exist in config files only. */
  readonly flag: string | undefined;
  /** The path of its key in a config file. */
  readonly fileKey: readonly string[];
  /** The path of its field in Config. */
  readonly field: string;
  /** What its values are called in documentation. */
  readonly kindName: string;
  /** Whether the flag may stand without a value, which then is `true`. */
  readonly isSwitch: boolean;
  readonly status: SettingStatus;
  /** Whether some of the values of a setting that works are refused still. */
  readonly isPartial: boolean;
  /** What help prints as the default. */
  readonly defaultText: string;
  readonly help: string;
  /** Whether its value must not appear in logs and messages. */
  readonly isSecret: boolean;
  /** Reads a flag's or an environment variable's text. Throws a ValueError. */
  setFromText(config: Config, text: string): void;
  /** Reads what stands in a config file. Throws a ValueError. */
  setFromFile(config: Config, value: FileValue): void;
  /** The value as a flag takes it. */
  textOf(config: Config): string;
  isChanged(config: Config): boolean;
  /** What is wrong with a value that a program made, or undefined when nothing is. */
  complaintOf(config: Config): string | undefined;
  /** Why the value cannot be obeyed yet, or undefined when it can. */
  refusalOf(config: Config): string | undefined;
  copy(from: Config, to: Config): void;
}

/** A row whose default Config takes its field's first value from. */
export interface TypedSetting<T> extends Setting {
  /** The default, sharing nothing with other configurations. */
  fresh(): T;
}

/** Where in a Config the value of a setting lives. */
export interface Place<T> {
  readonly field: string;
  read(config: Config): T;
  write(config: Config, value: T): void;
}

/** A field of Config itself. */
export function own<K extends keyof Config & string>(field: K): Place<Config[K]> {
  return {
    field,
    read: (config) => config[field],
    write(config, value) {
      config[field] = value;
    },
  };
}

/** The fields of Config that hold settings of their own. */
type Holder = "clientTlsInfo" | "peerTlsInfo" | "discoveryCfg" | "socketOpts" | "v2Proxy";

/** A field of an object that Config holds. */
export function inside<P extends Holder, K extends keyof Config[P] & string>(
  parent: P,
  field: K,
): Place<Config[P][K]> {
  return {
    field: `${parent}.${field}`,
    read: (config) => config[parent][field],
    write(config, value) {
      config[parent][field] = value;
    },
  };
}

/** What the author of a row writes. */
interface SettingSpec<T> {
  /** The flag's name; without one the setting is for config files only. */
  readonly flag?: string;
  /** The path of the key in a config file where it is not the flag's name, parted by dots. */
  readonly fileKey?: string;
  readonly default: T;
  /** What help prints as the default where that is not the value itself. */
  readonly defaultText?: string;
  readonly status: SettingStatus;
  /** For a setting that works in part: why this value cannot be obeyed yet. */
  readonly refusal?: (value: T) => string | undefined;
  readonly help: string;
  readonly isSecret?: boolean;
}

/** Makes a function that makes the rows of one section. */
export function rowsOf(
  section: Section,
): <T>(kind: ValueKind<T>, place: Place<T>, spec: SettingSpec<T>) => TypedSetting<T> {
  return (kind, place, spec) => makeSetting(section, kind, place, spec);
}

function makeSetting<T>(
  section: Section,
  kind: ValueKind<T>,
  place: Place<T>,
  spec: SettingSpec<T>,
): TypedSetting<T> {
  const defaultValueText = kind.toText(spec.default);
  function textOf(config: Config): string {
    return kind.toText(place.read(config));
  }
  function isChanged(config: Config): boolean {
    return textOf(config) !== defaultValueText;
  }
  function refusalOf(config: Config): string | undefined {
    if (spec.status === "refused") {
      return isChanged(config) ? notBuiltReason(defaultValueText) : undefined;
    }
    return spec.refusal?.(place.read(config));
  }
  return {
    section,
    flag: spec.flag,
    fileKey: (spec.fileKey ?? spec.flag ?? place.field).split("."),
    field: place.field,
    kindName: kind.name,
    isSwitch: kind.isSwitch,
    status: spec.status,
    isPartial: spec.refusal !== undefined,
    defaultText: spec.defaultText ?? defaultValueText,
    help: spec.help,
    isSecret: spec.isSecret ?? false,
    setFromText: (config, text) => place.write(config, kind.fromText(text, place.read(config))),
    setFromFile: (config, value) => place.write(config, kind.fromFile(value, place.read(config))),
    textOf,
    isChanged,
    complaintOf: (config) => kind.complaint?.(place.read(config)),
    refusalOf,
    copy: (from, to) => place.write(to, kind.copy(place.read(from))),
    fresh: () => kind.copy(spec.default),
  };
}

function notBuiltReason(defaultText: string): string {
  const only = defaultText === "" ? "leaving it unset" : `its default, ${defaultText},`;
  return `detcd does not have this feature yet and would ignore the setting; only ${only} works`;
}

/** How messages name a setting. */
export function displayName(setting: Setting): string {
  return setting.flag === undefined ? setting.fileKey.join(": ") : `--${setting.flag}`;
}

/** The environment variable that stands for a flag. */
export function environmentName(flag: string): string {
  return `ETCD_${flag.toUpperCase().replaceAll("-", "_")}`;
}
