import { runProgram } from "../run_program.ts";
import { APT_DIR, PACKAGES_DIR, ROOT_DIR } from "./peer.ts";

/**
 * Fetches Debian packages and unpacks them into the peers' folder: without root, and without
 * touching the system.
 */
export class DebianPackages {
  /** Options that make apt keep its lists in our folder; empty while the system's own lists do. */
  #aptOptions: readonly string[] = [];
  #preparation: Promise<string | undefined> | undefined;

  /** Unpacks a package and the libraries it needs; returns why that is impossible, or undefined. */
  async unpackWithLibraries(debianPackage: string): Promise<string | undefined> {
    const reason = await (this.#preparation ??= this.#prepare(debianPackage));
    if (reason !== undefined) return reason;
    for (const name of await this.#packagesToFetch(debianPackage)) {
      const failure = await this.#unpack(name);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** Makes sure that apt knows the packages; the lists of a fresh container are empty. */
  async #prepare(debianPackage: string): Promise<string | undefined> {
    const tools = await Promise.all(["apt-get", "dpkg"].map((tool) => run(tool, ["--version"])));
    if (tools.some((tool) => !tool.success)) {
      return "this system has no apt; tests that need these programs say so and skip";
    }
    for (const dir of [ROOT_DIR, PACKAGES_DIR]) await Deno.mkdir(dir, { recursive: true });
    if (await this.#hasCandidate(debianPackage)) return undefined;
    await this.#usePrivateLists();
    if (await this.#hasCandidate(debianPackage)) return undefined;
    console.log("apt knows no package lists; fetching them into .peers/apt");
    const update = await run("apt-get", [...this.#aptOptions, "update"]);
    if (!update.success) console.error(update.stderr.trim());
    if (await this.#hasCandidate(debianPackage)) return undefined;
    return `apt knows no package ${debianPackage}`;
  }

  async #hasCandidate(debianPackage: string): Promise<boolean> {
    const policy = await run("apt-cache", [...this.#aptOptions, "policy", debianPackage]);
    return /Candidate: (?!\(none\))/.test(policy.stdout);
  }

  async #usePrivateLists(): Promise<void> {
    await Deno.mkdir(`${APT_DIR}/lists/partial`, { recursive: true });
    await Deno.mkdir(`${APT_DIR}/cache/archives/partial`, { recursive: true });
    this.#aptOptions = [
      ["Dir::State::lists", `${APT_DIR}/lists`],
      ["Dir::Cache", `${APT_DIR}/cache`],
      ["APT::Sandbox::User", "root"],
    ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  }

  /** The package and every library it needs that this system does not have, nearest first. */
  async #packagesToFetch(debianPackage: string): Promise<string[]> {
    const wanted = [debianPackage];
    for (let i = 0; i < wanted.length; i++) {
      for (const library of await this.#directLibraries(wanted[i])) {
        if (!wanted.includes(library) && !await isInstalled(library)) wanted.push(library);
      }
    }
    return wanted;
  }

  async #directLibraries(debianPackage: string): Promise<string[]> {
    const args = ["depends", "--important", debianPackage];
    const depends = await run("apt-cache", [...this.#aptOptions, ...args]);
    const libraries: string[] = [];
    let isLaterAlternative = false;
    for (const line of depends.stdout.split("\n")) {
      const match = /^ ([ |])(?:Pre)?Depends: (\S+)$/.exec(line);
      if (match === null) continue;
      const [, mark, name] = match;
      if (!isLaterAlternative && isLibrary(name)) libraries.push(name);
      isLaterAlternative = mark === "|";
    }
    return libraries;
  }

  async #unpack(debianPackage: string): Promise<string | undefined> {
    const isOurs = (name: string): boolean => name.startsWith(`${debianPackage}_`);
    let files = [...Deno.readDirSync(PACKAGES_DIR)].map((entry) => entry.name).filter(isOurs);
    if (files.length === 0) {
      const args = [...this.#aptOptions, "download", debianPackage];
      const download = await run("apt-get", args, PACKAGES_DIR);
      if (!download.success) return download.stderr.trim();
      files = [...Deno.readDirSync(PACKAGES_DIR)].map((entry) => entry.name).filter(isOurs);
    }
    const extract = await run("dpkg", ["-x", `${PACKAGES_DIR}/${files[0]}`, ROOT_DIR]);
    if (extract.success) return undefined;
    // A download that broke off must not stop the next run.
    await Deno.remove(`${PACKAGES_DIR}/${files[0]}`);
    return extract.stderr.trim();
  }
}

/** The lines of a shell script that let the programs of the unpacked packages find their libraries. */
export function libraryPathLines(): string[] {
  const base = `${ROOT_DIR}/usr/lib`;
  const dirs = [base];
  for (const entry of Deno.readDirSync(base)) {
    if (entry.isDirectory && entry.name.endsWith("-linux-gnu")) dirs.push(`${base}/${entry.name}`);
  }
  return [
    `LD_LIBRARY_PATH='${dirs.join(":")}'"\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
    "export LD_LIBRARY_PATH",
  ];
}

/** Scripts for browsers are called libraries too. */
function isLibrary(debianPackage: string): boolean {
  return /^(lib(?!js-)|zlib|python3-)/.test(debianPackage);
}

async function isInstalled(debianPackage: string): Promise<boolean> {
  const query = await run("dpkg-query", ["-W", "-f=${Status}", debianPackage]);
  return query.success && query.stdout.includes("ok installed");
}

function run(program: string, args: readonly string[], cwd?: string) {
  return runProgram(program, args, {
    env: { LC_ALL: "C" },
    ...(cwd === undefined ? {} : { cwd }),
  });
}
