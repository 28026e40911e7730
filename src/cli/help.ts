import { SECTIONS, type Setting } from "../embed/config/settings/setting.ts";
import { SETTINGS } from "../embed/config/settings/settings_table.ts";

/** What detcd can be called for, for standard error behind a complaint. */
export const USAGE = `Usage:

  detcd [flags]
    Run an etcd server.

  detcd --version
    Print versions and exit.

  detcd -h | --help
    Print all flags and exit.

  detcd --config-file PATH
    Run a server as the file says. All other flags and all environment variables are then ignored.

  detcd ctl COMMAND
    Talk to a server, as etcdctl does.

  detcd utl COMMAND
    Work on data files while no server runs on them, as etcdutl does.

  detcd gateway start
    Pass TCP connections on to servers; with --help it lists its flags.

  detcd grpc-proxy start
    Serve many clients out of a cluster, sharing watches and reads; with --help it lists its flags.
`;

const ENVIRONMENT_HELP = `Every flag --some-flag can be given as the environment variable \
ETCD_SOME_FLAG instead.
`;

/** All that \`--help\` prints. */
export function helpText(): string {
  const sections = SECTIONS
    .map((section) => ({
      section,
      settings: SETTINGS.filter((setting) =>
        setting.section === section && setting.flag !== undefined
      ),
    }))
    .map(({ section, settings }) => `${section}:\n${settings.map(flagHelp).join("")}`);
  return [USAGE, ENVIRONMENT_HELP, ...sections].join("\n");
}

function flagHelp(setting: Setting): string {
  // What is ignored needs no explanation but its name.
  if (setting.status === "ignored") return `  --${setting.flag}\n`;
  const notBuilt = setting.status === "refused" ? " Not built yet: only the default works." : "";
  return `  --${setting.flag} '${setting.defaultText}'\n    ${setting.help}${notBuilt}\n`;
}
