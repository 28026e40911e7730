import type { Config } from "./config.ts";
import { SETTINGS } from "./settings/settings_table.ts";

/** One setting of a Config as a command line sees it. */
export interface ConfigFlag {
  /** The name without dashes, as `data-dir`. */
  readonly name: string;
  /** What to print of it in a help text. */
  readonly help: string;
  /** The default as the flag takes it. */
  readonly defaultText: string;
  /** Whether the flag may stand without a value, which then is `true`. */
  readonly isSwitch: boolean;
  /** Sets the value in the Config. Throws a ConfigError that says what is wrong with the text. */
  set(text: string): void;
  /** The value that the Config has now, as the flag takes it. */
  text(): string;
}

/** What a program adds the flags of a Config to: whatever reads its command line. */
export interface FlagSet {
  /** Takes one flag. */
  add(flag: ConfigFlag): void;
}

/** The flags of a configuration. */
export function configFlags(config: Config): ConfigFlag[] {
  return SETTINGS.flatMap((setting) => {
    const { flag, help, defaultText, isSwitch } = setting;
    if (flag === undefined || setting.status === "ignored") return [];
    return [{
      name: flag,
      help,
      defaultText,
      isSwitch,
      set(text: string) {
        setting.setFromText(config, text);
        config.flagsExplicitlySet.add(flag);
      },
      text: () => setting.textOf(config),
    }];
  });
}
