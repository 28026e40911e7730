import { CompatVersion } from "../core/members/compat_version.ts";
import { DETCD_VERSION } from "../server/versions.ts";

/** Go's names of machines, which scripts look for. */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
};

/** All that \`--version\` prints. The first line and the labels are those that scripts grep. */
export function versionText(): string {
  const architecture = GO_ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch;
  return [
    `etcd Version: ${CompatVersion.newest.release}`,
    `detcd Version: ${DETCD_VERSION}`,
    "Git SHA: not recorded",
    `Deno Version: ${Deno.version.deno}`,
    `V8 Version: ${Deno.version.v8}`,
    `TypeScript Version: ${Deno.version.typescript}`,
    `Go OS/Arch: ${Deno.build.os}/${architecture}`,
    "",
  ].join("\n");
}
