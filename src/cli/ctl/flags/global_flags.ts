import { boolFlag, durationFlag, type Flag, int64Flag, onFlag, stringFlag } from "./flag.ts";

/** The flags that every command has. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  {
    name: "endpoints",
    kind: "strings",
    default: "127.0.0.1:2379",
    usage: "gRPC endpoints",
  },
  boolFlag("debug", "enable client-side debug logging"),
  {
    name: "write-out",
    shorthand: "w",
    kind: "string",
    default: "simple",
    usage: "set the output format (fields, json, protobuf, simple, table)",
    values: ["fields", "json", "protobuf", "simple", "table"],
  },
  boolFlag("hex", "print byte strings as hex encoded strings"),
  durationFlag("dial-timeout", "2s", "dial timeout for client connections"),
  durationFlag(
    "command-timeout",
    "5s",
    "timeout for short running command (excluding dial timeout)",
  ),
  durationFlag("keepalive-time", "2s", "keepalive time for client connections"),
  durationFlag("keepalive-timeout", "6s", "keepalive timeout for client connections"),
  int64Flag(
    "max-request-bytes",
    "client-side request send limit in bytes " +
      "(if 0, it defaults to 2.0 MiB (2 * 1024 * 1024).)",
  ),
  int64Flag(
    "max-recv-bytes",
    "client-side response receive limit in bytes " +
      '(if 0, it defaults to "math.MaxInt32")',
  ),
  onFlag("insecure-transport", "disable transport security for client connections"),
  onFlag("insecure-discovery", "accept insecure SRV records describing cluster endpoints"),
  boolFlag(
    "insecure-skip-tls-verify",
    "skip server certificate verification " +
      "(CAUTION: this option should be enabled only for testing purposes)",
  ),
  stringFlag("cert", "", "identify secure client using this TLS certificate file"),
  stringFlag("key", "", "identify secure client using this TLS key file"),
  stringFlag(
    "cacert",
    "",
    "verify certificates of TLS-enabled secure servers using this CA bundle",
  ),
  stringFlag(
    "auth-jwt-token",
    "",
    "JWT token used for authentication " +
      "(if this option is used, --user and --password should not be set)",
  ),
  stringFlag(
    "user",
    "",
    "username[:password] for authentication (prompt if password is not supplied)",
  ),
  stringFlag(
    "password",
    "",
    "password for authentication " +
      "(if this option is used, --user option shouldn't include password)",
  ),
  {
    name: "discovery-srv",
    shorthand: "d",
    kind: "string",
    default: "",
    usage: "domain name to query for SRV records describing cluster endpoints",
  },
  stringFlag("discovery-srv-name", "", "service name to query when using DNS discovery"),
];
