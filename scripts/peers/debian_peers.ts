import { type DebianPackages, libraryPathLines } from "./debian_packages.ts";
import { type Peer, ROOT_DIR, writeWrapper } from "./peer.ts";

/** Debian's Python, the one its packages of Python modules are made for. */
const DEBIAN_PYTHON = "/usr/bin/python3";

/** A program from a Debian package. */
export function debianPeer(packages: DebianPackages, program: string, debianPackage: string): Peer {
  return {
    program,
    origin: debianPackage,
    trial: ["--version"],
    async get() {
      const failure = await packages.unpackWithLibraries(debianPackage);
      if (failure !== undefined) return failure;
      await Deno.mkdir(`${ROOT_DIR}/usr/lib`, { recursive: true });
      // `exec` keeps the process id, so that whoever starts the wrapper can signal the program.
      const start = `exec '${ROOT_DIR}/usr/bin/${program}' "$@"`;
      await writeWrapper(program, [...libraryPathLines(), start]);
      return undefined;
    },
  };
}

/** The system's Python with a module from a Debian package, under a name of its own. */
export function debianPythonPeer(
  packages: DebianPackages,
  program: string,
  debianPackage: string,
  module: string,
): Peer {
  return {
    program,
    origin: debianPackage,
    trial: ["-c", `import ${module}; print("works")`],
    async get() {
      const failure = await packages.unpackWithLibraries(debianPackage);
      if (failure !== undefined) return failure;
      await writeWrapper(program, [
        ...libraryPathLines(),
        `PYTHONPATH='${ROOT_DIR}/usr/lib/python3/dist-packages'`,
        "export PYTHONPATH",
        `exec ${DEBIAN_PYTHON} "$@"`,
      ]);
      return undefined;
    },
  };
}
