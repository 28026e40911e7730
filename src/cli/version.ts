import { CompatVersion } from "../core/members/compat_version.ts";
import { DETCD_VERSION } from "../server/detcd_version.ts";

/** Go's names of machines, which scripts look for. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
};

/** All that \`--version\` prints: etcd's four lines, which scripts take apart. */
export function versionText(): string {
  const architecture = GO_ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch;
  const { deno, v8, typescript } = Deno.version;
  return [
    `etcd Version: ${CompatVersion.newest.release}`,
    `Git SHA: detcd ${DETCD_VERSION}`,
    `Go Version: none (Deno ${deno}, V8 ${v8}, TypeScript ${typescript})`,
    `Go OS/Arch: ${Deno.build.os}/${architecture}`,
    "",
  ].join("\n");
}
